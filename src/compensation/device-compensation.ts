import { type ErrorCode, messageOf } from "../errors.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { World } from "../time/world.ts";
import { createAheadBuffer } from "./ahead-buffer.ts";
import { advanced, fitOf, type LedgerState, type LedgerStore } from "./device-ledger.ts";
import {
  type Downlink,
  type Gap,
  parseDownlink,
  parseRegisterReply,
  parseResumeReply,
  type Resumption,
} from "./protocol.ts";
import {
  createResumeConversation,
  defaultResumeTiming,
  type ResumeEvent,
  type ResumeTiming,
} from "./resume-conversation.ts";
import type { CompensationTopics } from "./topics.ts";
import type { JsonValue } from "./wire-json.ts";

/** What the device's application hears. */
export interface DeviceCompensationEvents {
  /** A message is due: each id once, by rising id. What it throws is reported as a fact; the message counts as processed. */
  process(id: number, body: JsonValue, via: "live" | "replay", traceId: string): void;
  /** Messages `from … to` (both included) are gone for good; processing goes on after them. */
  onGap(from: number, to: number): void;
  /** COMP_1001, COMP_1002, COMP_1004: a request was refused · COMP_1005: not answered · BIZ_1001: an unreadable payload. */
  onError(code: ErrorCode): void;
  /** The course of each resume request, for the history. */
  onResume?(event: ResumeEvent): void;
}

export interface DeviceCompensationOptions {
  readonly world: World;
  /** The device's name in its topics. */
  readonly device: string;
  readonly topics: CompensationTopics;
  readonly telemetry: Telemetry;
  /** Publishes to the broker. What it throws counts as a message lost on the way. */
  readonly send: (topic: string, payload: Uint8Array) => void;
  readonly store: LedgerStore;
  readonly events: DeviceCompensationEvents;
  readonly timing?: Partial<ResumeTiming>;
  /** How many messages that came before their turn are kept. Default 64; more are replayed instead. */
  readonly maxAheadMessages?: number;
}

export interface DeviceCompensation {
  readonly ledger: LedgerState;
  /** Call when the connection is up and `topics.deviceFilters(device)` are subscribed. */
  onConnected(): void;
  /** Call when the connection is gone; leaves no timer running. */
  onDisconnected(): void;
  /** Takes in what arrived; ignores other topics, never throws on bad input. */
  handle(topic: string, payload: Uint8Array): void;
}

/** The device's side of message compensation; see docs/compensation.md. Knows nothing of the transport. */
export function createDeviceCompensation(options: DeviceCompensationOptions): DeviceCompensation {
  const { world, device, topics, telemetry, store, events } = options;
  const { maxAheadMessages = 64 } = options;
  const ahead = createAheadBuffer(maxAheadMessages);
  const topicOf = {
    registered: topics.of(device, "registered"),
    resumed: topics.of(device, "resumed"),
    downlink: topics.of(device, "downlink"),
  };
  let ledger = store.load();

  const random = world.random.fork(`compensation/${device}`);
  const conversation = createResumeConversation(
    { ...world, random },
    {
      timing: { ...defaultResumeTiming, ...options.timing },
      ledger: () => ledger,
      updateLedger(next) {
        // Another log, or an older state of this one: what waits for its turn belongs to the past.
        if (next.logId !== ledger.logId || next.lastMessageId < ledger.lastMessageId) ahead.clear();
        ledger = next;
        store.save(next);
      },
      send(channel, payload) {
        try {
          options.send(topics.of(device, channel), payload);
        } catch (thrown) {
          fact("compensation.send-failed", { channel, reason: messageOf(thrown) });
        }
      },
      onResume(event) {
        fact(`compensation.resume-${event.type}`, { ...event });
        events.onResume?.(event);
      },
      onError: report,
    },
  );

  function fact(name: string, data: Readonly<Record<string, unknown>>, code?: ErrorCode): void {
    if (!telemetry.enabled) return;
    const { traceId } = data;
    const origin = typeof traceId === "string" ? { traceId } : {};
    telemetry.emit({ name, subject: device, data, ...origin, ...(code === undefined ? {} : { code }) });
  }

  function report(code: ErrorCode, problem = ""): void {
    fact("compensation.error", { problem }, code);
    events.onError(code);
  }

  function onDownlink(payload: Uint8Array): void {
    const parsed = parseDownlink(payload);
    if (parsed.ok) place(parsed.value);
    else report(parsed.code, parsed.problem);
  }

  function place(message: Downlink): void {
    // A ledger in doubt places nothing: until the device is registered anew, its ids may mean other messages.
    const fit = conversation.doubtful ? "foreign" : fitOf(ledger, message);
    if (fit === "next") {
      deliver(message);
      settle();
    } else if (fit === "had") {
      fact("compensation.repeated", { id: message.messageId, traceId: message.traceId });
    } else {
      if (fit === "ahead") ahead.hold(message);
      conversation.miss();
    }
  }

  function deliver(message: Downlink): void {
    const { messageId: id, body, via, traceId } = message;
    // Before the application sees it: a call that comes back here must find the message done.
    ledger = advanced(ledger, id);
    ahead.discard(id);
    try {
      events.process(id, body, via, traceId);
    } catch (thrown) {
      fact("compensation.process-failed", { id, traceId, reason: messageOf(thrown) });
    }
    store.save(ledger);
    fact("compensation.processed", { id, via, traceId });
  }

  function skip(gap: Gap): void {
    ledger = advanced(ledger, gap.to);
    store.save(ledger);
    fact("compensation.gap", { ...gap }, "COMP_1003");
    events.onGap(gap.from, gap.to);
  }

  /** Goes through everything whose turn has come. */
  function settle(): void {
    for (let due = ahead.take(ledger.lastMessageId + 1); due !== null; ) {
      if ("message" in due) deliver(due.message);
      else skip(due.gap);
      due = ahead.take(ledger.lastMessageId + 1);
    }
    conversation.progressed();
    // Held behind a hole that nobody has asked about since.
    if (ahead.holdsAny) conversation.miss();
  }

  function onResumed(payload: Uint8Array): void {
    const parsed = parseResumeReply(payload);
    if (!parsed.ok) report(parsed.code, parsed.problem);
    else if (parsed.value.ok) takeResumption(parsed.value);
    else conversation.refused("resumed", parsed.value);
  }

  function takeResumption(reply: Resumption): void {
    if (conversation.doubtful || reply.logId !== ledger.logId) return;
    conversation.resumed(reply);
    // Also from the reply to an earlier request: what a log forgot never comes back to it.
    if (reply.gap !== null) ahead.announce(reply.gap);
    settle();
    if (reply.headMessageId > ledger.lastMessageId) conversation.miss();
  }

  function onRegistered(payload: Uint8Array): void {
    const parsed = parseRegisterReply(payload);
    if (!parsed.ok) report(parsed.code, parsed.problem);
    else if (parsed.value.ok) conversation.registered(parsed.value);
    else conversation.refused("registered", parsed.value);
  }

  return {
    get ledger() {
      return ledger;
    },
    onConnected: () => conversation.begin(),
    onDisconnected: () => conversation.end(),
    handle(topic, payload) {
      if (topic === topicOf.downlink) onDownlink(payload);
      else if (topic === topicOf.resumed) onResumed(payload);
      else if (topic === topicOf.registered) onRegistered(payload);
    },
  };
}
