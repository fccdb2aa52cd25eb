import { describe, expect, test } from "vitest";
import { sleep, withTimeout } from "../../../src/time/clock.ts";
import { realClock } from "../../../src/time/real-clock.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

describe("sleep", () => {
  test("ends when its time has come, and not before", async () => {
    const clock = createManualClock();
    let awake = false;
    const sleeping = sleep(clock, 250).then(() => {
      awake = true;
    });
    clock.advance(249);
    await Promise.resolve();
    expect(awake).toBe(false);
    clock.advance(1);
    await sleeping;
    expect(awake).toBe(true);
  });

  test("ends with the signal's reason, and leaves no timer", async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 250, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
    await expect(sleep(clock, 250, controller.signal)).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });
});

describe("withTimeout", () => {
  test("passes on how the work ended, and leaves no timer", async () => {
    const clock = createManualClock();
    await expect(withTimeout(clock, 100, Promise.resolve(7), () => new Error("late"))).resolves.toBe(7);
    await expect(
      withTimeout(clock, 100, Promise.reject(new Error("failed")), () => new Error("late")),
    ).rejects.toThrow("failed");
    expect(clock.pending).toBe(0);
  });

  test("rejects when the work takes too long", async () => {
    const clock = createManualClock();
    const waiting = withTimeout(clock, 100, new Promise(() => {}), () => new Error("late"));
    clock.advance(100);
    await expect(waiting).rejects.toThrow("late");
  });
});

describe("the real clock", () => {
  test("runs and forgets timers, intervals and immediates", async () => {
    const ran: string[] = [];
    for (const forgotten of [
      () => realClock.clearTimeout(realClock.setTimeout(() => ran.push("forgotten timer"), 0)),
      () => realClock.clearInterval(realClock.setInterval(() => ran.push("forgotten interval"), 0)),
      () => realClock.clearImmediate(realClock.setImmediate(() => ran.push("forgotten immediate"))),
    ]) {
      forgotten();
    }
    await new Promise<void>((resolve) => {
      realClock.setImmediate(() => ran.push("immediate"));
      const interval = realClock.setInterval(() => {
        ran.push("interval");
        realClock.clearInterval(interval);
        realClock.setTimeout(resolve, 1);
      }, 1);
    });
    expect(ran).toEqual(["immediate", "interval"]);
  });

  test("never goes back, and tells the time of day", () => {
    const before = realClock.monotonicMs();
    expect(realClock.monotonicMs()).toBeGreaterThanOrEqual(before);
    expect(realClock.nowMs()).toBeGreaterThan(1_700_000_000_000);
  });
});

test("a world has the clock it was given, or the real one, and its seed's randomness", () => {
  const clock = createManualClock();
  const world = createWorld({ seed: "9", clock });
  expect(world.clock).toBe(clock);
  expect(world.seed).toBe("9");
  expect(createWorld({ seed: "9" }).clock).toBe(realClock);
  expect(createWorld({ seed: "9" }).random.next()).toBe(world.random.next());
});
