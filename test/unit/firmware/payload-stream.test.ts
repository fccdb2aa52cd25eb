import fc from "fast-check";
import { expect, test } from "vitest";
import type { PayloadContext } from "../../../src/define.ts";
import { createPayloadStream } from "../../../src/firmware/payload-stream.ts";
import { fakerFor } from "../../../src/firmware/seeded-faker.ts";
import { createRandom } from "../../../src/time/random.ts";

const mixed = ({ random, faker, sequence, previous, profile }: PayloadContext) => ({
  sequence,
  place: profile.place,
  drift: Number(previous?.drift ?? 0) + random.int(-5, 5),
  name: faker.person.fullName(),
  at: faker.date.recent().toISOString(),
});

test("the n-th message depends on the seed and n, whatever other streams draw in between", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.boolean(), { maxLength: 30 }), (seed, turns) => {
      const alone = createPayloadStream(createRandom(seed), { place: "here" }, mixed);
      const beside = createPayloadStream(createRandom(seed), { place: "here" }, mixed);
      const other = createPayloadStream(createRandom(`${seed}/other`), {}, mixed);
      for (const isOwn of turns) {
        if (isOwn) expect(beside.next()).toEqual(alone.next());
        else other.next();
      }
    }),
    { numRuns: 30 },
  );
});

test("messages count from 1 and know the one before", () => {
  const stream = createPayloadStream(createRandom("1"), {}, ({ sequence, previous }) => ({
    sequence,
    previous: previous?.sequence,
  }));
  expect(stream.sequence).toBe(0);
  expect([stream.next(), stream.next(), stream.next()]).toEqual([
    { sequence: 1, previous: undefined },
    { sequence: 2, previous: 1 },
    { sequence: 3, previous: 2 },
  ]);
  expect(stream.sequence).toBe(3);
});

test("Faker's dates depend on the seed and not on the day of the run", () => {
  const faker = fakerFor(createRandom("1"));
  expect(faker.date.recent({ days: 1 }).getTime()).toBeLessThanOrEqual(
    Date.parse("2026-01-01T00:00:00.000Z"),
  );
  expect(faker.date.recent({ days: 1 }).getTime()).toBeGreaterThanOrEqual(
    Date.parse("2025-12-31T00:00:00.000Z"),
  );
});
