import {
  counted,
  createDrainWatch,
  createFindings,
  createSequenceSet,
  createSequenceTable,
  createStreamMap,
  type DeliveryEntry,
  defineChecker,
  describeDrain,
  describeMessage,
  describeTime,
  type MessageId,
  type OperationEnded,
  type PublishInvoked,
  type UplinkEntry,
  valueAt,
} from "../../src/define.ts";

/** A message in a device's uplink store that has neither gone out nor been dropped. */
interface Stored {
  readonly message: MessageId;
  readonly atMs: number;
  readonly isAfterDrain: boolean;
  /** Whether it may have gone out: a publish of it is under way or ended `info`. */
  mayBeOut: boolean;
}

/**
 * What a device recorded while it was offline comes in, in order, less what its store dropped and reported. Only the
 * device is judged: messages that it published in order and that came in another are the broker's doing (topic-order).
 */
export const uplinkDrain = defineChecker({
  name: "uplink-drain",
  guarantee: "Every stored message is published, in the order of storing, or its drop is reported.",
  statements: [],
  judge() {
    const drain = createDrainWatch();
    const streams = createStreamMap(newStream);
    const publishing = new Map<number, { readonly stored: Stored; readonly qos: number }>();
    const findings = createFindings();
    const counts = { stored: 0, published: 0, dropped: 0, lost: 0, reordered: 0, undecided: 0 };
    let doubt = "";

    function keep({ event, message, atMs }: UplinkEntry): void {
      const stream = streams.at(message);
      if (event === "dropped") {
        counts.dropped += 1;
        stream.open.delete(message.sequence);
        return;
      }
      counts.stored += 1;
      stream.rank += 1;
      stream.ranks.set(message.sequence, rankColumn, stream.rank);
      stream.open.set(message.sequence, { message, atMs, isAfterDrain: drain.over, mayBeOut: false });
    }

    function publish({ op, message, qos }: PublishInvoked): void {
      const stream = streams.find(message);
      const stored = stream?.open.get(message.sequence);
      if (stream === undefined || stored === undefined) return;
      stream.turn += 1;
      // Publishing again what may be out already does not change the order.
      if (!stored.mayBeOut) stream.ranks.set(message.sequence, turnColumn, stream.turn);
      stored.mayBeOut = true;
      publishing.set(op, { stored, qos });
    }

    function end({ type, op }: OperationEnded): void {
      const ended = publishing.get(op);
      if (ended === undefined) return;
      publishing.delete(op);
      // At QoS 0 nobody learns more than that it was sent.
      if (type === "ok" || (type === "info" && ended.qos === 0)) close(ended.stored.message);
      else if (type === "fail") ended.stored.mayBeOut = false;
    }

    function close(message: MessageId): void {
      if (streams.find(message)?.open.delete(message.sequence)) counts.published += 1;
    }

    function deliver({ actor, atMs }: DeliveryEntry, message: MessageId): void {
      const stream = streams.at(message);
      const seen = valueAt(stream.receivers, actor, newReceiver);
      const turnOf = (sequence: number) => stream.ranks.get(sequence, turnColumn);
      // What comes in before it went out is not the device's; a broken payload may carry any number.
      if (turnOf(message.sequence) === 0 || !seen.delivered.add(message.sequence)) return;
      close(message);
      const rank = stream.ranks.get(message.sequence, rankColumn);
      if (rank > seen.highestRank) {
        seen.highestRank = rank;
        seen.highestSequence = message.sequence;
        return;
      }
      const { highestSequence } = seen;
      if (rank === 0 || turnOf(message.sequence) < turnOf(highestSequence)) return;
      counts.reordered += 1;
      findings.add(atMs, () => ({
        what: `${describeMessage(message)} was published, and reached ${actor} at ${describeTime(atMs)}, after #${highestSequence}, which was stored later`,
        message,
        related: [{ ...message, sequence: highestSequence }],
        actor,
        untilMs: atMs,
      }));
    }

    function settle({ message, atMs, isAfterDrain, mayBeOut }: Stored): void {
      const state = drain.stateOf(message);
      if (isAfterDrain) return;
      if (state === "complete" && !mayBeOut) {
        counts.lost += 1;
        const what = `${describeMessage(message)} was stored at ${describeTime(atMs)} and neither published nor reported as dropped`;
        findings.add(atMs, () => ({ what, message, actor: message.source, fromMs: atMs }));
      } else {
        counts.undecided += 1;
        doubt = state === "complete" ? "nobody knows how its publish ended" : describeDrain(state);
      }
    }

    return {
      see(entry) {
        drain.see(entry);
        if (entry.type === "uplink") keep(entry);
        else if (entry.type === "invoke") {
          if (entry.action === "publish") publish(entry);
        } else if (entry.type === "ok" || entry.type === "info" || entry.type === "fail") end(entry);
        else if (entry.type === "delivery" && entry.message !== null) deliver(entry, entry.message);
      },
      conclude() {
        for (const { open } of streams.values()) for (const stored of open.values()) settle(stored);
        const { stored, undecided } = counts;
        return {
          outcome: findings.count > 0 ? "invalid" : stored === 0 || undecided > 0 ? "unknown" : "valid",
          summary: summarise({ ...counts, doubt }),
          counts,
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

// The columns of the table: the order of storing and the order of publishing, each from 1.
const rankColumn = 0;
const turnColumn = 1;

const newStream = () => ({
  open: new Map<number, Stored>(),
  ranks: createSequenceTable(2),
  rank: 0,
  turn: 0,
  receivers: new Map<string, ReturnType<typeof newReceiver>>(),
});

const newReceiver = () => ({ delivered: createSequenceSet(), highestRank: 0, highestSequence: 0 });

interface Found {
  readonly stored: number;
  readonly dropped: number;
  readonly lost: number;
  readonly reordered: number;
  readonly undecided: number;
  readonly doubt: string;
}

function summarise({ stored, dropped, lost, reordered, undecided, doubt }: Found): string {
  const messages = counted(stored, "stored message");
  if (lost + reordered > 0)
    return `Of ${messages} ${lost} vanished without a report, ${reordered} came out of order.`;
  if (stored === 0) return "Nothing to judge: no device stored a message.";
  if (undecided > 0) return `${undecided} of ${messages} did not come out, but ${doubt}.`;
  return `${messages}: all published in order, less ${dropped} reported as dropped.`;
}
