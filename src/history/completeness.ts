import type { Verdict } from "./checker.ts";
import type { HistoryEntry } from "./entry.ts";

/** Watches for signs that a history lacks a part of what was to happen. */
export interface Completeness {
  see(entry: HistoryEntry): void;
  /** What is missing, as clauses; empty when the history is whole. */
  gaps(): readonly string[];
}

/**
 * A history is whole when its last line is, nobody interrupted the run, every fault was injected and healed as ordered,
 * the broker was there at the end, and the run came to its last phase (`stop`). Histories without phases are taken to
 * have none.
 */
export function createCompleteness(): Completeness {
  let interrupted = false;
  let methodFailed = false;
  let brokerLost = false;
  let phase: string | undefined;
  return {
    see(entry) {
      if (entry.type === "phase") phase = entry.phase;
      else if (entry.type === "note" && entry.note === "interrupted") interrupted = true;
      else if (entry.type === "note" && entry.note === "method-failed") methodFailed = true;
      // The broker of a run that stops goes away because it is told to.
      else if (entry.type === "broker" && phase !== "stop") brokerLost = entry.event === "lost";
    },
    gaps() {
      return [
        ...(interrupted ? ["the run was interrupted"] : []),
        ...(methodFailed ? ["the faults were not all injected and healed as ordered"] : []),
        ...(brokerLost ? ["the broker went away and did not come back"] : []),
        ...(phase !== undefined && phase !== "stop" ? [`the history ends in the phase "${phase}"`] : []),
      ];
    },
  };
}

/**
 * What a verdict is worth when the history lacks a part: the one rule for all checkers.
 *
 * Every guarantee says something of all messages or all outages, so the missing part may hold the exception: `valid`
 * becomes `unknown`. What proves an `invalid` is there and stays.
 */
export function weakened(verdict: Verdict, gaps: readonly string[]): Verdict {
  if (verdict.outcome !== "valid" || gaps.length === 0) return verdict;
  return {
    ...verdict,
    outcome: "unknown",
    summary: `${verdict.summary} It cannot be called valid: ${gaps.join(", and ")}.`,
  };
}
