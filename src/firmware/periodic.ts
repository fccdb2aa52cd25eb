import type { Clock, TimerHandle } from "../time/clock.ts";

/** Something that is done at a regular interval until it is stopped. */
export interface Periodic {
  stop(): void;
}

/**
 * Calls `action` first after `offsetMs`, then every `everyMs`. The due times are fixed at the start: a late call does
 * not push back the ones after it (no drift), and calls that were missed altogether are not made up for.
 */
export function startPeriodic(clock: Clock, everyMs: number, offsetMs: number, action: () => void): Periodic {
  let dueMs = clock.monotonicMs() + offsetMs;
  let timer: TimerHandle = clock.setTimeout(tick, offsetMs);
  let stopped = false;
  function tick() {
    const nowMs = clock.monotonicMs();
    dueMs += Math.max(1, Math.ceil((nowMs - dueMs) / everyMs)) * everyMs;
    action();
    if (!stopped) timer = clock.setTimeout(tick, Math.max(0, dueMs - nowMs));
  }
  return {
    stop() {
      stopped = true;
      clock.clearTimeout(timer);
    },
  };
}
