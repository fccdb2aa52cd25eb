import { describe, expect, test } from "vitest";
import {
  assign,
  type BehaviourEmission,
  type BehaviourEvent,
  type DeviceModel,
  emit,
  type StreamModel,
  setup,
} from "../../../src/define.ts";
import type { StormfleetError } from "../../../src/errors.ts";
import { createStreamRunner } from "../../../src/firmware/stream-runner.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { modelWith } from "./model-with.ts";

const machines = setup({
  types: { context: {} as { seen: number }, events: {} as BehaviourEvent, emitted: {} as BehaviourEmission },
  actions: {
    shout: emit({ type: "publish", stream: "shouts" }),
    count: assign(({ context }) => ({ seen: context.seen + 1 })),
    break: () => {
      throw new Error("a broken action");
    },
  },
});
const stream: StreamModel = {
  description: "",
  qos: 1,
  everyMs: 1000,
  payload: ({ random, sequence }) => ({ sequence, value: random.int(0, 1_000_000) }),
};
const { everyMs: _, ...onDemand } = stream;

function rig(
  changed: Partial<DeviceModel>,
  options: { seed?: string; mayMake?: (stream: string) => boolean } = {},
) {
  const clock = createManualClock();
  const made: { stream: string; sequence: number; data: unknown; last: boolean; atMs: number }[] = [];
  const defects: StormfleetError[] = [];
  const runner = createStreamRunner(createWorld({ seed: options.seed ?? "7", clock }), {
    model: modelWith(changed),
    profile: {},
    mayMake: options.mayMake ?? (() => true),
    onMade: (name, sequence, data, last) =>
      made.push({ stream: name, sequence, data, last, atMs: clock.monotonicMs() }),
    onDefect: (error) => defects.push(error),
  });
  return { clock, made, defects, runner };
}

describe("the streams of a device", () => {
  test("speak at their intervals from an offset of their own, until they are stopped", () => {
    const { clock, made, runner } = rig({ streams: { one: stream, two: { ...stream, everyMs: 500 } } });
    clock.advance(5000);
    expect(made).toEqual([]);
    runner.start();
    clock.advance(4000);
    const timesOf = (name: string) =>
      made.flatMap(({ stream: each, atMs }) => (each === name ? [atMs - 5000] : []));
    expect(timesOf("one")).toHaveLength(4);
    expect(timesOf("two")).toHaveLength(8);
    const [offset = Number.NaN] = timesOf("one");
    expect(offset >= 0 && offset < 1000).toBe(true);
    expect(timesOf("one")).toEqual([0, 1, 2, 3].map((turn) => expect.closeTo(offset + turn * 1000, 3)));
    runner.stop();
    clock.advance(10_000);
    expect(made).toHaveLength(12);
    expect(clock.pending).toBe(0);
  });

  test("make the same n-th message, however many turns passed without one", () => {
    const steady = rig({ streams: { one: stream } });
    let turns = 0;
    const everyThird = () => {
      turns += 1;
      return turns % 3 === 0;
    };
    const gappy = rig({ streams: { one: stream } }, { mayMake: everyThird });
    for (const { runner, clock } of [steady, gappy]) {
      runner.start();
      clock.advance(9500);
    }
    const dataOf = ({ made }: typeof steady) => made.map(({ sequence, data }) => ({ sequence, data }));
    expect(gappy.made).toHaveLength(3);
    expect(dataOf(gappy)).toEqual(dataOf(steady).slice(0, 3));
  });

  test("make the same messages beside other streams of the model", () => {
    const alone = rig({ streams: { one: stream } });
    const beside = rig({ streams: { zero: stream, one: stream } });
    for (const { runner, clock } of [alone, beside]) {
      runner.start();
      clock.advance(5000);
    }
    const dataOf = ({ made }: typeof alone) =>
      made.flatMap((each) => (each.stream === "one" ? [each.data] : []));
    expect(dataOf(beside).slice(0, 4)).toEqual(dataOf(alone).slice(0, 4));
  });

  test("end with one last message on each wanted stream that ever spoke", () => {
    const { clock, made, runner } = rig(
      { streams: { one: stream, two: stream, never: onDemand } },
      { mayMake: () => true },
    );
    runner.start();
    clock.advance(1500);
    runner.stop();
    const before = made.length;
    const last = runner.makeLast((name) => name !== "two");
    expect(made.slice(before)).toMatchObject([{ stream: "one", last: true }]);
    expect(last).toEqual([{ stream: "one", sequence: made.at(-1)?.sequence }]);
    expect(made.at(-1)?.sequence).toBe(made.filter((each) => each.stream === "one").length);
  });
});

