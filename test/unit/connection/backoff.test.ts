import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BackoffOptions,
  backoffDelayMs,
  checkBackoff,
  defaultBackoff,
  type Jitter,
  longestDelayMs,
} from "../../../src/connection/backoff.ts";
import { createRandom } from "../../../src/time/random.ts";

const attempts = fc.oneof(fc.nat(10), fc.nat(5_000));
const seeds = fc.nat().map(String);

function options(jitter: Jitter): fc.Arbitrary<BackoffOptions> {
  return fc
    .tuple(fc.nat(100_000), fc.nat(1_000_000))
    .map(([baseMs, moreMs]) => ({ baseMs, maxMs: baseMs + moreMs, jitter }));
}

/** The rule written a second time: doubled step by step instead of by a power. */
function stepOf({ baseMs, maxMs }: BackoffOptions, attempt: number): number {
  let stepMs = baseMs;
  for (let doubled = 0; doubled < attempt && stepMs < maxMs && stepMs > 0; doubled += 1) stepMs *= 2;
  return Math.min(stepMs, maxMs);
}

/** Every delay lies within the bounds, given as shares of the step. */
function staysWithin(jitter: Jitter, fromShare: number, toShare: number): void {
  fc.assert(
    fc.property(options(jitter), attempts, seeds, (backoff, attempt, seed) => {
      const delayMs = backoffDelayMs(backoff, { attempt }, createRandom(seed));
      const stepMs = stepOf(backoff, attempt);
      expect(delayMs).toBeGreaterThanOrEqual(stepMs * fromShare);
      expect(delayMs).toBeLessThanOrEqual(stepMs * toShare + 1e-6);
    }),
  );
}

describe("backoff", () => {
  test("proportional jitter adds up to a tenth of the step", () => staysWithin("proportional", 1, 1.1));
  test("full jitter stays between nothing and the step", () => staysWithin("full", 0, 1));
  test("equal jitter stays in the upper half of the step", () => staysWithin("equal", 0.5, 1));
  test("no jitter gives the step", () => staysWithin("none", 1, 1));

  test("decorrelated jitter stays between the base and three times the previous delay, under the maximum", () => {
    fc.assert(
      fc.property(options("decorrelated"), fc.nat(50), seeds, (backoff, retries, seed) => {
        const random = createRandom(seed);
        let previousDelayMs: number | undefined;
        for (let attempt = 0; attempt <= retries; attempt += 1) {
          const retry = { attempt, ...(previousDelayMs !== undefined && { previousDelayMs }) };
          const delayMs = backoffDelayMs(backoff, retry, random);
          expect(delayMs).toBeGreaterThanOrEqual(backoff.baseMs);
          expect(delayMs).toBeLessThanOrEqual(
            Math.min(backoff.maxMs, 3 * (previousDelayMs ?? backoff.baseMs)),
          );
          previousDelayMs = delayMs;
        }
      }),
    );
  });

  test("retry 3 of the default waits 8.0 to 8.8 s, retry 10 waits 60 to 66 s", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed);
        const third = backoffDelayMs(defaultBackoff, { attempt: 3 }, random);
        expect(third).toBeGreaterThanOrEqual(8_000);
        expect(third).toBeLessThanOrEqual(8_800);
        const tenth = backoffDelayMs(defaultBackoff, { attempt: 10 }, random);
        expect(tenth).toBeGreaterThanOrEqual(60_000);
        expect(tenth).toBeLessThanOrEqual(66_000);
      }),
    );
  });

  test("no delay is longer than the longest, and the longest is not out of reach", () => {
    const jitters: readonly Jitter[] = ["proportional", "full", "equal", "decorrelated", "none"];
    fc.assert(
      fc.property(fc.constantFrom(...jitters).chain(options), attempts, seeds, (backoff, attempt, seed) => {
        const retry = { attempt, previousDelayMs: backoff.baseMs === 0 ? 0 : backoff.maxMs };
        expect(backoffDelayMs(backoff, retry, createRandom(seed))).toBeLessThanOrEqual(
          longestDelayMs(backoff),
        );
      }),
    );
    for (const jitter of jitters) {
      const random = { ...createRandom("1"), between: (_min: number, max: number) => max };
      const backoff: BackoffOptions = { baseMs: 100, maxMs: 1_000, jitter };
      expect(backoffDelayMs(backoff, { attempt: 20, previousDelayMs: 1_000 }, random)).toBeCloseTo(
        longestDelayMs(backoff),
      );
    }
    expect(longestDelayMs(defaultBackoff)).toBe(66_000);
  });

  test("the same seed gives the same delays, another one others", () => {
    const delays = (seed: string) => {
      const random = createRandom(seed);
      return [0, 1, 2, 3].map((attempt) => backoffDelayMs(defaultBackoff, { attempt }, random));
    };
    expect(delays("7")).toEqual(delays("7"));
    expect(delays("7")).not.toEqual(delays("8"));
  });

  test.each([
    { baseMs: -1, maxMs: 10 },
    { baseMs: 11, maxMs: 10 },
    { baseMs: Number.NaN, maxMs: 10 },
    { baseMs: 1, maxMs: Number.NaN },
    { baseMs: 1, maxMs: Number.POSITIVE_INFINITY },
  ])("refuses a backoff from $baseMs to $maxMs ms", (bounds) => {
    expect(() => checkBackoff({ ...bounds, jitter: "none" })).toThrow(
      expect.objectContaining({ code: "CONF_1002" }),
    );
    expect(() => checkBackoff({ baseMs: 0, maxMs: 0, jitter: "none" })).not.toThrow();
  });
});
