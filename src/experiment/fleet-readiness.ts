import { StormfleetError } from "../errors.ts";
import type { Fleet } from "../firmware/fleet.ts";
import type { World } from "../time/world.ts";

/** Waits until enough has happened to every device of a fleet. */
export interface Readiness {
  /** Tells that something about the fleet changed; cheap. */
  changed(): void;
  /**
   * Resolves with true as soon as `holds()`, with false when `boundMs` pass first or the signal aborts. `holds` is asked
   * at once and after every change.
   */
  until(holds: () => boolean, boundMs: number, signal?: AbortSignal): Promise<boolean>;
}

export function createReadiness(world: World): Readiness {
  const waiting = new Set<() => void>();
  return {
    changed() {
      for (const check of waiting) check();
    },
    until(holds, boundMs, signal) {
      if (holds()) return Promise.resolve(true);
      if (signal?.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const finish = (held: boolean) => {
          waiting.delete(check);
          world.clock.clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
          resolve(held);
        };
        const check = () => {
          if (holds()) finish(true);
        };
        const onAbort = () => finish(false);
        const timer = world.clock.setTimeout(() => finish(false), boundMs);
        waiting.add(check);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },
  };
}

/** The error of a fleet that did not come up: how many are where, and what held them up last. */
export function notReadyError(fleet: Fleet, eligible: number, boundMs: number): StormfleetError {
  const states = Object.entries(fleet.countByState())
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
  const code = fleet.devices.find((device) => device.lastErrorCode !== undefined)?.lastErrorCode;
  return new StormfleetError(
    "RUN_1001",
    `Only ${eligible} of ${fleet.devices.length} devices came up within ${boundMs} ms (${states}` +
      `${code ? `; the last error was ${code}` : ""}).`,
  );
}