describe("the behaviour of a device", () => {
  test("hears of every message, and may ask for one on any of its streams", () => {
    const machine = machines.createMachine({
      context: { seen: 0 },
      on: { published: { guard: ({ event }) => event.stream === "one", actions: "shout" } },
    });
    const { clock, made, runner } = rig({ machine, streams: { one: stream, shouts: onDemand } });
    runner.start();
    clock.advance(1999);
    expect(made.map((each) => each.stream)).toEqual(["one", "shouts", "one", "shouts"]);
  });

  test("begins with the streams, and may ask for a message as it begins", () => {
    const machine = machines.createMachine({
      context: { seen: 0 },
      entry: "shout",
      on: { commandReceived: { actions: "count" } },
    });
    const { made, defects, runner } = rig({ machine, streams: { shouts: onDemand } });
    runner.behaviour.send({ type: "commandReceived", command: "early", data: {} });
    expect(made).toEqual([]);
    runner.start();
    expect(made).toMatchObject([{ stream: "shouts", sequence: 1, last: false }]);
    expect(defects).toEqual([]);
  });

  test("asks in vain once the streams are stopped, so that nothing follows the last message", () => {
    const machine = machines.createMachine({
      context: { seen: 0 },
      on: { commandReceived: { actions: "shout" } },
    });
    const { made, runner } = rig({ machine, streams: { shouts: onDemand } });
    runner.start();
    runner.behaviour.send({ type: "commandReceived", command: "now", data: {} });
    runner.stop();
    runner.behaviour.send({ type: "commandReceived", command: "late", data: {} });
    expect(made).toHaveLength(1);
  });

  test("that wants a stream which the model lacks is a defect, told once, and ends the streams", () => {
    const machine = machines.createMachine({
      context: { seen: 0 },
      on: { published: { actions: ["shout", "shout"] } },
    });
    const { clock, made, defects, runner } = rig({ machine, streams: { one: stream, two: stream } });
    runner.start();
    clock.advance(5000);
    expect(made).toHaveLength(1);
    expect(defects).toMatchObject([
      {
        code: "CONF_1004",
        message:
          'The device "beacon" has a machine that emits to the stream "shouts", which the model lacks.',
        hint: "Its streams are: one, two.",
      },
    ]);
    expect(clock.pending).toBe(0);
  });

  test("that throws is a defect, and takes no more events", () => {
    const machine = machines.createMachine({ context: { seen: 0 }, on: { published: { actions: "break" } } });
    const { clock, made, defects, runner } = rig({ machine, streams: { one: stream } });
    runner.start();
    clock.advance(5000);
    expect(made).toHaveLength(1);
    expect(defects).toMatchObject([
      { code: "CONF_1004", message: expect.stringContaining("a broken action") },
    ]);
    runner.behaviour.send({ type: "published", stream: "one", data: {} });
    expect(runner.behaviour.state).toBeDefined();
  });
});

test("a machine that answers each of its messages with another is a defect, and the event loop goes on", () => {
  const machine = setup({ types: { emitted: {} as BehaviourEmission } }).createMachine({
    on: { published: { actions: emit({ type: "publish", stream: "one" }) } },
  });
  const { clock, made, defects, runner } = rig({ machine, streams: { one: stream } });
  runner.start();
  clock.advance(5000);
  expect(made).toHaveLength(1001);
  expect(defects).toMatchObject([
    { code: "CONF_1004", message: expect.stringContaining('1000 messages at once, the last on "one"') },
  ]);
  expect(clock.pending).toBe(0);
});

test("a machine may want any number of messages when the event loop turns in between", async () => {
  const machine = machines.createMachine({
    context: { seen: 0 },
    on: { commandReceived: { actions: "shout" } },
  });
  const { made, defects, runner } = rig({ machine, streams: { shouts: onDemand } });
  runner.start();
  for (let turn = 0; turn < 3; turn += 1) {
    for (let count = 0; count < 900; count += 1)
      runner.behaviour.send({ type: "commandReceived", command: "shout", data: {} });
    await Promise.resolve();
  }
  expect(made).toHaveLength(2700);
  expect(defects).toEqual([]);
});

test("a payload that throws is a defect that names its message", () => {
  const payload = ({ sequence }: { readonly sequence: number }) => {
    if (sequence === 2) throw new Error("no data");
    return {};
  };
  const { clock, made, defects, runner } = rig({ streams: { one: { ...stream, payload } } });
  runner.start();
  clock.advance(5000);
  expect(made).toHaveLength(1);
  expect(defects).toMatchObject([
    {
      code: "CONF_1004",
      message: 'The device "beacon" could not make message 2 of its stream "one": no data.',
    },
  ]);
  expect(clock.pending).toBe(0);
});
