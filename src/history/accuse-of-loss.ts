import { describeDrain } from "./drain.ts";
import { describeMessage } from "./entry.ts";
import { counted, type Findings } from "./findings.ts";
import type { MissingDelivery } from "./owed-messages.ts";
import { describeTime } from "./time-words.ts";

/** What the missing deliveries come to. */
export interface Loss {
  /** Deliveries that will never come; each is among the findings. */
  readonly lost: number;
  /** Deliveries that may only be late. */
  readonly undecided: number;
  /** The undecided ones in words, as a clause; undefined when there are none. */
  readonly doubt: string | undefined;
}

/** Adds an offender for each delivery that was waited for to the end, and says what remains in doubt. */
export function accuseOfLoss(findings: Findings, missing: readonly MissingDelivery[]): Loss {
  const late = missing.filter(({ drain }) => drain !== "complete");
  for (const { message, receiver, invokedAtMs, acknowledgedAtMs, drain } of missing) {
    if (drain !== "complete") continue;
    findings.add(invokedAtMs, () => ({
      what: `${describeMessage(message)} was acknowledged at ${describeTime(acknowledgedAtMs)} and never reached ${receiver}`,
      message,
      actor: receiver,
      fromMs: invokedAtMs,
    }));
  }
  const [first] = late;
  const noun = counted(late.length, "owed delivery has", "owed deliveries have");
  return {
    lost: missing.length - late.length,
    undecided: late.length,
    doubt: first && `${noun} not come, but ${describeDrain(first.drain)}`,
  };
}
