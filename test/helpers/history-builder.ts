import type { Checker, Verdict } from "../../src/history/checker.ts";
import type {
  DeliveryEntry,
  FaultEffect,
  HistoryEntry,
  HistoryHeader,
  HistorySettings,
  LifecycleState,
  MessageId,
  NoteEntry,
  QoS,
  RunPhase,
  UnstampedEntry,
} from "../../src/history/entry.ts";

/** A history in memory. */
export interface BuiltHistory {
  readonly header: HistoryHeader;
  readonly entries: readonly HistoryEntry[];
}

/** A part of a history: entries that follow each other, or an instant that the next ones have. */
export type Part = UnstampedEntry | readonly Part[] | { readonly toMs: number };

export const settings: HistorySettings = {
  heartbeatIntervalMs: 1000,
  heartbeatTimeoutMs: 3000,
  handshakeTimeoutMs: 2000,
  backoffBaseMs: 250,
  backoffMaxMs: 2000,
  backoffLongestMs: 2000,
  slackMs: 500,
};

/** The settings' sum: how long a device may take to be back when bytes had vanished. */
export const reconnectAfterSilenceMs = 7500;

export function headerWith(changed: Partial<HistorySettings> = {}): HistoryHeader {
  return {
    stormfleet: "history",
    version: 1,
    run: "run-1",
    experiment: "literal",
    seed: "1",
    startedAt: "2026-01-01T00:00:00.000Z",
    backend: "embedded",
    protocol: "3.1.1",
    devices: 1,
    durationMs: 30_000,
    checkers: [],
    settings: { ...settings, ...changed },
  };
}

/**
 * A history of parts, a millisecond apart unless `at` says otherwise.
 *
 * @example
 * historyOf(subscribed("backend"), publish("meter-1", 7).ok(), delivery("backend", 7), drained());
 */
export function historyOf(...parts: readonly Part[]): BuiltHistory {
  const entries: HistoryEntry[] = [];
  let nowMs = 0;
  const append = (part: Part) => {
    if (isList(part)) part.forEach(append);
    else if ("toMs" in part) nowMs = part.toMs;
    else {
      entries.push({ ...part, atMs: nowMs });
      nowMs += 1;
    }
  };
  parts.forEach(append);
  return { header: headerWith(), entries };
}

function isList(part: Part): part is readonly Part[] {
  return Array.isArray(part);
}

/** The parts begin at the given time of the run, in ms. */
export function at(toMs: number, ...parts: readonly Part[]): Part {
  return [{ toMs }, ...parts];
}

export interface MessageOptions {
  readonly from?: string;
  readonly stream?: string;
  readonly topic?: string;
  readonly qos?: QoS;
  readonly bytes?: number;
  readonly checksum?: number;
  readonly sentinel?: boolean;
}

const defaultStream = "readings";

// Numbers operations across histories; only their being different matters.
let lastOp = 0;

function nextOp(): number {
  lastOp += 1;
  return lastOp;
}

/** A publish that began; end it with one of its methods, or spread its parts to put something in between. */
export interface PublishPart {
  readonly began: Part;
  readonly acked: Part;
  readonly failed: Part;
  readonly gaveUp: Part;
  readonly completed: Part;
  /** It began and was acknowledged. */
  ok(): Part;
  /** It began and was refused. */
  fail(): Part;
  /** It began and nobody knows how it ended. */
  info(): Part;
}

/** `publish("meter-1", 7)`: message 7 of a device's stream `readings`, on the topic `meter-1/readings`, QoS 1. */
export function publish(source: string, sequence: number, options: MessageOptions = {}): PublishPart {
  const op = nextOp();
  const message = idOf(source, sequence, options);
  const ending = { action: "publish", op, actor: source } as const;
  const began: Part = {
    type: "invoke",
    action: "publish",
    op,
    actor: source,
    message,
    topic: options.topic ?? topicOf(message),
    qos: options.qos ?? 1,
    retain: false,
    ...contentOf(message, options),
    epoch: 1,
    traceId: "t",
    ...(options.sentinel ? { sentinel: true } : {}),
  };
  const acked: Part = { type: "ok", ...ending };
  const failed: Part = { type: "fail", ...ending, reason: "CONN_1008" };
  const gaveUp: Part = { type: "info", ...ending, reason: "CONN_1005" };
  const completed: Part = { type: "completed", op, actor: source };
  return {
    began,
    acked,
    failed,
    gaveUp,
    completed,
    ok: () => [began, acked],
    fail: () => [began, failed],
    info: () => [began, gaveUp],
  };
}

/** `delivery("backend", 7)`: message 7 of `meter-1` came out at the backend, QoS 1. */
export function delivery(
  actor: string,
  sequence: number,
  options: MessageOptions & Partial<Pick<DeliveryEntry, "dup" | "retain" | "epoch">> = {},
): Part {
  const message = idOf(options.from ?? "meter-1", sequence, options);
  return {
    type: "delivery",
    actor,
    message,
    topic: options.topic ?? topicOf(message),
    qos: options.qos ?? 1,
    dup: options.dup ?? false,
    retain: options.retain ?? false,
    ...contentOf(message, options),
    epoch: options.epoch ?? 1,
    ...(options.sentinel ? { sentinel: true } : {}),
  };
}

