import {
  type DeliveryEntry,
  type DrainedEntry,
  describeMessage,
  type FaultEntry,
  type HistoryEntry,
  type OperationEnded,
  type PublishInvoked,
  type StateEntry,
} from "./entry.ts";
import { counted } from "./findings.ts";
import { describeSpan } from "./time-words.ts";

/** An entry in words: who it is about, and what happened. */
export interface EntryWords {
  /** Empty for what concerns the whole run. */
  readonly who: string;
  /** Begins with a sign: `→` goes out, `←` comes in, `✓ ✗ ?` ends, `·` is a state, `!` a disturbance, `–` a note. */
  readonly what: string;
}

/** An entry as one line without its time. */
export function describeEntry(entry: HistoryEntry): string {
  const { who, what } = wordsOf(entry);
  return who === "" ? what : `${who} ${what}`;
}

/** An entry in words. Publishes are needed to name what an operation was about; without them its number is given. */
export function wordsOf(entry: HistoryEntry, publishes?: ReadonlyMap<number, PublishInvoked>): EntryWords {
  switch (entry.type) {
    case "device":
      return { who: entry.actor, what: `– is a ${entry.model} on the link ${entry.link}` };
    case "invoke":
      return { who: entry.actor, what: `→ ${describeInvocation(entry)}` };
    case "ok":
    case "fail":
    case "info":
      return { who: entry.actor, what: describeEnd(entry, publishes) };
    case "completed":
      return { who: entry.actor, what: `✓ completed ${nameOf(entry.op, publishes)}` };
    case "eligible":
      return { who: entry.actor, what: `– is subscribed to ${entry.filter} (QoS ${entry.qos})` };
    case "delivery":
      return { who: entry.actor, what: `← ${describeDelivery(entry, publishes)}` };
    case "state":
      return { who: entry.actor, what: `· ${describeState(entry)}` };
    case "fault":
      return { who: "", what: `! ${describeFault(entry)}` };
    case "phase":
      return { who: "", what: `– phase ${entry.phase}` };
    case "drained":
      return { who: "", what: `– ${describeDrained(entry)}` };
    case "logged":
      return { who: entry.device, what: `– #${entry.id} was logged for it` };
    case "processed":
      return { who: entry.actor, what: `✓ processed #${entry.id} (${entry.via})` };
    case "gap":
      return { who: entry.actor, what: `← was told that #${entry.fromId} to #${entry.toId} are gone` };
    case "uplink": {
      const policy = entry.policy === undefined ? "" : ` (${entry.policy})`;
      return { who: entry.actor, what: `– ${entry.event} ${describeMessage(entry.message)}${policy}` };
    }
    case "broker":
      return { who: "broker", what: `! ${entry.event}${because(entry.reason)}` };
    case "stalled":
      return { who: "", what: `! the harness itself lagged for ${Math.round(entry.forMs)} ms` };
    case "note":
      return { who: "", what: `– ${entry.note}: ${entry.detail}` };
  }
}

function describeInvocation(entry: Extract<HistoryEntry, { type: "invoke" }>): string {
  if (entry.action === "publish") return `publish ${describeMessage(entry.message)} (QoS ${entry.qos})`;
  if (entry.action === "subscribe") return `subscribe ${entry.filter} (QoS ${entry.qos})`;
  return `resume after #${entry.lastMessageId}`;
}

function describeDelivery(entry: DeliveryEntry, publishes?: ReadonlyMap<number, PublishInvoked>): string {
  const { message, bytes, topic, qos, dup, retain, epoch } = entry;
  const name = message === null ? `${bytes} unreadable bytes on ${topic}` : describeMessage(message);
  const marks = [
    `QoS ${qos}`,
    ...(dup ? ["dup"] : []),
    ...(retain ? ["retained"] : []),
    ...(isChanged(entry, publishes) ? ["payload changed"] : []),
    `connection ${epoch}`,
  ];
  return `${name} (${marks.join(", ")})`;
}

/** Whether the message was published, but never with this payload. */
function isChanged(
  { message, bytes, checksum }: DeliveryEntry,
  publishes?: ReadonlyMap<number, PublishInvoked>,
): boolean {
  if (message === null || publishes === undefined) return false;
  const name = describeMessage(message);
  const published = [...publishes.values()].filter((each) => describeMessage(each.message) === name);
  return (
    published.length > 0 && !published.some((each) => each.bytes === bytes && each.checksum === checksum)
  );
}

function describeEnd(entry: OperationEnded, publishes?: ReadonlyMap<number, PublishInvoked>): string {
  const name = entry.action === "publish" ? nameOf(entry.op, publishes) : `${entry.action} (op ${entry.op})`;
  const words = { ok: "✓ acknowledged", fail: "✗ failed", info: "? unknown end of" }[entry.type];
  return `${words} ${name}${because(entry.reason)}`;
}

function nameOf(op: number, publishes?: ReadonlyMap<number, PublishInvoked>): string {
  const publish = publishes?.get(op);
  return publish === undefined ? `op ${op}` : describeMessage(publish.message);
}

function describeState({ from, to, cause, attempt, delayMs, sessionPresent, code }: StateEntry): string {
  const details = [
    cause,
    ...(code === undefined ? [] : [code]),
    ...(attempt === undefined ? [] : [`retry ${attempt + 1}`]),
    ...(delayMs === undefined ? [] : [`in ${Math.round(delayMs)} ms`]),
    ...(sessionPresent === undefined ? [] : [sessionPresent ? "session kept" : "no session"]),
  ];
  return `${from} → ${to} (${details.join(", ")})`;
}

function describeFault({ stage, fault, links, effect, error }: FaultEntry): string {
  return `${stage} ${fault} on ${links.join(", ")} (${effect})${because(error)}`;
}

function describeDrained({ waitedMs, missing }: DrainedEntry): string {
  const span = describeSpan(waitedMs);
  if (missing.length === 0) return `drained: every stream came to its end within ${span}`;
  return `drained for ${span}: ${counted(missing.length, "stream")} did not come to an end`;
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
