import type { MessageId } from "../history/entry.ts";

/**
 * What every payload carries: who sent it, when, and which message it is. The identity travels in the payload and never
 * depends on packet ids, so it survives brokers, bridges and retransmissions.
 */
export interface Envelope {
  readonly run: string;
  readonly message: MessageId;
  /** Wall-clock time of sending, ms since the Unix epoch. */
  readonly sentAtMs: number;
  /** 32 hexadecimal digits, as in W3C Trace Context. */
  readonly traceId: string;
  /** True for the last message of a stream, whose arrival ends the drain. */
  readonly sentinel: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The longest payload that is parsed, in bytes; larger ones count as unreadable. */
const longestPayloadBytes = 1024 * 1024;

/** The longest JSON text of `data`, in bytes, that leaves room for the identity around it. */
export const longestDataBytes = longestPayloadBytes - 4096;

/** Writes an envelope as JSON. Pure: the same envelope gives the same bytes. */
export function encodeEnvelope(envelope: Envelope): Buffer {
  const { run, message, sentAtMs, traceId, sentinel, data } = envelope;
  return Buffer.from(
    JSON.stringify({
      run,
      device: message.source,
      stream: message.stream,
      sequence: message.sequence,
      sent_at: sentAtMs,
      trace: traceId,
      ...(sentinel ? { sentinel } : undefined),
      data,
    }),
  );
}

/** Reads an envelope; undefined for anything that is not one. Never throws. */
export function decodeEnvelope(payload: Buffer): Envelope | undefined {
  if (payload.length > longestPayloadBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { run, device, stream, sequence, sent_at, trace, sentinel, data } = value as Record<string, unknown>;
  if (typeof run !== "string" || typeof device !== "string" || typeof stream !== "string") return undefined;
  // Below 1 nobody counts: such a number is damage.
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 1) return undefined;
  if (typeof sent_at !== "number" || typeof trace !== "string") return undefined;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  return {
    run,
    message: { source: device, stream, sequence: sequence as number },
    sentAtMs: sent_at,
    traceId: trace,
    sentinel: sentinel === true,
    data: data as Readonly<Record<string, unknown>>,
  };
}
