import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createHeartbeat,
  type HeartbeatEffects,
  type HeartbeatEvent,
} from "../../../src/connection/heartbeat.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

const timing = { intervalMs: 5_000, timeoutMs: 15_000 };

/** A clock that stands still, and effects that note everything. Without a round trip nothing is answered. */
function parts(roundTripMs?: (nth: number) => number | undefined) {
  const clock = createManualClock();
  const events: (HeartbeatEvent & { readonly atMs: number })[] = [];
  const proven: number[] = [];
  const answers: (() => void)[] = [];
  const effects: HeartbeatEffects = {
    send(onAnswered) {
      const delayMs = roundTripMs?.(answers.length);
      answers.push(onAnswered);
      if (delayMs !== undefined) clock.setTimeout(onAnswered, delayMs);
    },
    onEvent: (event) => events.push({ ...event, atMs: clock.monotonicMs() }),
    onProven: () => proven.push(clock.monotonicMs()),
  };
  return { clock, events, proven, answers, effects };
}

function setUp(roundTripMs?: (nth: number) => number | undefined, used = timing) {
  const { clock, events, proven, answers, effects } = parts(roundTripMs);
  const heartbeat = createHeartbeat(clock, used, effects);
  const timesOf = (kind: HeartbeatEvent["kind"]) =>
    events.filter((event) => event.kind === kind).map((event) => event.atMs);
  return { clock, heartbeat, events, proven, answers, timesOf };
}

describe("heartbeat", () => {
  test("sends the first at the start and then one per interval", () => {
    const { clock, heartbeat, timesOf } = setUp(() => 10);
    heartbeat.start();
    clock.advance(20_000);
    expect(timesOf("sent")).toEqual([0, 5_000, 10_000, 15_000, 20_000]);
    expect(timesOf("missed")).toEqual([]);
  });

  test("tells the round trip of each answer", () => {
    const { clock, heartbeat, events } = setUp((nth) => 100 * (nth + 1));
    heartbeat.start();
    clock.advance(6_000);
    expect(events.filter((event) => event.kind === "answered")).toMatchObject([
      { roundTripMs: 100 },
      { roundTripMs: 200 },
    ]);
  });

  test("without any answer the connection is dead at the timeout, once, and nothing runs on", () => {
    const { clock, heartbeat, timesOf } = setUp();
    heartbeat.start();
    clock.advance(14_999);
    expect(timesOf("missed")).toEqual([]);
    clock.advance(1);
    expect(timesOf("missed")).toEqual([15_000]);
    expect(clock.pending).toBe(0);
    clock.advance(100_000);
    expect(timesOf("missed")).toEqual([15_000]);
  });

  test("the deadline counts from the last answer", () => {
    const { clock, heartbeat, timesOf } = setUp((nth) => (nth < 3 ? 40 : undefined));
    heartbeat.start();
    clock.advance(60_000);
    expect(timesOf("answered")).toEqual([40, 5_040, 10_040]);
    expect(timesOf("missed")).toEqual([25_040]);
  });

  test("answers within timeout minus interval never raise an alarm; silence is noticed at the timeout", () => {
    const settings = fc
      .tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 2, max: 10_000 }))
      .map(([intervalMs, patienceMs]) => ({ intervalMs, timeoutMs: intervalMs + patienceMs }));
    fc.assert(
      fc.property(
        settings,
        fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { maxLength: 40 }),
        (used, shares) => {
          const patienceMs = used.timeoutMs - used.intervalMs;
          const roundTrip = (nth: number) => {
            const share = shares[nth];
            return share === undefined ? undefined : Math.floor(share * patienceMs);
          };
          const { clock, heartbeat, timesOf } = setUp(roundTrip, used);
          heartbeat.start();
          clock.advance(used.intervalMs * shares.length + 3 * used.timeoutMs);
          const lastAnswerMs = timesOf("answered").at(-1) ?? 0;
          expect(timesOf("missed")).toEqual([lastAnswerMs + used.timeoutMs]);
        },
      ),
    );
  });

  test("an answer that was in the socket when the deadline fired still counts", () => {
    const { clock, events, effects, answers } = parts();
    // Sockets are read between timers and immediates.
    const readsFirst = {
      ...clock,
      setImmediate(callback: () => void) {
        clock.setImmediate(() => answers.at(-1)?.());
        return clock.setImmediate(callback);
      },
    };
    createHeartbeat(readsFirst, timing, effects).start();
    clock.advance(29_999);
    expect(events.filter((event) => event.kind === "answered")).toHaveLength(1);
    expect(events.filter((event) => event.kind === "missed")).toEqual([]);
  });

  test("a process that ran late does not blame the link: each heartbeat gets its time", () => {
    const { clock, events, effects, answers } = parts();
    // The process stands still from the first answer until just before the deadline.
    const late = { ...clock, setInterval: (callback: () => void) => clock.setTimeout(callback, 14_999) };
    createHeartbeat(late, timing, effects).start();
    answers[0]?.();
    clock.advance(14_999 + 9_999);
    expect(events.filter((event) => event.kind === "missed")).toEqual([]);
    clock.advance(1);
    expect(events.at(-1)).toEqual({ kind: "missed", atMs: 24_999 });
  });

  test("a heartbeat that was on its way when the process stood still is given its time afterwards", () => {
    const { clock, heartbeat, answers, timesOf } = setUp((nth) => (nth < 2 ? 10 : undefined));
    heartbeat.start();
    clock.advance(10_000);
    clock.stall(40_000);
    clock.advance(4_999);
    expect(timesOf("sent")).toEqual([0, 5_000, 10_000, 50_000]);
    answers[2]?.();
    clock.advance(14_999);
    expect(timesOf("missed")).toEqual([]);
  });

  test("a link that died before the process stood still is noticed within its patience afterwards", () => {
    const { clock, heartbeat, timesOf } = setUp((nth) => (nth < 2 ? 10 : undefined));
    heartbeat.start();
    clock.advance(10_000);
    clock.stall(40_000);
    clock.advance(5_000);
    expect(timesOf("missed")).toEqual([55_000]);
  });

  test("after a stop no answer counts and no timer is left; a new start begins afresh", () => {
    const { clock, heartbeat, answers, timesOf } = setUp();
    heartbeat.start();
    clock.advance(6_000);
    heartbeat.stop();
    heartbeat.stop();
    expect(clock.pending).toBe(0);
    for (const answer of answers) answer();
    expect(timesOf("answered")).toEqual([]);
    expect(clock.pending).toBe(0);
    heartbeat.start();
    answers[0]?.();
    expect(timesOf("answered")).toEqual([]);
    clock.advance(15_000);
    expect(timesOf("missed")).toEqual([21_000]);
  });

  test("the first answer after each start proves the connection, once", () => {
    const { clock, heartbeat, proven } = setUp(() => 30);
    heartbeat.start();
    clock.advance(20_000);
    heartbeat.start();
    clock.advance(20_000);
    expect(proven).toEqual([30, 20_030]);
  });

  test("a swallowed answer is covered by the next one", () => {
    const { clock, heartbeat, timesOf } = setUp((nth) => (nth % 2 === 1 ? 10 : undefined));
    heartbeat.start();
    clock.advance(120_000);
    expect(timesOf("missed")).toEqual([]);
  });
});
