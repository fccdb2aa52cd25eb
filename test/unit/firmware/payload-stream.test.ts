import fc from "fast-check";
import { expect, test } from "vitest";
import type { PayloadContext, PayloadData } from "../../../src/define.ts";
import { createPayloadStream } from "../../../src/firmware/payload-stream.ts";
import { fakerFor } from "../../../src/firmware/seeded-faker.ts";
import { decodeEnvelope, encodeEnvelope, longestDataBytes } from "../../../src/messaging/envelope.ts";
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

test.each<[string, unknown, string]>([
  ["nothing", undefined, "its data is not a JSON object: undefined"],
  ["null", null, "its data is not a JSON object: null"],
  ["a text", "on", 'its data is not a JSON object: "on"'],
  ["a list", [1], "its data is not a JSON object: [1]"],
  ["a date", new Date(0), 'its data is not a JSON object: "1970-01-01T00:00:00.000Z"'],
  ["a promise", Promise.resolve({}), "its data is not a JSON object: a promise"],
  ["what JSON has no word for", { count: 1n }, "BigInt"],
  [
    "more than a receiver reads",
    { text: "x".repeat(2 ** 20) },
    "its data has 1048587 bytes, more than 1044480",
  ],
])("data that is %s is refused where it is made, so that no broker is blamed for it", (_, data, why) => {
  const stream = createPayloadStream(createRandom("1"), {}, () => data as PayloadData);
  expect(() => stream.next()).toThrow(why);
});

test("the longest data still travels within what a receiver reads", () => {
  const data = { text: "é".repeat((longestDataBytes - '{"text":""}'.length - 1) / 2) };
  const sent = createPayloadStream(createRandom("1"), {}, () => data).next();
  const message = { source: "d".repeat(70), stream: "s".repeat(140), sequence: Number.MAX_SAFE_INTEGER };
  const envelope = { run: "r".repeat(64), message, sentAtMs: 1, traceId: "0".repeat(32), sentinel: true };
  expect(decodeEnvelope(encodeEnvelope({ ...envelope, data: sent }))?.data).toEqual(data);
});
