import type { Clock } from "../../../time/clock.ts";

/** Above this a timer of Node fires at once. */
const longestTimerMs = 2_147_483_647;

/** Differences below it come from adding up fractions. */
const toleranceMs = 1e-6;

/**
 * Runs the callback once, not earlier than `delayMs` from now (timers alone may fire up to 1 ms early) and however
 * long that is. Returns what cancels it.
 */
export function startExactWait(clock: Clock, delayMs: number, callback: () => void): () => void {
  const dueMs = clock.monotonicMs() + delayMs;
  const arm = (remainingMs: number) =>
    clock.setTimeout(onTimer, Math.min(Math.ceil(remainingMs), longestTimerMs));
  const onTimer = () => {
    const remainingMs = dueMs - clock.monotonicMs();
    if (remainingMs <= toleranceMs) callback();
    else handle = arm(remainingMs);
  };
  let handle = arm(delayMs);
  return () => clock.clearTimeout(handle);
}
