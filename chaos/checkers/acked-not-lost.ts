import {
  accuseOfLoss,
  counted,
  createFindings,
  createOwedMessages,
  defineChecker,
} from "../../src/define.ts";

/** After PUBACK or PUBREC the broker owns the message and gives it to every session that it is for. */
export const ackedNotLost = defineChecker({
  name: "acked-not-lost",
  guarantee: "Every acknowledged message of QoS 1 or 2 reaches every receiver that was eligible for it.",
  statements: [
    { version: "3.1.1", number: "MQTT-4.3.2-2" },
    { version: "3.1.1", number: "MQTT-4.3.3-2" },
    { version: "3.1.1", number: "MQTT-4.5.0-1" },
    { version: "5.0", number: "MQTT-4.3.2-4" },
    { version: "5.0", number: "MQTT-4.3.3-8" },
    { version: "5.0", number: "MQTT-4.5.0-1" },
  ],
  judge() {
    const messages = createOwedMessages(1);
    const findings = createFindings();
    return {
      see: messages.see,
      conclude() {
        const { acknowledged, delivered, unknown, excused } = messages.totals;
        const { lost, undecided, doubt } = accuseOfLoss(findings, messages.missing());
        const owed = delivered + lost + undecided;
        return {
          outcome: lost > 0 ? "invalid" : undecided > 0 || owed === 0 ? "unknown" : "valid",
          summary: summarise({ acknowledged, owed, lost, doubt }),
          counts: { acknowledged, delivered, lost, undecided, unknownPublishes: unknown, excused },
          offenders: findings.offenders,
          offenderCount: findings.count,
        };
      },
    };
  },
});

interface Found {
  readonly acknowledged: number;
  readonly owed: number;
  readonly lost: number;
  readonly doubt: string | undefined;
}

function summarise({ acknowledged, owed, lost, doubt }: Found): string {
  const deliveries = counted(owed, "owed delivery", "owed deliveries");
  if (lost > 0) return `${lost} of ${deliveries} never came: the broker lost what it had acknowledged.`;
  if (doubt !== undefined) return `${doubt}; let the run drain longer.`;
  const messages = counted(acknowledged, "acknowledged message");
  if (owed === 0) return `Nothing to judge: ${messages}, none owed to an eligible receiver.`;
  return `${messages}: all of ${deliveries} came.`;
}
