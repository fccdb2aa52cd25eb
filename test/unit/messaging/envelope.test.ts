import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEnvelope, type Envelope, encodeEnvelope } from "../../../src/messaging/envelope.ts";

const envelopes: fc.Arbitrary<Envelope> = fc.record({
  run: fc.string(),
  message: fc.record({
    source: fc.string(),
    stream: fc.string(),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
  sentAtMs: fc.nat(),
  traceId: fc.string(),
  sentinel: fc.boolean(),
  data: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })) as fc.Arbitrary<Record<string, unknown>>,
});

const good = {
  run: "r",
  device: "meter-1",
  stream: "readings",
  sequence: 1,
  sent_at: 1,
  trace: "t",
  data: {},
} as const;
const decoded = (value: unknown) => decodeEnvelope(Buffer.from(JSON.stringify(value)));

describe("an envelope", () => {
  test("comes back as it went, and its bytes depend on nothing else", () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        const bytes = encodeEnvelope(envelope);
        expect(encodeEnvelope(envelope)).toEqual(bytes);
        // JSON has no minus zero.
        expect(decodeEnvelope(bytes)).toEqual(JSON.parse(JSON.stringify(envelope)));
      }),
    );
  });

  test("has the field names of the wire format", () => {
    const message = { source: "meter-1", stream: "readings", sequence: 7 };
    const envelope: Envelope = {
      run: "r",
      message,
      sentAtMs: 5,
      traceId: "t",
      sentinel: true,
      data: { value: 1 },
    };
    expect(encodeEnvelope(envelope).toString()).toBe(
      '{"run":"r","device":"meter-1","stream":"readings","sequence":7,"sent_at":5,"trace":"t","sentinel":true,"data":{"value":1}}',
    );
  });
});

describe("what is no envelope", () => {
  test("is unreadable, whatever the bytes, and never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.string().map(Buffer.from), fc.json().map(Buffer.from)),
        (bytes) => {
          expect(decodeEnvelope(Buffer.from(bytes))).toBeUndefined();
        },
      ),
    );
  });

  test("is unreadable when any one byte of it is damaged beyond its shape, and never throws", () => {
    fc.assert(
      fc.property(envelopes, fc.nat(), fc.integer({ min: 0, max: 255 }), (envelope, at, value) => {
        const bytes = encodeEnvelope(envelope);
        bytes[at % bytes.length] = value;
        const read = decodeEnvelope(bytes);
        if (read !== undefined) expect(read.message.sequence).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test.for([
    ["run", 1],
    ["run", undefined],
    ["device", null],
    ["stream", {}],
    ["sequence", 0],
    ["sequence", -5],
    ["sequence", 1.5],
    ["sequence", "7"],
    ["sequence", 2 ** 53],
    ["sent_at", "now"],
    ["trace", 7],
    ["data", null],
    ["data", "text"],
    ["data", [1]],
    ["data", undefined],
  ] as const)("is unreadable with %s = %j", ([field, value]) => {
    expect(decoded(good)).toBeDefined();
    expect(decoded({ ...good, [field]: value })).toBeUndefined();
  });

  test("is unreadable above a mebibyte, and readable just below", () => {
    const withData = (length: number) => decoded({ ...good, data: { text: "x".repeat(length) } });
    expect(withData(1024 * 1024)).toBeUndefined();
    expect(withData(1024 * 1024 - 200)).toBeDefined();
  });
});

test("prototype keys are data like any other", () => {
  const text = JSON.stringify(good).replace(
    '"data":{}',
    '"data":{"__proto__":{"admin":true},"constructor":1}',
  );
  const read = decodeEnvelope(Buffer.from(text));
  expect(Object.keys(read?.data ?? {})).toEqual(["__proto__", "constructor"]);
  expect(({} as { admin?: unknown }).admin).toBeUndefined();
  expect(decodeEnvelope(Buffer.from('{"__proto__":{"run":"r"}}'))).toBeUndefined();
});

test("a sentinel is one only when it says so plainly", () => {
  expect(decoded({ ...good, sentinel: true })?.sentinel).toBe(true);
  for (const sentinel of [false, 1, "true", undefined]) {
    expect(decoded({ ...good, sentinel })?.sentinel).toBe(false);
  }
});
