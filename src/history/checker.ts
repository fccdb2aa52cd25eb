import type { HistoryEntry, HistoryHeader, MessageId } from "./entry.ts";

export type Outcome = "valid" | "invalid" | "unknown";

/** A statement of the MQTT specification; the same number means different things in the two versions. */
export interface Statement {
  readonly version: "3.1.1" | "5.0";
  /** Such as `MQTT-4.3.3-2`. */
  readonly number: string;
}

/** One piece of evidence against the system under test. */
export interface Offender {
  /** What is wrong with it, in one sentence. */
  readonly what: string;
  /** The message it is about; the timeline is gathered by it. */
  readonly message?: MessageId;
  /** Other messages without which the story cannot be understood, such as the one that it came after. */
  readonly related?: readonly MessageId[];
  /** The device or subscriber it is about; the timeline shows its states. */
  readonly actor?: string;
  /** Compensated messages: the id in the device's log. */
  readonly logId?: number;
  /** The stretch of the run that matters, for timelines that are not about one message. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** What one checker found. */
export interface Verdict {
  readonly checker: string;
  readonly statements: readonly Statement[];
  readonly outcome: Outcome;
  /** One sentence that a person can act on. */
  readonly summary: string;
  /** What was counted, by name; the first ones are shown in tables. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first offenders (at most `maxOffenders`), in the order of the history. */
  readonly offenders: readonly Offender[];
  /** How many there were in all. */
  readonly offenderCount: number;
}

/** How many offenders a verdict carries; all are counted. */
export const maxOffenders = 10;

/** What a judge concludes; the checker's name and statements are added to it. */
export type Conclusion = Omit<Verdict, "checker" | "statements">;

/** Sees each entry of one history once, in order, and concludes at the end. */
export interface Judge {
  see(entry: HistoryEntry): void;
  conclude(): Conclusion;
}

/**
 * Decides from a recorded history whether one guarantee held.
 *
 * A checker only computes: the same history gives the same verdict. It reads the history as a stream, so that
 * histories larger than memory can be judged; what it keeps must be bounded by what is still open.
 */
export interface Checker {
  readonly name: string;
  /** The guarantee in one sentence. */
  readonly guarantee: string;
  /** Empty for guarantees of the device or the harness that the specification does not know. */
  readonly statements: readonly Statement[];
  judge(header: HistoryHeader): Judge;
}

/**
 * Defines a checker; the identity function with types.
 *
 * @example
 * export const noRetained = defineChecker({
 *   name: "no-retained",
 *   guarantee: "No delivery carries the retain flag.",
 *   statements: [],
 *   judge: () => {
 *     let deliveries = 0;
 *     const offenders: Offender[] = [];
 *     return {
 *       see(entry) {
 *         if (entry.type !== "delivery") return;
 *         deliveries += 1;
 *         if (entry.retain) offenders.push({ what: `${entry.actor} received a retained message`, actor: entry.actor });
 *       },
 *       conclude: () => ({
 *         outcome: deliveries === 0 ? "unknown" : offenders.length > 0 ? "invalid" : "valid",
 *         summary: `${offenders.length} of ${deliveries} deliveries were retained.`,
 *         counts: { deliveries },
 *         offenders: offenders.slice(0, maxOffenders),
 *         offenderCount: offenders.length,
 *       }),
 *     };
 *   },
 * });
 */
export function defineChecker(checker: Checker): Checker {
  return checker;
}
