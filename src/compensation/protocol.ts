import type { ErrorCode } from "../errors.ts";
import { type Fields, type JsonValue, type Parsed, readMessage, refuse } from "./wire-json.ts";

/** The `v` of every message; a reader refuses any other. */
export const protocolVersion = 1;

/** The largest messages in bytes; larger ones are refused unread. */
export const protocolLimits = {
  requestBytes: 2_048,
  replyBytes: 2_048,
  /** A body's JSON text alone. */
  bodyBytes: 262_144,
  /** A downlink message with its envelope. */
  downlinkBytes: 263_168,
} as const;

/** The codes that a reply can carry. A gap (COMP_1003) is no refusal: it comes in a good reply. */
export type RefusalCode = "COMP_1001" | "COMP_1002" | "COMP_1004";

/** Messages `from … to`, both included, that the log no longer holds. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

interface Request {
  /** Names the request in its reply; 1 to 64 letters, digits, `_` or `-`. */
  readonly requestId: string;
  /** Follows one action through device, broker and service; shaped like a request id. */
  readonly traceId: string;
}

/** Device → service: asks for a session token. A retry repeats the request id and gets the same token. */
export type RegisterRequest = Request;

/** Device → service: asks for everything after the last message it processed. */
export interface ResumeRequest extends Request {
  readonly sessionToken: string;
  /** Which log the ids count in, as learned when the device registered. */
  readonly logId: string;
  /** 0 when it processed none. */
  readonly lastMessageId: number;
}

/** Service → device: the request is refused, and this is all it says. */
export interface Refusal {
  readonly ok: false;
  /** Null when the request could not be read. */
  readonly requestId: string | null;
  readonly traceId: string | null;
  readonly code: RefusalCode;
}

export interface Registration extends Request {
  readonly ok: true;
  readonly sessionToken: string;
  readonly logId: string;
  /** The id of the newest message in the log for this device; 0 when there never was one. */
  readonly headMessageId: number;
}

/** Service → device: what follows on the downlink topic, and what cannot. */
export interface Resumption extends Request {
  readonly ok: true;
  readonly logId: string;
  readonly headMessageId: number;
  /** How many messages are replayed, up to `headMessageId`. */
  readonly replayCount: number;
  readonly gap: Gap | null;
}

/** Service → device: one message of the device's log. */
export interface Downlink {
  readonly logId: string;
  /** Counts from 1 per device and log. */
  readonly messageId: number;
  readonly traceId: string;
  readonly via: "live" | "replay";
  readonly body: JsonValue;
}

export type RegisterReply = Registration | Refusal;
export type ResumeReply = Resumption | Refusal;

const word = /^[A-Za-z0-9_-]{1,64}$/;
const token = /^[!-~]{16,512}$/;
const refusalCodes: readonly RefusalCode[] = ["COMP_1001", "COMP_1002", "COMP_1004"];

const request = { maxBytes: protocolLimits.requestBytes, code: "COMP_1002" } as const;
const reply = { maxBytes: protocolLimits.replyBytes, code: "BIZ_1001" } as const;
const downlink = { maxBytes: protocolLimits.downlinkBytes, code: "BIZ_1001" } as const;

/** Reads a register request; COMP_1002 when it cannot. */
export function parseRegisterRequest(payload: Uint8Array): Parsed<RegisterRequest> {
  return readVersioned(payload, request, readRequest);
}

/** Reads a resume request; COMP_1002 when it cannot. Says nothing about the token's worth. */
export function parseResumeRequest(payload: Uint8Array): Parsed<ResumeRequest> {
  return readVersioned(payload, request, (fields) => ({
    ...readRequest(fields),
    sessionToken: fields.text("session_token", token),
    logId: fields.text("log_id", word),
    lastMessageId: fields.integer("last_msg_id", 0),
  }));
}

/** Reads a reply to a register request; BIZ_1001 when it cannot. */
export function parseRegisterReply(payload: Uint8Array): Parsed<RegisterReply> {
  return readVersioned(payload, reply, (fields): RegisterReply => {
    if (!fields.flag("ok")) return readRefusal(fields);
    return {
      ok: true,
      ...readRequest(fields),
      sessionToken: fields.text("session_token", token),
      logId: fields.text("log_id", word),
      headMessageId: fields.integer("head_msg_id", 0),
    };
  });
}

/** Reads a reply to a resume request; BIZ_1001 when it cannot. */
export function parseResumeReply(payload: Uint8Array): Parsed<ResumeReply> {
  return readVersioned(payload, reply, (fields): ResumeReply => {
    if (!fields.flag("ok")) return readRefusal(fields);
    const headMessageId = fields.integer("head_msg_id", 0);
    const replayCount = fields.integer("replay_count", 0);
    if (replayCount > headMessageId) refuse('"replay_count" is more than there ever was.');
    const gap = readGap(fields.object("gap"), headMessageId);
    return {
      ok: true,
      ...readRequest(fields),
      logId: fields.text("log_id", word),
      headMessageId,
      replayCount,
      gap,
    };
  });
}

/** Reads a downlink message; BIZ_1001 when it cannot. */
export function parseDownlink(payload: Uint8Array): Parsed<Downlink> {
  return readVersioned(payload, downlink, (fields) => ({
    logId: fields.text("log_id", word),
    messageId: fields.integer("msg_id", 1),
    traceId: fields.text("trace_id", word),
    via: fields.text("via", /^(live|replay)$/) === "live" ? "live" : "replay",
    body: fields.value("body"),
  }));
}

function readVersioned<T>(
  payload: Uint8Array,
  limits: { readonly maxBytes: number; readonly code: ErrorCode },
  read: (fields: Fields) => T,
): Parsed<T> {
  return readMessage(payload, limits, (fields) => {
    if (fields.integer("v", 1) !== protocolVersion) refuse(`Only version ${protocolVersion} is spoken here.`);
    return read(fields);
  });
}

function readRequest(fields: Fields): Request {
  return { requestId: fields.text("request_id", word), traceId: fields.text("trace_id", word) };
}

function readRefusal(fields: Fields): Refusal {
  const said = fields.text("code", word);
  const code = refusalCodes.find((known) => known === said) ?? refuse(`"${said}" is no code of a refusal.`);
  const requestId = fields.textOrNull("request_id", word);
  return { ok: false, requestId, traceId: fields.textOrNull("trace_id", word), code };
}

function readGap(fields: Fields | null, headMessageId: number): Gap | null {
  if (fields === null) return null;
  const from = fields.integer("from", 1);
  const to = fields.integer("to", from);
  return to <= headMessageId ? { from, to } : refuse('"gap" reaches past the log.');
}
