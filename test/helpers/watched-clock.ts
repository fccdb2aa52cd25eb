import type { Clock, TimerHandle } from "../../src/time/clock.ts";
import { realClock } from "../../src/time/real-clock.ts";

/** The real clock, with a count of what it still has to run: after an orderly end there is nothing. */
export interface WatchedClock extends Clock {
  /** Timers, intervals and immediates that have neither run nor been cleared. */
  readonly pending: number;
}

export function createWatchedClock(): WatchedClock {
  const open = new Set<TimerHandle>();
  const oneShot = (start: (callback: () => void) => TimerHandle, callback: () => void) => {
    const handle = start(() => {
      open.delete(handle);
      callback();
    });
    open.add(handle);
    return handle;
  };
  const forget = (clear: (handle: TimerHandle) => void) => (handle: TimerHandle) => {
    open.delete(handle);
    clear(handle);
  };
  return {
    nowMs: realClock.nowMs,
    monotonicMs: realClock.monotonicMs,
    setTimeout: (callback, delayMs) => oneShot((run) => realClock.setTimeout(run, delayMs), callback),
    setImmediate: (callback) => oneShot((run) => realClock.setImmediate(run), callback),
    setInterval(callback, intervalMs) {
      const handle = realClock.setInterval(callback, intervalMs);
      open.add(handle);
      return handle;
    },
    clearTimeout: forget(realClock.clearTimeout),
    clearInterval: forget(realClock.clearInterval),
    clearImmediate: forget(realClock.clearImmediate),
    get pending() {
      return open.size;
    },
  };
}
