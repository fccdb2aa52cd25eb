import {
  type Downlink,
  protocolVersion,
  type RegisterReply,
  type RegisterRequest,
  type ResumeReply,
  type ResumeRequest,
} from "./protocol.ts";

/** The bytes of a register request. */
export function encodeRegisterRequest(message: RegisterRequest): Uint8Array {
  return encode({ request_id: message.requestId, trace_id: message.traceId });
}

/** The bytes of a reply to a register request. */
export function encodeRegisterReply(message: RegisterReply): Uint8Array {
  const to = { ok: message.ok, request_id: message.requestId, trace_id: message.traceId };
  if (!message.ok) return encode({ ...to, code: message.code });
  const { sessionToken, logId, headMessageId } = message;
  return encode({ ...to, session_token: sessionToken, log_id: logId, head_msg_id: headMessageId });
}

/** The bytes of a resume request. */
export function encodeResumeRequest(message: ResumeRequest): Uint8Array {
  return encode({
    request_id: message.requestId,
    trace_id: message.traceId,
    session_token: message.sessionToken,
    log_id: message.logId,
    last_msg_id: message.lastMessageId,
  });
}

/** The bytes of a reply to a resume request. */
export function encodeResumeReply(message: ResumeReply): Uint8Array {
  const to = { ok: message.ok, request_id: message.requestId, trace_id: message.traceId };
  if (!message.ok) return encode({ ...to, code: message.code });
  const { logId, headMessageId, replayCount, gap } = message;
  return encode({ ...to, log_id: logId, head_msg_id: headMessageId, replay_count: replayCount, gap });
}

/** The bytes of a downlink message, whose body is given as JSON text. */
export function encodeDownlink(message: Omit<Downlink, "body">, bodyJson: string): Uint8Array {
  const envelope = JSON.stringify({
    v: protocolVersion,
    log_id: message.logId,
    msg_id: message.messageId,
    trace_id: message.traceId,
    via: message.via,
  });
  // The body was made into text once, when it was logged: every replay sends the very same bytes.
  return Buffer.from(`${envelope.slice(0, -1)},"body":${bodyJson}}`);
}

function encode(fields: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(JSON.stringify({ v: protocolVersion, ...fields }));
}
