import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Periodic, startPeriodic } from "../../../src/firmware/periodic.ts";
import type { Clock } from "../../../src/time/clock.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

/** Timers of this clock run late by what `lateMs` gives: a busy process. */
function lateClock(clock: Clock, lateMs: () => number): Clock {
  return { ...clock, setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs + lateMs()) };
}

describe("something periodic", () => {
  test("happens after its offset and then at its interval", () => {
    const clock = createManualClock();
    const calls: number[] = [];
    startPeriodic(clock, 1000, 300, () => calls.push(clock.monotonicMs()));
    clock.advance(3500);
    expect(calls).toEqual([300, 1300, 2300, 3300]);
  });

  test("does not drift when every timer is late", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 20 }), (delays) => {
        const clock = createManualClock();
        let turn = 0;
        const late = lateClock(clock, () => delays[turn++ % delays.length] ?? 0);
        const calls: number[] = [];
        startPeriodic(late, 1000, 0, () => calls.push(clock.monotonicMs()));
        clock.advance(50_000);
        expect(calls.length).toBeGreaterThanOrEqual(49);
        calls.forEach((atMs, index) => {
          expect(atMs).toBeGreaterThanOrEqual(index * 1000);
          expect(atMs).toBeLessThan((index + 1) * 1000);
        });
      }),
    );
  });

  test("does not make up in a burst for what it missed, and keeps its beat", () => {
    const clock = createManualClock();
    let lateMs = 0;
    const calls: number[] = [];
    startPeriodic(
      lateClock(clock, () => lateMs),
      1000,
      0,
      () => {
        calls.push(clock.monotonicMs());
        lateMs = calls.length === 2 ? 4200 : 0;
      },
    );
    clock.advance(9500);
    expect(calls).toEqual([0, 1000, 6200, 7000, 8000, 9000]);
  });

  test("goes on at its beat when timers run a little early", () => {
    const clock = createManualClock();
    const calls: number[] = [];
    startPeriodic(
      lateClock(clock, () => -0.4),
      1000,
      500,
      () => calls.push(clock.monotonicMs()),
    );
    clock.advance(5000);
    expect(calls).toEqual([499.6, 1499.6, 2499.6, 3499.6, 4499.6]);
  });

  test("stops before its first time, between two times, and from within", () => {
    const clock = createManualClock();
    const calls: string[] = [];
    startPeriodic(clock, 10, 10, () => calls.push("never")).stop();
    const between = startPeriodic(clock, 10, 10, () => calls.push("between"));
    const within: Periodic = startPeriodic(clock, 10, 10, () => {
      calls.push("within");
      within.stop();
    });
    clock.advance(15);
    between.stop();
    between.stop();
    clock.advance(100);
    expect(calls).toEqual(["between", "within"]);
    expect(clock.pending).toBe(0);
  });
});
