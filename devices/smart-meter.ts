import { assign, type BehaviourEvent, defineDevice, setup } from "../src/define.ts";

const peakLoadW = 4000;

const machine = setup({
  types: {
    context: {} as { readonly loadW: number; readonly tariffCents: number; readonly supply: boolean },
    events: {} as BehaviourEvent,
  },
  actions: {
    noteLoad: assign(({ event }) => (event.type === "published" ? { loadW: Number(event.data.loadW) } : {})),
    noteTariff: assign(({ event }) =>
      event.type === "noticeReceived" ? { tariffCents: Number(event.data.tariffCents) } : {},
    ),
    switchSupply: assign(({ event }) =>
      event.type === "commandReceived" ? { supply: event.data.supply === true } : {},
    ),
  },
  guards: {
    isReading: ({ event }) => event.type === "published" && event.stream === "readings",
    isSwitch: ({ event }) => event.type === "commandReceived" && event.command === "switch-supply",
    peak: ({ context }) => context.loadW > peakLoadW,
    calm: ({ context }) => context.loadW <= peakLoadW,
    supplied: ({ context }) => context.supply,
    cutOff: ({ context }) => !context.supply,
  },
}).createMachine({
  id: "smart-meter",
  context: { loadW: 0, tariffCents: 30, supply: true },
  type: "parallel",
  on: {
    published: { guard: "isReading", actions: "noteLoad" },
    commandReceived: { guard: "isSwitch", actions: "switchSupply" },
    noticeReceived: { actions: "noteTariff" },
  },
  states: {
    load: {
      initial: "normal",
      states: {
        normal: { always: { guard: "peak", target: "peak" } },
        peak: { always: { guard: "calm", target: "normal" } },
      },
    },
    supply: {
      initial: "on",
      states: {
        on: { always: { guard: "cutOff", target: "off" } },
        off: { always: { guard: "supplied", target: "on" } },
      },
    },
  },
});

/** An electricity meter: readings that must never be lost, bills that must arrive exactly once. */
export const smartMeter = defineDevice({
  name: "smart-meter",
  description: "An electricity meter: readings at QoS 1 that must never be lost, billing at QoS 2.",
  profile: ({ faker }) => ({
    serial: faker.string.numeric(12),
    customer: faker.string.uuid(),
    address: faker.location.streetAddress(),
  }),
  machine,
  streams: {
    readings: {
      description: "The meter's count and the load, once a second; kept while offline.",
      qos: 1,
      everyMs: 1000,
      whenOffline: "store",
      payload: ({ random, previous }) => {
        const loadW = random.int(80, 4500);
        return {
          loadW,
          totalWh: Math.round((Number(previous?.totalWh ?? 1_000_000) + loadW / 3600) * 1000) / 1000,
        };
      },
    },
    billing: {
      description: "An amount to charge; twice would be as wrong as never.",
      qos: 2,
      everyMs: 3000,
      whenOffline: "store",
      payload: ({ profile, random, sequence }) => ({
        customer: profile.customer,
        invoice: sequence,
        amountCents: random.int(100, 20_000),
      }),
    },
  },
  commands: {
    "switch-supply": {
      description: "Switches the customer's supply on or off.",
      qos: 2,
      everyMs: 4000,
      payload: ({ random }) => ({ supply: random.chance(0.9) }),
    },
  },
  notices: {
    description: "The tariff of the next minutes.",
    everyMs: 2500,
    payload: ({ random }) => ({ tariffCents: random.int(18, 55) }),
  },
});
