import { crc32 } from "node:zlib";
import type { IncomingMessage } from "../connection/messages.ts";
import type { Recorder } from "../history/recorder.ts";
import { decodeEnvelope, type Envelope } from "../messaging/envelope.ts";
import type { Telemetry } from "../observability/telemetry.ts";

/** Records what came out at one subscriber, and reads it. */
export interface DeliveryRecorder {
  readonly counts: { delivered: number };
  /** Records the delivery; gives back what was in it, or undefined when it cannot be read or is from another run. */
  record(incoming: IncomingMessage & { readonly epoch: number }): Envelope | undefined;
}

export function createDeliveryRecorder(options: {
  readonly run: string;
  readonly actor: string;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
}): DeliveryRecorder {
  const { run, actor, recorder, telemetry } = options;
  const counts = { delivered: 0 };
  return {
    counts,
    record({ topic, payload, qos, dup, retain, epoch }) {
      const read = decodeEnvelope(payload);
      const envelope = read?.run === run ? read : undefined;
      counts.delivered += 1;
      recorder.record({
        type: "delivery",
        actor,
        topic,
        message: envelope?.message ?? null,
        qos,
        dup,
        retain,
        bytes: payload.length,
        checksum: crc32(payload),
        epoch,
        ...(envelope ? { traceId: envelope.traceId } : {}),
        ...(envelope?.sentinel ? { sentinel: true } : {}),
      });
      if (telemetry.enabled) {
        telemetry.emit(
          envelope
            ? { name: "message.delivered", traceId: envelope.traceId, subject: actor, data: { topic } }
            : { name: "message.unreadable", subject: actor, code: "BIZ_1001", data: { topic } },
        );
      }
      return envelope;
    },
  };
}
