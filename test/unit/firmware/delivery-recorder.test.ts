import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { createDeliveryRecorder } from "../../../src/firmware/delivery-recorder.ts";
import { encodeEnvelope } from "../../../src/messaging/envelope.ts";
import { createTelemetry, type Fact } from "../../../src/observability/telemetry.ts";
import { createTestRecorder } from "./recording.ts";

const message = { source: "meter-1", stream: "readings", sequence: 7 };
const envelopeOf = (run: string, sentinel = false) =>
  encodeEnvelope({ run, message, sentAtMs: 1, traceId: "trace", sentinel, data: { value: 1 } });

function rig() {
  const facts: Fact[] = [];
  const recorder = createTestRecorder();
  const telemetry = createTelemetry([(fact) => facts.push(fact)]);
  const deliveries = createDeliveryRecorder({ run: "r", actor: "backend", recorder, telemetry });
  const receive = (payload: Buffer) =>
    deliveries.record({ topic: "t", payload, qos: 2, dup: true, retain: false, epoch: 3 });
  return { facts, recorder, deliveries, receive };
}

test("a delivery is recorded with its identity, checksum and flags, and read", () => {
  const { facts, recorder, receive } = rig();
  const payload = envelopeOf("r", true);
  expect(receive(payload)).toMatchObject({ message, data: { value: 1 }, sentinel: true });
  expect([...recorder.entries]).toMatchObject([
    {
      type: "delivery",
      actor: "backend",
      topic: "t",
      message,
      qos: 2,
      dup: true,
      retain: false,
      bytes: payload.length,
      checksum: crc32(payload),
      epoch: 3,
      traceId: "trace",
      sentinel: true,
    },
  ]);
  expect(facts).toMatchObject([{ name: "message.delivered", traceId: "trace", subject: "backend" }]);
});

test.for([
  ["of another run", envelopeOf("other")],
  ["that cannot be read", Buffer.from("garbage")],
  ["that is empty", Buffer.of()],
] as const)("a delivery %s is recorded without an identity, and not passed on", ([, payload]) => {
  const { facts, recorder, deliveries, receive } = rig();
  expect(receive(payload)).toBeUndefined();
  expect([...recorder.entries]).toMatchObject([{ type: "delivery", message: null, bytes: payload.length }]);
  expect(recorder.ofType("delivery")[0]).not.toHaveProperty("traceId");
  expect(deliveries.counts.delivered).toBe(1);
  expect(facts).toMatchObject([{ name: "message.unreadable", code: "BIZ_1001" }]);
});
