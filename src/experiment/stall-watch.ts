import type { Recorder } from "../history/recorder.ts";
import type { Clock } from "../time/clock.ts";

/** Notices when this process itself is late: a machine that sleeps, a starved CI runner, a fleet too large for a core. */
export interface StallWatch {
  stop(): void;
}

/** How often it looks. */
const lookEveryMs = 100;
/** How many turns of the event loop are timed at each look. */
const turnsPerLook = 8;

/**
 * Watches for two kinds of lateness, and records an entry for each stretch of it.
 *
 * A look at the clock that comes late by `toleranceMs` or more: the process stood still; the entry reaches back to the
 * look before, which is at most one interval too far. And turns of the event loop so slow that the fleet could not come
 * back in time: a listener accepts one connection in each turn, so a fleet of `devices` needs as many turns, and they
 * are too slow when they would take more than `slackMs` together.
 */
export function startStallWatch(
  clock: Clock,
  recorder: Recorder,
  bounds: { readonly toleranceMs: number; readonly slackMs: number; readonly devices: number },
): StallWatch {
  const { toleranceMs, slackMs, devices } = bounds;
  const slowTurnsMs = Math.min(toleranceMs, (turnsPerLook * slackMs) / devices);
  let lastLookMs = recorder.elapsedMs();
  let turn: unknown;

  function record(forMs: number): void {
    recorder.record({ type: "stalled", forMs: Math.round(forMs * 1000) / 1000 });
  }

  function timeTurns(left: number, sinceMs: number): void {
    turn = clock.setImmediate(() => {
      if (left > 1) {
        timeTurns(left - 1, sinceMs);
        return;
      }
      turn = undefined;
      const forMs = recorder.elapsedMs() - sinceMs;
      if (forMs >= slowTurnsMs) record(forMs);
    });
  }

  const timer = clock.setInterval(() => {
    const forMs = recorder.elapsedMs() - lastLookMs;
    lastLookMs += forMs;
    if (forMs - lookEveryMs >= toleranceMs) record(forMs);
    if (turn === undefined) timeTurns(turnsPerLook, lastLookMs);
  }, lookEveryMs);
  return {
    stop() {
      clock.clearInterval(timer);
      clock.clearImmediate(turn);
    },
  };
}
