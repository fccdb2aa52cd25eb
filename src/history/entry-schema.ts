import type { HistoryEntry } from "./entry.ts";

/** What a field may hold: null when it is fine, else what was expected. */
type Field = (value: unknown) => string | null;

const text: Field = (value) => (typeof value === "string" ? null : "a text");
const truth: Field = (value) => (typeof value === "boolean" ? null : "true or false");
const count: Field = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? null : "a whole number from 0";
const milliseconds: Field = (value) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? null : "a number of milliseconds";
const qos: Field = (value) => (value === 0 || value === 1 || value === 2 ? null : "0, 1 or 2");
const object: Field = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? null : "an object";

const oneOf =
  (...allowed: readonly string[]): Field =>
  (value) =>
    allowed.includes(value as string) ? null : `one of ${allowed.join(", ")}`;
const optional =
  (field: Field): Field =>
  (value) =>
    value === undefined ? null : field(value);
const nullable =
  (field: Field): Field =>
  (value) =>
    value === null ? null : field(value);
const listOf =
  (field: Field): Field =>
  (value) =>
    Array.isArray(value) && value.every((each) => field(each) === null) ? null : "a list";
const record =
  (shape: Readonly<Record<string, Field>>): Field =>
  (value) => {
    if (object(value) !== null) return "an object";
    const wrong = firstWrong(shape, value as Readonly<Record<string, unknown>>);
    return wrong === null ? null : `an object whose ${wrong}`;
  };

const message = record({ source: text, stream: text, sequence: count });
const lifecycleState = oneOf(
  "disconnected",
  "connecting",
  "connected",
  "backingOff",
  "unavailable",
  "stopped",
);
const ended = {
  action: oneOf("publish", "subscribe", "resume"),
  op: count,
  actor: text,
  reason: optional(text),
  replayed: optional(count),
  headMessageId: optional(count),
};
const payload = { bytes: count, checksum: count };

const invocations: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  publish: { op: count, actor: text, message, topic: text, qos, retain: truth, ...payload, epoch: count },
  subscribe: { op: count, actor: text, filter: text, qos },
  resume: { op: count, actor: text, lastMessageId: count },
};

const shapes: Readonly<Record<Exclude<HistoryEntry["type"], "invoke">, Readonly<Record<string, Field>>>> = {
  device: { actor: text, model: text, link: text, clientId: text },
  ok: ended,
  fail: ended,
  info: ended,
  completed: { op: count, actor: text },
  eligible: { actor: text, filter: text, qos, persistent: truth },
  delivery: {
    actor: text,
    topic: text,
    message: nullable(message),
    qos,
    dup: truth,
    retain: truth,
    ...payload,
    epoch: count,
  },
  state: { actor: text, from: lifecycleState, to: lifecycleState, cause: text, epoch: count },
  fault: {
    id: count,
    fault: text,
    links: listOf(text),
    parameters: object,
    effect: oneOf("severs", "cuts", "silences", "delays"),
    stage: oneOf("injecting", "injected", "healing", "healed"),
  },
  phase: { phase: text },
  drained: {
    waitedMs: milliseconds,
    boundMs: milliseconds,
    missing: listOf(record({ source: text, stream: text, receiver: text })),
  },
  logged: { device: text, id: count, checksum: count },
  processed: { actor: text, id: count, via: oneOf("live", "replay"), checksum: count },
  gap: { actor: text, fromId: count, toId: count },
  uplink: { actor: text, event: oneOf("stored", "dropped"), message },
  broker: { event: oneOf("lost", "back") },
  stalled: { forMs: milliseconds },
  note: { note: text, detail: text },
};

const settings = record({
  heartbeatIntervalMs: milliseconds,
  heartbeatTimeoutMs: milliseconds,
  handshakeTimeoutMs: milliseconds,
  backoffBaseMs: milliseconds,
  backoffMaxMs: milliseconds,
  backoffLongestMs: milliseconds,
  slackMs: milliseconds,
  retryBudget: optional(count),
});

const header: Readonly<Record<string, Field>> = {
  run: text,
  experiment: text,
  seed: text,
  startedAt: text,
  backend: text,
  protocol: oneOf("3.1.1", "5.0"),
  devices: count,
  durationMs: milliseconds,
  checkers: listOf(text),
  settings,
};

/** Why the value is no history entry, in words that follow "it"; null when it is one. Unknown fields are let pass. */
export function faultOfEntry(value: unknown): string | null {
  if (object(value) !== null) return "is no object";
  const entry = value as Readonly<Record<string, unknown>>;
  if (milliseconds(entry.atMs) !== null) return "has no time";
  const shape = shapeOf(entry);
  if (shape === undefined) return `is of the unknown type ${JSON.stringify(entry.type)}`;
  const wrong = firstWrong(shape, entry);
  return wrong === null ? null : `is of the type "${String(entry.type)}", but its ${wrong}`;
}

/** Why the value is no header of this version, in words that follow "it"; null when it is one. */
export function faultOfHeader(value: Readonly<Record<string, unknown>>): string | null {
  const wrong = firstWrong(header, value);
  return wrong === null ? null : `is a header, but its ${wrong}`;
}

function shapeOf(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, Field>> | undefined {
  const [table, key] = entry.type === "invoke" ? [invocations, entry.action] : [shapes, entry.type];
  return typeof key === "string" && Object.hasOwn(table, key)
    ? (table as Readonly<Record<string, Readonly<Record<string, Field>>>>)[key]
    : undefined;
}

function firstWrong(
  shape: Readonly<Record<string, Field>>,
  value: Readonly<Record<string, unknown>>,
): string | null {
  for (const name in shape) {
    const expected = shape[name]?.(value[name]);
    if (typeof expected === "string") return `"${name}" is not ${expected}`;
  }
  return null;
}
