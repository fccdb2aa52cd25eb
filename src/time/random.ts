import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/**
 * A seeded source of randomness.
 *
 * Fork it by name instead of passing it around: each fork has its own sequence, which depends on the seed and the
 * names on the way to it and on nothing else, so one more consumer does not reshuffle the others.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [min, max], both included. */
  int(min: number, max: number): number;
  /** Uniform in [min, max). */
  between(min: number, max: number): number;
  /** True with the given probability (0 … 1). */
  chance(probability: number): boolean;
  /** One of the items; throws a RangeError for an empty list. */
  pick<T>(items: readonly T[]): T;
  /** A new list with the same items in random order. */
  shuffled<T>(items: readonly T[]): T[];
  /** `length` lower-case hexadecimal digits. */
  hex(length: number): string;
  /** An independent source for the given name. Costs a hash: fork once per thing, not once per message. */
  fork(name: string): Random;
}

/**
 * Makes the random source of a seed.
 *
 * @example
 * const device7 = createRandom("42").fork("device-7");
 */
export function createRandom(seed: string): Random {
  const digest = createHash("sha256").update(seed).digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
  const int = (min: number, max: number) => uniformInt(generator, min, max);
  const next = () => uniformFloat64(generator);
  return {
    next,
    int,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick(items) {
      if (items.length === 0) throw new RangeError("Cannot pick from an empty list.");
      return items[int(0, items.length - 1)] as (typeof items)[number];
    },
    shuffled(items) {
      const result = [...items];
      for (let last = result.length - 1; last > 0; last -= 1) {
        const other = int(0, last);
        const swapped = result[last] as (typeof result)[number];
        result[last] = result[other] as (typeof result)[number];
        result[other] = swapped;
      }
      return result;
    },
    hex: (length) => Array.from({ length }, () => int(0, 15).toString(16)).join(""),
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}
