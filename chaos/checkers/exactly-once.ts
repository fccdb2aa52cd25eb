import {
  accuseOfLoss,
  counted,
  createCopyCount,
  createFindings,
  createOwedMessages,
  type DeliveryEntry,
  defineChecker,
  describeMessage,
  describeTime,
} from "../../src/define.ts";

/** The whole of QoS 2: no acknowledged message is lost and none comes twice, over any number of reconnects. */
export const exactlyOnce = defineChecker({
  name: "exactly-once",
  guarantee: "Every acknowledged message of QoS 2 reaches every eligible receiver exactly once.",
  statements: [
    { version: "3.1.1", number: "MQTT-4.3.3-1" },
    { version: "3.1.1", number: "MQTT-4.3.3-2" },
    { version: "5.0", number: "MQTT-4.3.3-8" },
    { version: "5.0", number: "MQTT-4.3.3-10" },
    { version: "5.0", number: "MQTT-4.3.3-12" },
  ],
  judge() {
    const owed = createOwedMessages(2);
    const copies = createCopyCount();
    const findings = createFindings();
    let delivered = 0;
    let doubled = 0;
    let qos1Repeats = 0;

    function deliver(entry: DeliveryEntry): void {
      const { message, actor, qos, atMs } = entry;
      // A retained copy is sent because of a subscription, not because of the publish.
      if (message === null || entry.retain || qos === 0) return;
      if (qos === 2) delivered += 1;
      if (!copies.isRepeat(entry, message)) return;
      if (qos === 1) {
        // At least once is all that QoS 1 promises; the number is of interest all the same.
        qos1Repeats += 1;
        return;
      }
      doubled += 1;
      findings.add(atMs, () => ({
        what: `${describeMessage(message)} was delivered to ${actor} once more at ${describeTime(atMs)}`,
        message,
        actor,
        untilMs: atMs,
      }));
    }

    return {
      see(entry) {
        owed.see(entry);
        if (entry.type === "delivery") deliver(entry);
        else copies.see(entry);
      },
      conclude() {
        const { lost, undecided, doubt } = accuseOfLoss(findings, owed.missing());
        const nothing = delivered + lost + undecided === 0;
        return {
          outcome: findings.count > 0 ? "invalid" : nothing || undecided > 0 ? "unknown" : "valid",
          summary: summarise({ delivered, doubled, lost, doubt, nothing }),
          counts: { delivered, doubled, lost, undecided, qos1Repeats },
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

interface Found {
  readonly delivered: number;
  readonly doubled: number;
  readonly lost: number;
  readonly doubt: string | undefined;
  readonly nothing: boolean;
}

function summarise({ delivered, doubled, lost, doubt, nothing }: Found): string {
  if (nothing) return "Nothing to judge: no message of QoS 2 was delivered or owed.";
  const repeats = counted(doubled, "repeated delivery", "repeated deliveries");
  if (doubled + lost > 0)
    return `QoS 2 was not exactly once: ${repeats}, ${lost} acknowledged but never delivered.`;
  if (doubt !== undefined) return `No repeats at QoS 2, but ${doubt}; let the run drain longer.`;
  return `${counted(delivered, "delivery", "deliveries")} of QoS 2: none repeated, none missing.`;
}
