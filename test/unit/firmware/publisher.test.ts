import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { PublishOutcome } from "../../../src/connection/messages.ts";
import { createPublisher, type PublishEnd } from "../../../src/firmware/publisher.ts";
import { decodeEnvelope } from "../../../src/messaging/envelope.ts";
import { createTelemetry, type Fact, silentTelemetry } from "../../../src/observability/telemetry.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { createScriptedConnection, createTestRecorder } from "./recording.ts";

function rig(telemetry = silentTelemetry) {
  const recorder = createTestRecorder();
  const connection = createScriptedConnection();
  const world = createWorld({ seed: "7", clock: createManualClock() });
  const publisher = createPublisher(world, { run: "r", source: "meter-1", recorder, telemetry, connection });
  return { recorder, connection, publisher };
}

const acknowledged: PublishOutcome = { kind: "acknowledged" };

describe("a publish", () => {
  test("is recorded with its identity, size and checksum before it ends", () => {
    const { recorder, connection, publisher } = rig();
    connection.epoch = 3;
    const message = publisher.make("readings", 7, "t/readings", 1, { value: 5 });
    publisher.send(message);
    const [sent] = connection.sent;
    const payload = sent?.payload ?? Buffer.of();
    expect(recorder.ofType("invoke")).toMatchObject([
      {
        action: "publish",
        op: 1,
        actor: "meter-1",
        message: { source: "meter-1", stream: "readings", sequence: 7 },
        topic: "t/readings",
        qos: 1,
        retain: false,
        bytes: payload.length,
        checksum: crc32(payload),
        epoch: 3,
        traceId: message.traceId,
      },
    ]);
    expect(decodeEnvelope(payload)).toEqual({
      run: "r",
      message: message.message,
      sentAtMs: 1_700_000_000_000,
      traceId: message.traceId,
      sentinel: false,
      data: { value: 5 },
    });
    expect(recorder.size).toBe(1);
  });

  test.for([
    ["acknowledged", acknowledged, "ok", "taken", undefined],
    ["failed", { kind: "failed", code: "CONN_1008", reason: "no" }, "fail", "refused", "CONN_1008"],
    ["unknown", { kind: "unknown", reason: "stopped" }, "info", "unknown", "stopped"],
  ] as const)("that ends %s has exactly one end", ([, outcome, type, end, reason]) => {
    const { recorder, connection, publisher } = rig();
    const ends: PublishEnd[] = [];
    publisher.send(publisher.make("readings", 1, "t", 2, {}), (each) => ends.push(each));
    connection.sent[0]?.end(outcome);
    if (outcome.kind === "acknowledged") connection.sent[0]?.end({ kind: "completed" });
    expect(ends).toEqual([end]);
    const endings = ["ok", "fail", "info"] as const;
    const recorded = endings.flatMap((each) => recorder.ofType(each));
    expect(recorded).toMatchObject([
      { type, action: "publish", op: 1, actor: "meter-1", ...(reason ? { reason } : {}) },
    ]);
    expect(recorder.ofType("completed")).toHaveLength(outcome.kind === "acknowledged" ? 1 : 0);
    expect(publisher.counts).toEqual({ published: 1, acknowledged: outcome.kind === "acknowledged" ? 1 : 0 });
  });

  test("keeps its identity and trace id when it is sent again, as a new operation", () => {
    const { recorder, connection, publisher } = rig();
    const message = publisher.make("readings", 4, "t", 1, {}, true);
    connection.answer = { kind: "failed", code: "CONN_1009", reason: "no connection" };
    publisher.send(message);
    connection.answer = acknowledged;
    publisher.send(message);
    const [first, second] = recorder.ofType("invoke");
    expect(first).toMatchObject({
      op: 1,
      message: message.message,
      traceId: message.traceId,
      sentinel: true,
    });
    expect(second).toMatchObject({
      op: 2,
      message: message.message,
      traceId: message.traceId,
      sentinel: true,
    });
    expect(publisher.make("readings", 4, "t", 1, {}).traceId).toBe(message.traceId);
    expect(publisher.make("billing", 4, "t", 1, {}).traceId).not.toBe(message.traceId);
  });

  test("is told to telemetry when somebody listens", () => {
    const facts: Fact[] = [];
    const { connection, publisher } = rig(createTelemetry([(fact) => facts.push(fact)]));
    connection.answer = acknowledged;
    publisher.send(publisher.make("readings", 1, "t", 1, {}));
    connection.answer = { kind: "failed", code: "CONN_1008", reason: "no" };
    publisher.send(publisher.make("readings", 2, "t", 1, {}));
    expect(facts.map(({ name, code }) => [name, code])).toEqual([
      ["message.published", undefined],
      ["message.acknowledged", undefined],
      ["message.published", undefined],
      ["message.refused", "CONN_1008"],
    ]);
    expect(new Set(facts.map(({ traceId }) => traceId)).size).toBe(2);
  });
});
