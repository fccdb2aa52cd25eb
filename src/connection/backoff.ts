import { StormfleetError } from "../errors.ts";
import type { Random } from "../time/random.ts";

/**
 * How chance spreads the delays, so that a fleet that was cut off together does not come back together. With
 * `step = min(baseMs · 2^attempt, maxMs)`:
 *
 * - `proportional`: step + up to a tenth of it
 * - `full`: anything from 0 to step
 * - `equal`: half of step + anything up to the other half
 * - `decorrelated`: anything from baseMs to three times the previous delay, at most maxMs
 * - `none`: step
 *
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; `proportional` is our own.
 */
export type Jitter = "proportional" | "full" | "equal" | "decorrelated" | "none";

export interface BackoffOptions {
  /** The first step in milliseconds, 0 … maxMs. */
  readonly baseMs: number;
  /** The longest step in milliseconds; at most `longestStepMs`. */
  readonly maxMs: number;
  readonly jitter: Jitter;
}

/** Retry 3 waits 8.0 to 8.8 s. */
export const defaultBackoff: BackoffOptions = { baseMs: 1_000, maxMs: 60_000, jitter: "proportional" };

/** A day: longer steps are mistakes, and timers overflow at 24.8 days. */
const longestStepMs = 86_400_000;

const proportionalShare = 0.1;

/** Throws CONF_1002 unless 0 ≤ baseMs ≤ maxMs ≤ one day. */
export function checkBackoff({ baseMs, maxMs }: BackoffOptions): void {
  // Written so that NaN is refused, too.
  if (baseMs >= 0 && baseMs <= maxMs && maxMs <= longestStepMs) return;
  throw new StormfleetError(
    "CONF_1002",
    `A backoff from ${baseMs} ms to ${maxMs} ms is not possible: it needs 0 <= base <= max <= ${longestStepMs}.`,
  );
}

/**
 * How long to wait before a retry, in milliseconds. `attempt` counts the retries from 0; `previousDelayMs` is the delay
 * before the previous retry and matters for decorrelated jitter only. Draws at most once from `random`.
 *
 * @example
 * backoffDelayMs(defaultBackoff, { attempt: 3 }, random); // 8000 … 8800
 */
export function backoffDelayMs(
  options: BackoffOptions,
  retry: { readonly attempt: number; readonly previousDelayMs?: number },
  random: Random,
): number {
  const { baseMs, maxMs, jitter } = options;
  const stepMs = stepOf(options, retry.attempt);
  switch (jitter) {
    case "proportional":
      return stepMs + random.between(0, stepMs * proportionalShare);
    case "full":
      return random.between(0, stepMs);
    case "equal":
      return stepMs / 2 + random.between(0, stepMs / 2);
    case "decorrelated":
      return Math.min(maxMs, random.between(baseMs, Math.max(baseMs, 3 * (retry.previousDelayMs ?? baseMs))));
    case "none":
      return stepMs;
  }
}

/** The longest delay in milliseconds that any number of retries can lead to. */
export function longestDelayMs({ baseMs, maxMs, jitter }: BackoffOptions): number {
  if (baseMs === 0) return 0;
  return jitter === "proportional" ? maxMs + maxMs * proportionalShare : maxMs;
}

function stepOf({ baseMs, maxMs }: BackoffOptions, attempt: number): number {
  // 2^1024 is Infinity, and 0 times that is not a number.
  return Math.min(baseMs * 2 ** Math.min(attempt, 1_000), maxMs);
}
