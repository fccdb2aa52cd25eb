import {
  describeMessage,
  type FaultEntry,
  type HistoryEntry,
  type OperationEnded,
  type PublishInvoked,
  type StateEntry,
} from "./entry.ts";

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
    case "delivery": {
      const name = entry.message === null ? `${entry.bytes} foreign bytes` : describeMessage(entry.message);
      const marks = [
        `QoS ${entry.qos}`,
        ...(entry.dup ? ["dup"] : []),
        ...(entry.retain ? ["retained"] : []),
      ];
      const topic = entry.message === null ? ` on ${entry.topic}` : "";
      return { who: entry.actor, what: `← ${name}${topic} (${marks.join(", ")}, connection ${entry.epoch})` };
    }
    case "state":
      return { who: entry.actor, what: `· ${describeState(entry)}` };
    case "fault":
      return { who: "", what: `! ${describeFault(entry)}` };
    case "phase":
      return { who: "", what: `– phase ${entry.phase}` };
    case "drained":
      return { who: "", what: `– drained for ${entry.waitedMs} ms, ${entry.missing.length} streams missing` };
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
      return { who: "", what: `! the harness itself stood still for ${Math.round(entry.forMs)} ms` };
    case "note":
      return { who: "", what: `– ${entry.note}: ${entry.detail}` };
  }
}

function describeInvocation(entry: Extract<HistoryEntry, { type: "invoke" }>): string {
  if (entry.action === "publish") return `publish ${describeMessage(entry.message)} (QoS ${entry.qos})`;
  if (entry.action === "subscribe") return `subscribe ${entry.filter} (QoS ${entry.qos})`;
  return `resume after #${entry.lastMessageId}`;
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

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
