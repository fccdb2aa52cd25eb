import { expect, test } from "vitest";
import { thermostat } from "../../../devices/thermostat.ts";
import { createBehaviour } from "../../../src/firmware/behaviour.ts";
import { createPayloadStream } from "../../../src/firmware/payload-stream.ts";
import { createRandom } from "../../../src/time/random.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

function rig() {
  const asked: string[] = [];
  const behaviour = createBehaviour(createWorld({ seed: "7", clock: createManualClock() }), thermostat, {
    onPublish: (stream) => asked.push(stream),
    onFailed(error) {
      throw error;
    },
  });
  behaviour.start();
  const measure = (temperatureC: number) =>
    behaviour.send({ type: "published", stream: "telemetry", data: { temperatureC } });
  const command = (name: string, setPointC: unknown) =>
    behaviour.send({ type: "commandReceived", command: name, data: { setPointC } });
  return { asked, behaviour, measure, command };
}

test("a thermostat heats, cools and rests by what it measures", () => {
  const { behaviour, measure } = rig();
  const climates = [21, 20.4, 20.5, 21.6, 20.4, 22, 21.2].map((temperatureC) => {
    measure(temperatureC);
    return (behaviour.state as { climate: string }).climate;
  });
  expect(climates).toEqual(["idle", "heating", "idle", "cooling", "heating", "cooling", "idle"]);
});

test("a thermostat follows its set-point, and no other command", () => {
  const { behaviour, command } = rig();
  command("set-point", 23);
  expect(behaviour.state).toEqual({ climate: "heating", safety: "normal" });
  command("party", 18);
  expect(behaviour.state).toMatchObject({ climate: "heating" });
  command("set-point", 18);
  expect(behaviour.state).toMatchObject({ climate: "cooling" });
  command("set-point", 21);
  expect(behaviour.state).toMatchObject({ climate: "idle" });
});

test("a thermostat raises one alarm per overheating, however long that lasts", () => {
  const { asked, behaviour, measure } = rig();
  const after = (...temperatures: readonly number[]) => {
    temperatures.forEach(measure);
    return [asked.length, (behaviour.state as { safety: string }).safety];
  };
  expect(after(28)).toEqual([0, "normal"]);
  expect(after(28.1)).toEqual([1, "alarming"]);
  expect(after(29, 31, 28.2)).toEqual([1, "alarming"]);
  expect(after(28)).toEqual([1, "normal"]);
  expect(after(29)).toEqual([2, "alarming"]);
  expect(new Set(asked)).toEqual(new Set(["alarms"]));
});

test("a thermostat is not disturbed by its own alarms, by notices, or by a set-point that is no number", () => {
  const { asked, behaviour, measure, command } = rig();
  measure(29);
  behaviour.send({ type: "published", stream: "alarms", data: { alarm: "overheated" } });
  behaviour.send({ type: "noticeReceived", data: { schedule: [1] } });
  expect(behaviour.state).toEqual({ climate: "cooling", safety: "alarming" });
  expect(asked).toEqual(["alarms"]);
  command("set-point", "warm");
  expect(behaviour.state).toEqual({ climate: "cooling", safety: "alarming" });
});

test("the telemetry stays plausible, overheats now and then, and comes back", () => {
  const telemetry = thermostat.streams.telemetry;
  if (!telemetry) throw new Error("no telemetry");
  const stream = createPayloadStream(createRandom("7"), {}, telemetry.payload);
  const measured = Array.from({ length: 2000 }, () => Number(stream.next().temperatureC));
  expect(measured.every((temperatureC) => temperatureC > 15 && temperatureC < 35)).toBe(true);
  const hot = measured.filter((temperatureC) => temperatureC > 28).length;
  expect(hot).toBeGreaterThan(50);
  expect(hot).toBeLessThan(400);
});
