import { messageOf } from "../errors.ts";
import type { Checker, Conclusion, Judge, Outcome, Verdict } from "./checker.ts";
import { createCompleteness, weakened } from "./completeness.ts";
import { describeEntry } from "./describe-entry.ts";
import type { HistoryEntry, HistoryHeader } from "./entry.ts";

/** How the verdicts on one history read together: `invalid` over `unknown` over `valid`; of nothing: `unknown`. */
export function combineOutcomes(outcomes: Iterable<Outcome>): Outcome {
  let combined: Outcome | undefined;
  for (const outcome of outcomes) {
    if (outcome === "invalid") return "invalid";
    if (combined === undefined || outcome === "unknown") combined = outcome;
  }
  return combined ?? "unknown";
}

/**
 * Lets all checkers judge a history in one pass; the verdicts come in the checkers' order.
 *
 * A checker that throws gives `unknown` and disturbs no other. What an incomplete history takes away from the verdicts
 * is said in `completeness.ts`; `isTorn` is asked after the last entry (see `StoredHistory.torn`).
 *
 * @throws what the iteration of the entries throws.
 */
export async function judgeHistory(
  header: HistoryHeader,
  entries: Iterable<HistoryEntry> | AsyncIterable<HistoryEntry>,
  checkers: readonly Checker[],
  options: { readonly isTorn?: () => boolean } = {},
): Promise<readonly Verdict[]> {
  const completeness = createCompleteness();
  const bench = checkers.map((checker) => ({ checker, ...guarded(checker, header) }));
  const seeAll = (entry: HistoryEntry) => {
    completeness.see(entry);
    for (const { see } of bench) see(entry);
  };
  // Waiting for each entry would cost more than judging it where they are all there.
  if (Symbol.iterator in entries) for (const entry of entries) seeAll(entry);
  else for await (const entry of entries) seeAll(entry);
  const gaps = [...completeness.gaps(), ...(options.isTorn?.() ? ["the history's last line is torn"] : [])];
  return bench.map(({ conclude }, index) =>
    weakened(verdictOf(checkers[index] as Checker, conclude()), gaps),
  );
}

/** The judge of a checker behind a guard: the first thing it throws becomes its conclusion. */
function guarded(checker: Checker, header: HistoryHeader): Judge {
  let failed: Conclusion | undefined;
  let judge: Judge | undefined;
  try {
    judge = checker.judge(header);
  } catch (error) {
    failed = crashed(error, "before the first entry");
  }
  return {
    see(entry) {
      if (failed !== undefined) return;
      try {
        judge?.see(entry);
      } catch (error) {
        failed = crashed(error, `at ${entry.atMs} ms (${describeEntry(entry)})`);
      }
    },
    conclude() {
      if (failed !== undefined) return failed;
      try {
        return judge?.conclude() ?? crashed("it came to no conclusion", "at the end");
      } catch (error) {
        return crashed(error, "at the end");
      }
    },
  };
}

function crashed(error: unknown, where: string): Conclusion {
  return {
    outcome: "unknown",
    summary: `The checker itself failed ${where}: ${messageOf(error)}.`,
    counts: {},
    offenders: [],
    offenderCount: 0,
  };
}

function verdictOf(checker: Checker, conclusion: Conclusion): Verdict {
  return { checker: checker.name, statements: checker.statements, ...conclusion };
}
