import {
  counted,
  createFindings,
  createSequenceTable,
  createStreamMap,
  type DeliveryEntry,
  defineChecker,
  describeMessage,
  describeTime,
  type MessageId,
  matchesTopic,
  type Offender,
  type PublishInvoked,
  valueAt,
} from "../../src/define.ts";

/** What comes out is what somebody put in, unchanged, and only where it was asked for. */
export const noCrosstalk = defineChecker({
  name: "no-crosstalk",
  guarantee: "Every delivery was published before, is unchanged, and matches a subscription of its receiver.",
  statements: [],
  judge() {
    const published = createPublishLedger();
    const filters = new Map<string, Set<string>>();
    const findings = createFindings();
    let deliveries = 0;

    function deliver(entry: DeliveryEntry): void {
      deliveries += 1;
      const { actor, topic, atMs, message } = entry;
      const accuse = (what: string) =>
        findings.add(atMs, (): Offender => {
          const at = `${what} (at ${describeTime(atMs)})`;
          return { what: at, actor, ...(message === null ? { fromMs: atMs } : { message }), untilMs: atMs };
        });
      if (message === null)
        accuse(`${actor} received ${entry.bytes} bytes on ${topic} that nobody of this run published`);
      else {
        const difference = published.differenceOf(entry, message);
        if (difference !== undefined)
          accuse(`${describeMessage(message)} reached ${actor}, but ${difference}`);
      }
      const own = filters.get(actor);
      if (own === undefined || ![...own].some((filter) => matchesTopic(filter, topic))) {
        accuse(`${actor} received a message on ${topic}, which it did not subscribe to`);
      }
    }

    return {
      see(entry) {
        if (entry.type === "delivery") deliver(entry);
        else if (entry.type !== "invoke") return;
        else if (entry.action === "publish") published.add(entry);
        else if (entry.action === "subscribe")
          valueAt(filters, entry.actor, () => new Set<string>()).add(entry.filter);
      },
      conclude: () => ({
        outcome: findings.count > 0 ? "invalid" : deliveries === 0 ? "unknown" : "valid",
        summary:
          deliveries === 0
            ? "Nothing to judge: nothing was delivered."
            : findings.count > 0
              ? `${counted(findings.count, "finding")} in ${counted(deliveries, "delivery", "deliveries")}: foreign, changed or not subscribed to.`
              : `${counted(deliveries, "delivery", "deliveries")}, all published before, unchanged and subscribed to.`,
        counts: { deliveries, foreign: findings.count },
        offenders: findings.offenders,
        offenderCount: findings.count,
      }),
    };
  },
});

type Content = Pick<PublishInvoked, "topic" | "bytes" | "checksum">;

// The columns of the table: twelve bytes per message, whatever the length of its topic.
const topicHash = 0;
const size = 1;
const checksum = 2;

/** Remembers what was published: fingerprints in a table, and in full only what was published twice and differently. */
function createPublishLedger() {
  const streams = createStreamMap(() => ({
    table: createSequenceTable(3),
    others: new Map<number, Content[]>(),
  }));

  function difference(
    stored: readonly number[],
    { topic, bytes, checksum: sum }: Content,
  ): string | undefined {
    // One more than the size is stored, so that an empty payload differs from no publish.
    if (stored[size] === 0) return "it was not published before";
    if (stored[topicHash] !== hashOf(topic)) return `was published on another topic than ${topic}`;
    if (stored[size] !== bytes + 1)
      return `was published with ${(stored[size] ?? 0) - 1} bytes, not ${bytes}`;
    return stored[checksum] === sum ? undefined : "its payload was changed";
  }

  return {
    add({ message, topic, bytes, checksum: sum }: PublishInvoked): void {
      const { table, others } = streams.at(message);
      const { sequence } = message;
      const content = { topic, bytes, checksum: sum };
      if (table.get(sequence, size) !== 0) {
        // Firmware that publishes again what it does not know the end of may stamp the payload anew.
        valueAt(others, sequence, () => []).push(content);
        return;
      }
      table.set(sequence, topicHash, hashOf(topic));
      table.set(sequence, size, bytes + 1);
      table.set(sequence, checksum, sum);
    },
    /** How the delivery differs from all that was published under its identity, as a clause; undefined if it does not. */
    differenceOf(delivery: Content, message: MessageId): string | undefined {
      const stream = streams.find(message);
      const columns = [topicHash, size, checksum];
      const stored = columns.map((column) => stream?.table.get(message.sequence, column) ?? 0);
      const found = difference(stored, delivery);
      if (found === undefined) return undefined;
      const isOther = stream?.others.get(message.sequence)?.some((other) => isSame(other, delivery));
      return isOther ? undefined : found;
    },
  };
}

function isSame(one: Content, other: Content): boolean {
  return one.topic === other.topic && one.bytes === other.bytes && one.checksum === other.checksum;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
