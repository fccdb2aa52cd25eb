import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freshSeed } from "../../../src/time/fresh-seed.ts";
import { createRandom, type Random } from "../../../src/time/random.ts";

const draws = (random: Random, count = 20) => Array.from({ length: count }, () => random.next());

describe("a seeded random source", () => {
  test("gives the same numbers for the same seed, and others for another", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (seed, other) => {
        fc.pre(seed !== other);
        expect(draws(createRandom(seed))).toEqual(draws(createRandom(seed)));
        expect(draws(createRandom(seed))).not.toEqual(draws(createRandom(other)));
      }),
    );
  });

  test("keeps its sequence across versions of its parts", () => {
    const random = createRandom("42");
    expect([
      random.next(),
      random.int(0, 999),
      random.hex(8),
      random.fork("device-7").next(),
    ]).toMatchInlineSnapshot(`
      [
        0.9076189309059288,
        111,
        "f2807378",
        0.556356995335837,
      ]
    `);
  });

  test("forks by name, whatever was drawn before and in whatever order", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 6 }),
        fc.nat(50),
        (seed, names, drawn) => {
          const untouched = new Map(names.map((name) => [name, draws(createRandom(seed).fork(name))]));
          const parent = createRandom(seed);
          draws(parent, drawn);
          for (const name of names.toReversed()) {
            const fork = parent.fork(name);
            expect(draws(fork)).toEqual(untouched.get(name));
            draws(parent, 3);
          }
          const distinct = new Set([...untouched.values()].map((values) => values.join()));
          expect(distinct.size).toBe(names.length);
        },
      ),
    );
  });

  test("does not disturb its parent by forking", () => {
    const plain = createRandom("7");
    const forked = createRandom("7");
    draws(forked.fork("one"));
    expect(draws(forked)).toEqual(draws(plain));
  });

  test("stays within its bounds", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: -1000, max: 1000 }), fc.nat(1000), (seed, min, width) => {
        const random = createRandom(seed);
        const max = min + width;
        const next = random.next();
        expect(next >= 0 && next < 1).toBe(true);
        const whole = random.int(min, max);
        expect(Number.isInteger(whole) && whole >= min && whole <= max).toBe(true);
        const between = random.between(min, max);
        expect(between >= min && between <= max).toBe(true);
        expect(random.hex(12)).toMatch(/^[0-9a-f]{12}$/);
        expect(random.chance(0)).toBe(false);
        expect(random.chance(1)).toBe(true);
      }),
    );
  });

  test("shuffles and picks without losing, adding or changing anything", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.integer(), { minLength: 1 }), (seed, items) => {
        const random = createRandom(seed);
        const before = [...items];
        const shuffled = random.shuffled(items);
        expect(items).toEqual(before);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(before.toSorted((a, b) => a - b));
        expect(items).toContain(random.pick(items));
      }),
    );
    expect(createRandom("1").shuffled([])).toEqual([]);
    expect(() => createRandom("1").pick([])).toThrow(RangeError);
  });

  test("reaches every item by shuffling", () => {
    const random = createRandom("3");
    const firsts = new Set(Array.from({ length: 200 }, () => random.shuffled([1, 2, 3, 4])[0]));
    expect(firsts).toEqual(new Set([1, 2, 3, 4]));
  });
});

test("a fresh seed is a whole number from 1 below a billion, as text", () => {
  for (let count = 0; count < 200; count += 1) {
    const seed = freshSeed();
    expect(seed).toMatch(/^[1-9]\d{0,8}$/);
  }
  expect(new Set(Array.from({ length: 20 }, freshSeed)).size).toBeGreaterThan(15);
});
