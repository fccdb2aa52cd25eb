import type { Clock, TimerHandle } from "../../src/time/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves on by so many milliseconds; timers run in the order of their due times, each seeing its own as now. */
  advance(ms: number): void;
  /**
   * Lets time pass in which nothing can run, then runs what is overdue, in order; everybody sees the end as now, and an
   * interval that missed several turns runs once. What becomes due meanwhile has to wait for `advance`.
   */
  stall(ms: number): void;
  /** Timers and immediates that have not run. */
  readonly pending: number;
}

interface Timer {
  dueMs: number;
  /** Immediates go before timers that are due at the same time. */
  readonly immediate: boolean;
  readonly order: number;
  readonly everyMs: number | undefined;
  readonly callback: () => void;
}

/** How many timers one `advance` may run before it is taken for an endless loop. */
const maxRuns = 1_000_000;

/** Starts at 0; `nowMs` is `startMs` later. */
export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let order = 0;

  function add(callback: () => void, delayMs: number, kind: { everyMs?: number; immediate?: boolean } = {}) {
    order += 1;
    const timer: Timer = {
      dueMs: elapsedMs + Math.max(0, delayMs),
      immediate: kind.immediate ?? false,
      order,
      everyMs: kind.everyMs,
      callback,
    };
    timers.add(timer);
    return timer;
  }

  function nextDue(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers)
      if (timer.dueMs <= untilMs && (first === undefined || isBefore(timer, first))) first = timer;
    return first;
  }

  function run(timer: Timer): void {
    elapsedMs = Math.max(elapsedMs, timer.dueMs);
    if (timer.everyMs === undefined) timers.delete(timer);
    else timer.dueMs += Math.max(timer.everyMs, 1);
    timer.callback();
  }

  const remove = (handle: TimerHandle) => void timers.delete(handle as Timer);
  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimeout: (callback, delayMs) => add(callback, delayMs),
    setInterval: (callback, intervalMs) => add(callback, intervalMs, { everyMs: intervalMs }),
    setImmediate: (callback) => add(callback, 0, { immediate: true }),
    clearTimeout: remove,
    clearInterval: remove,
    clearImmediate: remove,
    advance(ms) {
      const untilMs = elapsedMs + ms;
      for (let runs = 0; ; runs += 1) {
        const timer = nextDue(untilMs);
        if (timer === undefined) break;
        if (runs === maxRuns) throw new Error(`More than ${maxRuns} timers ran in one advance.`);
        run(timer);
      }
      elapsedMs = untilMs;
    },
    stall(ms) {
      elapsedMs += ms;
      const overdue = [...timers].filter(({ dueMs }) => dueMs <= elapsedMs);
      overdue.sort((one, other) => (isBefore(one, other) ? -1 : 1));
      for (const timer of overdue) {
        if (!timers.has(timer)) continue;
        if (timer.everyMs !== undefined) timer.dueMs = elapsedMs;
        run(timer);
      }
    },
    get pending() {
      return timers.size;
    },
  };
}

function isBefore(one: Timer, other: Timer): boolean {
  if (one.dueMs !== other.dueMs) return one.dueMs < other.dueMs;
  if (one.immediate !== other.immediate) return one.immediate;
  return one.order < other.order;
}
