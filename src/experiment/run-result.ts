import type { Outcome, Verdict } from "../history/checker.ts";
import type { HistoryHeader } from "../history/entry.ts";

/** What a run, or the judging of a stored one, found. */
export interface RunResult {
  readonly header: HistoryHeader;
  readonly outcome: Outcome;
  readonly verdicts: readonly Verdict[];
  /** What happened around the first offenders of each checker. */
  readonly stories: readonly OffenderStory[];
  /** What else must be said: an interruption, a bound that was hit, a torn history. One sentence each. */
  readonly notes: readonly string[];
  readonly counts: { readonly published: number; readonly acknowledged: number; readonly delivered: number };
  readonly elapsedMs: number;
  /** Where the history lies. */
  readonly folder: string;
  /** The command that repeats the run with the same devices, payloads and fault schedule, where there is one. */
  readonly replayCommand?: string;
}

/** One offender's timeline in words. */
export interface OffenderStory {
  readonly checker: string;
  readonly what: string;
  /** One line per entry of the history that belongs to it. */
  readonly timeline: readonly string[];
}
