import { crc32 } from "node:zlib";
import type { Connection } from "../connection/connection.ts";
import type { MessageId, QoS } from "../history/entry.ts";
import type { Recorder } from "../history/recorder.ts";
import { type Envelope, encodeEnvelope } from "../messaging/envelope.ts";
import { createTraceIds } from "../messaging/trace-id.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { World } from "../time/world.ts";
import type { PayloadData } from "./model.ts";

/** A message that is ready to be sent: its identity was given when it was made, not when it is sent. */
export interface OutgoingMessage {
  readonly message: MessageId;
  readonly topic: string;
  readonly qos: QoS;
  readonly data: PayloadData;
  readonly traceId: string;
  readonly sentinel: boolean;
}

/** How a publish ended, for whoever keeps the message: `taken` (PUBACK or PUBREC), `refused`, or `unknown`. */
export type PublishEnd = "taken" | "refused" | "unknown";

/** Publishes messages with their identity and records what became of each. */
export interface Publisher {
  /** How many publishes were begun, and how many were acknowledged. */
  readonly counts: { published: number; acknowledged: number };
  /** Gives a message of one of this source's streams its identity. */
  make(
    stream: string,
    sequence: number,
    topic: string,
    qos: QoS,
    data: PayloadData,
    sentinel?: boolean,
  ): OutgoingMessage;
  /** Sends it now. `onEnd` is called once. */
  send(message: OutgoingMessage, onEnd?: (end: PublishEnd) => void): void;
}

export interface PublisherOptions {
  readonly run: string;
  readonly source: string;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
  readonly connection: Connection;
}

export function createPublisher(world: World, options: PublisherOptions): Publisher {
  const { run, source, recorder, telemetry, connection } = options;
  const traceIdOfStream = new Map<string, (sequence: number) => string>();
  const counts = { published: 0, acknowledged: 0 };

  function traceId(stream: string, sequence: number): string {
    let traceIds = traceIdOfStream.get(stream);
    if (!traceIds) {
      traceIds = createTraceIds(world.random.fork(`${source}/${stream}`));
      traceIdOfStream.set(stream, traceIds);
    }
    return traceIds(sequence);
  }

  return {
    counts,
    make: (stream, sequence, topic, qos, data, sentinel = false) => ({
      message: { source, stream, sequence },
      topic,
      qos,
      data,
      traceId: traceId(stream, sequence),
      sentinel,
    }),
    send({ message, topic, qos, data, traceId, sentinel }, onEnd) {
      const envelope: Envelope = { run, message, sentAtMs: world.clock.nowMs(), traceId, sentinel, data };
      const payload = encodeEnvelope(envelope);
      const op = recorder.nextOp();
      recorder.record({
        type: "invoke",
        action: "publish",
        op,
        actor: source,
        message,
        topic,
        qos,
        retain: false,
        bytes: payload.length,
        checksum: crc32(payload),
        epoch: connection.epoch,
        traceId,
        ...(sentinel ? { sentinel } : {}),
      });
      counts.published += 1;
      if (telemetry.enabled)
        telemetry.emit({ name: "message.published", traceId, subject: source, data: { topic, qos } });
      connection.publish(topic, payload, { qos }, (outcome) => {
        if (outcome.kind === "completed") {
          recorder.record({ type: "completed", op, actor: source });
          return;
        }
        const ending = { action: "publish", op, actor: source } as const;
        if (outcome.kind === "acknowledged") {
          counts.acknowledged += 1;
          recorder.record({ type: "ok", ...ending });
          if (telemetry.enabled) telemetry.emit({ name: "message.acknowledged", traceId, subject: source });
          onEnd?.("taken");
        } else if (outcome.kind === "failed") {
          recorder.record({ type: "fail", ...ending, reason: outcome.code });
          if (telemetry.enabled) {
            telemetry.emit({ name: "message.refused", traceId, subject: source, code: outcome.code });
          }
          onEnd?.("refused");
        } else {
          recorder.record({ type: "info", ...ending, reason: outcome.reason });
          onEnd?.("unknown");
        }
      });
    },
  };
}