/** A delivery whose payload carries no identity. */
export function foreignDelivery(actor: string, topic: string): Part {
  return {
    type: "delivery",
    actor,
    topic,
    message: null,
    qos: 0,
    dup: false,
    retain: false,
    bytes: 3,
    checksum: 3,
    epoch: 1,
  };
}

function idOf(source: string, sequence: number, { stream = defaultStream }: MessageOptions): MessageId {
  return { source, stream, sequence };
}

function topicOf({ source, stream }: MessageId): string {
  return `${source}/${stream}`;
}

function contentOf({ sequence }: MessageId, { bytes = 64, checksum = sequence }: MessageOptions) {
  return { bytes, checksum };
}

/** The actor subscribed, and a probe came through. */
export function subscribed(
  actor: string,
  filter = "#",
  { qos = 2, persistent = true }: { readonly qos?: QoS; readonly persistent?: boolean } = {},
): Part {
  const op = nextOp();
  const operation = { action: "subscribe", op, actor } as const;
  return [
    { type: "invoke", ...operation, filter, qos },
    { type: "ok", ...operation },
    { type: "eligible", actor, filter, qos, persistent },
  ];
}

/** The drain ended; `missing` are sentinels as `[source, receiver]` of the stream `readings`, or spelled out. */
export function drained(
  ...missing: readonly { readonly source: string; readonly receiver: string; readonly stream?: string }[]
): Part {
  const spelled = missing.map((each) => ({ stream: defaultStream, ...each }));
  return { type: "drained", waitedMs: 10, boundMs: 1000, missing: spelled };
}

export function device(actor: string, link = "link-1"): Part {
  return { type: "device", actor, model: "meter", link, clientId: actor };
}

const causes: Readonly<Record<LifecycleState, string>> = {
  disconnected: "connectionLost",
  connecting: "backoffElapsed",
  connected: "connackReceived",
  backingOff: "handshakeFailed",
  unavailable: "retryBudgetSpent",
  stopped: "stopRequested",
};

/** A change of an actor's connection, with the usual cause unless another is given. */
export function state(
  actor: string,
  from: LifecycleState,
  to: LifecycleState,
  more: {
    readonly cause?: string;
    readonly attempt?: number;
    readonly code?: string;
    readonly epoch?: number;
  } = {},
): Part {
  return { type: "state", actor, from, to, cause: causes[to], epoch: 1, ...more };
}

/** The actor connected, or went away. */
export const connected = (actor: string): Part => state(actor, "connecting", "connected");
export const lost = (actor: string, cause = "connectionLost"): Part =>
  state(actor, "connected", "disconnected", { cause });

/** A fault on `link-1`: its four stages. */
export function fault(
  id: number,
  effect: FaultEffect,
  {
    parameters = {},
    links = ["link-1"],
  }: { readonly parameters?: Readonly<Record<string, unknown>>; readonly links?: readonly string[] } = {},
) {
  const common = { type: "fault", id, fault: `${effect}-it`, links, parameters, effect } as const;
  return {
    injecting: { ...common, stage: "injecting" } satisfies Part,
    injected: { ...common, stage: "injected" } satisfies Part,
    healing: { ...common, stage: "healing" } satisfies Part,
    healed: { ...common, stage: "healed" } satisfies Part,
    put: [
      { ...common, stage: "injecting" },
      { ...common, stage: "injected" },
    ] satisfies Part,
    taken: [
      { ...common, stage: "healing" },
      { ...common, stage: "healed" },
    ] satisfies Part,
  };
}

export const phase = (name: RunPhase): Part => ({ type: "phase", phase: name });
export const note = (name: NoteEntry["note"], detail = "said so"): Part => ({
  type: "note",
  note: name,
  detail,
});
/** The harness stood still for so long before this. */
export const stalled = (forMs: number): Part => ({ type: "stalled", forMs });
export const broker = (event: "lost" | "back"): Part => ({ type: "broker", event });

/** Compensation: the log took messages for a device, the device processed them, or was told that they are gone. */
export const logged = (name: string, ...ids: readonly number[]): Part =>
  ids.map((id) => ({ type: "logged", device: name, id, checksum: id }));
export const processed = (actor: string, ...ids: readonly number[]): Part =>
  ids.map((id) => ({ type: "processed", actor, id, via: "replay", checksum: id }));
export const gap = (actor: string, fromId: number, toId: number): Part => ({
  type: "gap",
  actor,
  fromId,
  toId,
});

/** The uplink store of a device took messages in, or dropped one. */
export const stored = (actor: string, ...sequences: readonly number[]): Part =>
  sequences.map((sequence) => ({
    type: "uplink",
    actor,
    event: "stored",
    message: idOf(actor, sequence, {}),
  }));
export const dropped = (actor: string, sequence: number): Part => ({
  type: "uplink",
  actor,
  event: "dropped",
  message: idOf(actor, sequence, {}),
  policy: "oldest",
});

/** What one checker finds in a history by itself. */
export function judged(
  checker: Checker,
  history: BuiltHistory,
  changed: Partial<HistorySettings> = {},
): Verdict {
  const { settings: own, ...rest } = history.header;
  const judge = checker.judge({ ...rest, settings: { ...own, ...changed } });
  for (const entry of history.entries) judge.see(entry);
  return { checker: checker.name, statements: checker.statements, ...judge.conclude() };
}
