import type { ErrorCode } from "../errors.ts";
import type { QoS } from "../history/entry.ts";

/** A message to be published. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
}

/** A message that came in. */
export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly dup: boolean;
  readonly retain: boolean;
}

/** What the broker publishes when the connection ends without DISCONNECT. */
export type Will = OutgoingMessage;

/**
 * What became of a publish. Each gets exactly one of `acknowledged` (PUBACK or PUBREC came), `failed` (certainly not
 * taken) and `unknown`; at QoS 2 `completed` (PUBCOMP came) may follow `acknowledged`.
 */
export type PublishOutcome =
  | { readonly kind: "acknowledged" }
  | { readonly kind: "completed" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };
