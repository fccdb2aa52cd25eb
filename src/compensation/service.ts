import { type ErrorCode, messageOf, StormfleetError } from "../errors.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { World } from "../time/world.ts";
import { encodeDownlink, encodeRegisterReply, encodeResumeReply } from "./encode.ts";
import type { LoggedMessage, MessageLog } from "./message-log.ts";
import {
  type Gap,
  parseRegisterRequest,
  parseResumeRequest,
  protocolLimits,
  type RefusalCode,
  type RegisterRequest,
  type ResumeRequest,
} from "./protocol.ts";
import { createReplayQueue, type Replay } from "./replay-queue.ts";
import { createSessionTokens, type TokenIssuer } from "./session-tokens.ts";
import type { CompensationTopics } from "./topics.ts";
import { bodyChecksum, type JsonValue, problemOfJson } from "./wire-json.ts";

/** What the service tells the application that runs it. */
export interface CompensationServiceEvents {
  /** A message was taken into the log; called before it is sent. The checksum is that of `bodyChecksum`. */
  onLogged?(device: string, id: number, checksum: number): void;
  /** A resume request was granted. */
  onResume?(resume: ServiceResume): void;
  /** A request was refused. */
  onRefused?(device: string, code: RefusalCode): void;
}

export interface ServiceResume {
  readonly device: string;
  readonly traceId: string;
  readonly lastMessageId: number;
  readonly headMessageId: number;
  readonly replayCount: number;
  readonly gap: Gap | null;
}

export interface CompensationServiceOptions {
  readonly world: World;
  readonly topics: CompensationTopics;
  readonly log: MessageLog;
  readonly telemetry: Telemetry;
  /** Publishes to the broker. What it throws counts as a message lost on the way. */
  readonly send: (topic: string, payload: Uint8Array) => void;
  readonly events?: CompensationServiceEvents;
  /** Default: random tokens in memory. */
  readonly tokens?: TokenIssuer;
  /** Messages replayed between two turns of the event loop. Default 50. */
  readonly chunkMessages?: number;
}

export interface CompensationService {
  /**
   * Logs a message for a device and sends it, and returns its id. While a replay to the device is under way the message
   * takes its place behind it. Throws BIZ_1001 when the body is too large or not JSON, a RangeError for a device name
   * that does not fit into a topic.
   */
  publish(device: string, body: JsonValue, traceId?: string): number;
  /** Takes in what arrived on the service's filters; never throws on bad input. */
  handle(topic: string, payload: Uint8Array): void;
  /** Gives up the replays under way. */
  stop(): void;
}

/** The backend's side of message compensation; see docs/compensation.md. Knows nothing of the transport. */
export function createCompensationService(options: CompensationServiceOptions): CompensationService {
  const { world, topics, log, telemetry, events = {}, chunkMessages = 50 } = options;
  const tokens = options.tokens ?? createSessionTokens(world);
  const traceIds = world.random.fork("compensation-service");
  const replays = createReplayQueue({
    clock: world.clock,
    log,
    chunkMessages,
    send: (replay, message) => {
      sendDownlink(replay.device, message, message.id <= replay.headAtRequest ? "replay" : "live");
    },
    onGap: (replay, gap) => grant(replay, gap),
  });

  function fact(name: string, subject: string, traceId: string | null, data: object, code?: ErrorCode): void {
    if (!telemetry.enabled) return;
    const origin = traceId === null ? {} : { traceId };
    telemetry.emit({ name, subject, data: { ...data }, ...origin, ...(code === undefined ? {} : { code }) });
  }

  function send(device: string, channel: "registered" | "resumed" | "downlink", payload: Uint8Array): void {
    try {
      options.send(topics.of(device, channel), payload);
    } catch (thrown) {
      fact("compensation.send-failed", device, null, { channel, reason: messageOf(thrown) });
    }
  }

  function sendDownlink(device: string, message: LoggedMessage, via: "live" | "replay"): void {
    const { id: messageId, traceId, bodyJson } = message;
    send(device, "downlink", encodeDownlink({ logId: log.id, messageId, traceId, via }, bodyJson));
  }

  function refuse(device: string, channel: "registered" | "resumed", refusal: Refused): void {
    const { code, request } = refusal;
    const ids = { requestId: request?.requestId ?? null, traceId: request?.traceId ?? null };
    const encode = channel === "registered" ? encodeRegisterReply : encodeResumeReply;
    send(device, channel, encode({ ok: false, ...ids, code }));
    fact("compensation.refused", device, ids.traceId, { problem: refusal.problem }, code);
    events.onRefused?.(device, code);
  }

  function onRegister(device: string, payload: Uint8Array): void {
    const parsed = parseRegisterRequest(payload);
    if (parsed.ok) register(device, parsed.value);
    else refuse(device, "registered", { code: "COMP_1002", problem: parsed.problem });
  }

  function register(device: string, { requestId, traceId }: RegisterRequest): void {
    const sessionToken = tokens.issue(device, requestId);
    const headMessageId = log.head(device);
    const grantOf = { requestId, traceId, sessionToken, logId: log.id, headMessageId };
    send(device, "registered", encodeRegisterReply({ ok: true, ...grantOf }));
    fact("compensation.registered", device, traceId, { headMessageId });
  }

  function onResume(device: string, payload: Uint8Array): void {
    const parsed = parseResumeRequest(payload);
    if (!parsed.ok) {
      refuse(device, "resumed", { code: "COMP_1002", problem: parsed.problem });
      return;
    }
    const refusal = refusalOf(device, parsed.value);
    if (refusal === null) resume(device, parsed.value);
    else refuse(device, "resumed", { ...refusal, request: parsed.value });
  }

  // The token first: who does not hold it learns nothing about the log.
  function refusalOf(device: string, request: ResumeRequest): Refused | null {
    if (!tokens.verify(device, request.sessionToken)) return { code: "COMP_1001", problem: "wrong token" };
    if (request.logId !== log.id) return { code: "COMP_1004", problem: "another log" };
    if (request.lastMessageId > log.head(device)) return { code: "COMP_1004", problem: "future message id" };
    return null;
  }

  function resume(device: string, request: ResumeRequest): void {
    const running = replays.running(device);
    // The transport delivered the request twice: the replay goes on, only the reply is said again.
    if (running?.requestId === request.requestId) grant(running, null);
    else begin(device, request);
  }

  function begin(device: string, { requestId, traceId, lastMessageId }: ResumeRequest): void {
    const oldest = log.oldest(device);
    const gap = oldest > lastMessageId + 1 ? { from: lastMessageId + 1, to: oldest - 1 } : null;
    const headAtRequest = log.head(device);
    const replay = {
      device,
      requestId,
      traceId,
      headAtRequest,
      cursor: gap === null ? lastMessageId + 1 : oldest,
    };
    // Under way before the reply is sent: what is published in answer to the reply queues up behind the replay.
    if (replay.cursor <= headAtRequest) replays.start(replay);
    const counts = { headMessageId: headAtRequest, replayCount: headAtRequest - replay.cursor + 1 };
    events.onResume?.({ device, traceId, lastMessageId, ...counts, gap });
    fact("compensation.resumed", device, traceId, { lastMessageId, ...counts });
    grant(replay, gap);
  }

  function grant(replay: Replay, gap: Gap | null): void {
    const { device, requestId, traceId, headAtRequest, cursor } = replay;
    const headMessageId = Math.max(headAtRequest, gap?.to ?? 0);
    const replayCount = Math.max(0, headAtRequest - cursor + 1);
    const counts = { logId: log.id, headMessageId, replayCount, gap };
    send(device, "resumed", encodeResumeReply({ ok: true, requestId, traceId, ...counts }));
    if (gap !== null) fact("compensation.gap", device, traceId, gap, "COMP_1003");
  }

  return {
    publish(device, body, traceId = traceIds.hex(32)) {
      topics.of(device, "downlink");
      const message = log.append(device, { bodyJson: bodyText(body), traceId });
      events.onLogged?.(device, message.id, bodyChecksum(body));
      fact("compensation.logged", device, traceId, { id: message.id });
      if (replays.running(device) === undefined) sendDownlink(device, message, "live");
      return message.id;
    },
    handle(topic, payload) {
      const target = topics.parse(topic);
      if (target?.channel === "register") onRegister(target.device, payload);
      if (target?.channel === "resume") onResume(target.device, payload);
    },
    stop: () => replays.stop(),
  };
}

interface Refused {
  readonly code: RefusalCode;
  /** For the service's own log; the device is told the code only. */
  readonly problem: string;
  readonly request?: ResumeRequest;
}

function bodyText(body: JsonValue): string {
  const problem = problemOfJson(body);
  if (problem !== null) throw new StormfleetError("BIZ_1001", `The body cannot be sent. ${problem}`);
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes <= protocolLimits.bodyBytes) return text;
  throw new StormfleetError(
    "BIZ_1001",
    `The body has ${bytes} bytes; ${protocolLimits.bodyBytes} are allowed.`,
    { hint: "Send it in parts, or send a link to it." },
  );
}
