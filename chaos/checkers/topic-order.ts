import {
  counted,
  createFindings,
  createSequenceSet,
  createSequenceTable,
  createStreamMap,
  type DeliveryEntry,
  defineChecker,
  describeMessage,
  describeTime,
  type MessageId,
  type PublishInvoked,
  valueAt,
} from "../../src/define.ts";

/**
 * Per publisher, topic and QoS the broker keeps the order of publishing. Only first deliveries count: a repeat at QoS 1
 * may step back as far as the window of what was not acknowledged.
 */
export const topicOrder = defineChecker({
  name: "topic-order",
  guarantee: "First deliveries on one topic at one QoS come in the order of publishing.",
  statements: [
    { version: "3.1.1", number: "MQTT-4.6.0-5" },
    { version: "3.1.1", number: "MQTT-4.6.0-6" },
    { version: "5.0", number: "MQTT-4.6.0-5" },
    { version: "5.0", number: "MQTT-4.6.0-6" },
  ],
  judge() {
    const orders = createPublishOrders();
    const receivers = new Map<string, ReturnType<typeof newReceiver>>();
    const findings = createFindings();
    const counts = { deliveries: 0, repeats: 0, reordered: 0, notJudged: 0 };

    function deliver({ actor, topic, qos, atMs }: DeliveryEntry, message: MessageId): void {
      const published = orders.of(message);
      if (published === undefined || published.isOutOfTurn) {
        counts.notJudged += 1;
        return;
      }
      const topics = valueAt(receivers, actor, newReceiver).at(message);
      const flows = valueAt(topics, topic, (): (Flow | undefined)[] => []);
      const lane = published.qos * 3 + qos;
      const flow = flows[lane] ?? { delivered: createSequenceSet(), highest: 0 };
      flows[lane] = flow;
      counts.deliveries += 1;
      if (!flow.delivered.add(message.sequence)) counts.repeats += 1;
      else if (message.sequence > flow.highest) flow.highest = message.sequence;
      else {
        counts.reordered += 1;
        const { highest } = flow;
        findings.add(atMs, () => ({
          what: `${describeMessage(message)} first reached ${actor} at ${describeTime(atMs)}, after #${highest} of the same topic and QoS ${qos}`,
          message,
          related: [{ ...message, sequence: highest }],
          actor,
          untilMs: atMs,
        }));
      }
    }

    return {
      see(entry) {
        if (entry.type === "invoke" && entry.action === "publish") orders.publish(entry);
        // A retained copy comes when somebody subscribes, whatever was published since.
        else if (entry.type === "delivery" && entry.message !== null && !entry.retain)
          deliver(entry, entry.message);
      },
      conclude() {
        const judged = counted(counts.deliveries, "delivery", "deliveries");
        return {
          outcome: findings.count > 0 ? "invalid" : counts.deliveries === 0 ? "unknown" : "valid",
          summary:
            counts.deliveries === 0
              ? "Nothing to judge: no delivery of a message that was published in order."
              : findings.count > 0
                ? `${findings.count} of ${judged} came after a later message of the same topic and QoS.`
                : `${judged} in the order of publishing.`,
          counts,
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

/** What came out at one receiver, of one stream, on one topic, at one QoS. */
interface Flow {
  readonly delivered: ReturnType<typeof createSequenceSet>;
  highest: number;
}

const newReceiver = () => createStreamMap(() => new Map<string, (Flow | undefined)[]>());

const outOfTurn = 8;

/**
 * Remembers of each message its QoS and whether it was published in turn. A message that was published again, or after a
 * later one of its topic and QoS, has no place in the order that could be broken.
 */
function createPublishOrders() {
  const streams = createStreamMap(() => ({
    table: createSequenceTable(1),
    highest: new Map<string, [number, number, number]>(),
  }));
  return {
    publish({ message, topic, qos }: PublishInvoked): void {
      const { table, highest } = streams.at(message);
      const byQos = valueAt(highest, topic, (): [number, number, number] => [0, 0, 0]);
      const isInTurn = message.sequence > byQos[qos];
      if (isInTurn) byQos[qos] = message.sequence;
      table.set(message.sequence, 0, 1 + qos + (isInTurn ? 0 : outOfTurn));
    },
    of(message: MessageId): { readonly qos: number; readonly isOutOfTurn: boolean } | undefined {
      const value = streams.find(message)?.table.get(message.sequence, 0) ?? 0;
      return value === 0 ? undefined : { qos: (value % outOfTurn) - 1, isOutOfTurn: value >= outOfTurn };
    },
  };
}
