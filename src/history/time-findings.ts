import type { Offender } from "./checker.ts";
import type { HistoryEntry } from "./entry.ts";
import type { Findings } from "./findings.ts";
import { createStalls, type Stretch } from "./stalls.ts";

/** A bound in time that was broken. */
export interface BrokenBound extends Stretch {
  /** Where in the history the offender belongs, as for `Findings`. */
  readonly order: number;
  /** What had to happen within the stretch had so long. Without it any stall in the stretch excuses. */
  readonly boundMs?: number;
}

/**
 * Findings about bounds in time, held back until it is known when the harness itself lagged: what happens then is
 * the fault of nobody that a checker judges.
 */
export interface TimeFindings {
  see(entry: HistoryEntry): void;
  add(broken: BrokenBound, make: () => Offender): void;
  /** Call once, after the last entry. Adds what no stall explains to the findings; the rest is excused. */
  settle(findings: Findings): { readonly found: number; readonly excused: number };
}

/** No bound is broken yet. */
export function createTimeFindings(): TimeFindings {
  const stalls = createStalls();
  const suspicions: { readonly broken: BrokenBound; readonly make: () => Offender }[] = [];
  const isExcused = ({ boundMs, ...stretch }: BrokenBound) =>
    stalls.overlap(stretch) && (boundMs === undefined || !stalls.leaveMoreThan(boundMs, stretch));
  return {
    see: stalls.see,
    add(broken, make) {
      suspicions.push({ broken, make });
    },
    settle(findings) {
      const proven = suspicions.filter(({ broken }) => !isExcused(broken));
      for (const { broken, make } of proven) findings.add(broken.order, make);
      return { found: proven.length, excused: suspicions.length - proven.length };
    },
  };
}

/** Why a checker cannot tell, when stalls excused broken bounds. */
export const stalledDoubt = "the harness itself lagged; run it on a calmer machine, or with fewer devices";
