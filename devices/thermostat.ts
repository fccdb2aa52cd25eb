import {
  assign,
  type BehaviourEmission,
  type BehaviourEvent,
  defineDevice,
  emit,
  setup,
} from "../src/define.ts";

const comfortableC = 21;
const toleranceC = 0.5;
const alarmAboveC = 28;

const machine = setup({
  types: {
    context: {} as { readonly setPointC: number; readonly temperatureC: number },
    events: {} as BehaviourEvent,
    emitted: {} as BehaviourEmission,
  },
  actions: {
    noteTemperature: assign(({ event }) =>
      event.type === "published" ? { temperatureC: Number(event.data.temperatureC) } : {},
    ),
    takeSetPoint: assign(({ event }) =>
      event.type === "commandReceived" ? { setPointC: Number(event.data.setPointC) } : {},
    ),
    raiseAlarm: emit({ type: "publish", stream: "alarms" }),
  },
  guards: {
    isTelemetry: ({ event }) => event.type === "published" && event.stream === "telemetry",
    isSetPoint: ({ event }) => event.type === "commandReceived" && event.command === "set-point",
    tooCold: ({ context }) => context.temperatureC < context.setPointC - toleranceC,
    tooWarm: ({ context }) => context.temperatureC > context.setPointC + toleranceC,
    comfortable: ({ context }) => Math.abs(context.temperatureC - context.setPointC) <= toleranceC,
    overheated: ({ context }) => context.temperatureC > alarmAboveC,
    cooledDown: ({ context }) => context.temperatureC <= alarmAboveC,
  },
}).createMachine({
  id: "thermostat",
  context: { setPointC: comfortableC, temperatureC: comfortableC },
  type: "parallel",
  on: {
    published: { guard: "isTelemetry", actions: "noteTemperature" },
    commandReceived: { guard: "isSetPoint", actions: "takeSetPoint" },
  },
  states: {
    climate: {
      initial: "idle",
      states: {
        idle: {
          always: [
            { guard: "tooCold", target: "heating" },
            { guard: "tooWarm", target: "cooling" },
          ],
        },
        heating: {
          always: [
            { guard: "comfortable", target: "idle" },
            { guard: "tooWarm", target: "cooling" },
          ],
        },
        cooling: {
          always: [
            { guard: "comfortable", target: "idle" },
            { guard: "tooCold", target: "heating" },
          ],
        },
      },
    },
    safety: {
      initial: "normal",
      states: {
        normal: { always: { guard: "overheated", target: "alarming", actions: "raiseAlarm" } },
        alarming: { always: { guard: "cooledDown", target: "normal" } },
      },
    },
  },
});

/** A room thermostat: telemetry that may be lost, alarms that must not, set-points that must arrive exactly once. */
export const thermostat = defineDevice({
  name: "thermostat",
  description: "A room thermostat: telemetry at QoS 0, alarms at QoS 1, set-point commands at QoS 2.",
  profile: ({ faker }) => ({
    serial: faker.string.alphanumeric({ length: 10, casing: "upper" }),
    firmware: faker.system.semver(),
    place: `${faker.location.city()}, ${faker.location.street()}`,
  }),
  machine,
  streams: {
    telemetry: {
      description: "Temperature and humidity, once a second.",
      qos: 0,
      everyMs: 1000,
      payload: ({ random, previous }) => ({
        temperatureC: nextTemperatureC(
          Number(previous?.temperatureC ?? comfortableC),
          random.next(),
          random.next(),
        ),
        humidityPercent: Math.round(random.between(35, 60)),
      }),
    },
    alarms: {
      description: "Raised when the room overheats.",
      qos: 1,
      whenOffline: "store",
      payload: ({ faker, profile, sequence }) => ({
        alarm: "overheated",
        place: profile.place,
        incident: `${sequence}-${faker.string.alphanumeric(6)}`,
      }),
    },
  },
  commands: {
    "set-point": {
      description: "The temperature to hold.",
      qos: 2,
      everyMs: 2000,
      payload: ({ random }) => ({ setPointC: random.int(36, 46) / 2 }),
    },
  },
  notices: {
    description: "The heating schedule of the next hours.",
    everyMs: 2500,
    payload: ({ random }) => ({ schedule: Array.from({ length: 4 }, () => random.int(17, 22)) }),
  },
});

/** Drifts back to comfort; now and then the sun comes in. */
function nextTemperatureC(previousC: number, drift: number, sunshine: number): number {
  if (sunshine < 0.05) return 29;
  return Math.round((previousC + (comfortableC - previousC) * 0.4 + (drift - 0.5) * 1.6) * 10) / 10;
}
