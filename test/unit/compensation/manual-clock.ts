import type { Clock } from "../../../src/time/clock.ts";

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that only moves when told. Timers of the same moment run in the order in which they were set. */
export interface ManualClock extends Clock {
  /** Runs everything that falls due within the next `byMs`, each at its own time, and stops there. */
  advance(byMs: number): void;
  /** How many timers and immediates wait. */
  readonly pending: number;
}

export function createManualClock(): ManualClock {
  const waiting = new Set<Due>();
  let nowMs = 0;
  let order = 0;

  function set(delayMs: number, run: () => void): Due {
    order += 1;
    const due = { atMs: nowMs + Math.max(0, delayMs), order, run };
    waiting.add(due);
    return due;
  }

  function first(untilMs: number): Due | null {
    let found: Due | null = null;
    for (const due of waiting) {
      if (due.atMs > untilMs) continue;
      if (found === null || due.atMs < found.atMs || (due.atMs === found.atMs && due.order < found.order))
        found = due;
    }
    return found;
  }

  const clear = (handle: unknown) => {
    waiting.delete(handle as Due);
  };
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimeout: (callback, delayMs) => set(delayMs, callback),
    clearTimeout: clear,
    setInterval: () => {
      throw new Error("Nothing here needs intervals.");
    },
    clearInterval: clear,
    setImmediate: (callback) => set(0, callback),
    clearImmediate: clear,
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (let due = first(untilMs); due !== null; due = first(untilMs)) {
        waiting.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.run();
      }
      nowMs = untilMs;
    },
    get pending() {
      return waiting.size;
    },
  };
}
