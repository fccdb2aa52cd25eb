import type { Recorder } from "../history/recorder.ts";
import type { Clock } from "../time/clock.ts";

/** Notices when this process itself stands still: a machine that sleeps, a CI runner that is starved. */
export interface StallWatch {
  stop(): void;
}

/** How often it looks. */
const lookEveryMs = 100;

/**
 * Looks at the clock at a regular interval, and records an entry whenever a look comes later than it should by
 * `toleranceMs` or more. What is recorded reaches back to the look before, which is at most one interval too far.
 */
export function startStallWatch(
  clock: Clock,
  recorder: Recorder,
  { toleranceMs }: { readonly toleranceMs: number },
): StallWatch {
  let lastLookMs = recorder.elapsedMs();
  const timer = clock.setInterval(() => {
    const forMs = recorder.elapsedMs() - lastLookMs;
    lastLookMs += forMs;
    if (forMs - lookEveryMs < toleranceMs) return;
    recorder.record({ type: "stalled", forMs: Math.round(forMs * 1000) / 1000 });
  }, lookEveryMs);
  return { stop: () => clock.clearInterval(timer) };
}
