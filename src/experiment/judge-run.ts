import type { Checker } from "../history/checker.ts";
import type { HistoryEntry, HistoryHeader } from "../history/entry.ts";
import { counted } from "../history/findings.ts";
import { combineOutcomes, judgeHistory } from "../history/judge.ts";
import { describeSpan } from "../history/time-words.ts";
import { formatTimeline, gatherTimelines } from "../history/timeline.ts";
import type { OffenderStory, RunResult } from "./run-result.ts";

/** How many offenders of each checker get their story told. */
const storiesPerChecker = 3;

/** What judging finds, before it is known where the history lies. */
export type Judgement = Omit<RunResult, "folder" | "replayCommand">;

/**
 * Judges a history with the given checkers and gathers what a report needs: verdicts, the stories of the first
 * offenders, notes and counts. `entries` is called once per pass, so that a history larger than memory can be read.
 */
export async function judgeRun(
  header: HistoryHeader,
  entries: () => Iterable<HistoryEntry> | AsyncIterable<HistoryEntry>,
  checkers: readonly Checker[],
  options: { readonly isTorn?: () => boolean } = {},
): Promise<Judgement> {
  const summary = createSummary();
  // The summary rides along in the same pass, as one more judge.
  const verdicts = (await judgeHistory(header, entries(), [...checkers, summary.checker], options)).slice(
    0,
    -1,
  );
  const offenders = verdicts.flatMap((verdict) =>
    verdict.offenders.slice(0, storiesPerChecker).map((offender) => ({ checker: verdict.checker, offender })),
  );
  const timelines = await gatherTimelines(
    entries(),
    offenders.map(({ offender }) => offender),
  );
  const stories: OffenderStory[] = timelines.map((timeline, index) => ({
    checker: offenders[index]?.checker ?? "",
    what: timeline.offender.what,
    timeline: formatTimeline(timeline),
  }));
  const { counts, elapsedMs } = summary;
  const notes = summary.notes(header.settings.slackMs);
  if (options.isTorn?.()) notes.push("The last line of the history is torn; it was left out.");
  return {
    header,
    outcome: combineOutcomes(verdicts.map(({ outcome }) => outcome)),
    verdicts,
    stories,
    notes,
    counts,
    elapsedMs: elapsedMs(),
  };
}

function createSummary() {
  const notes: string[] = [];
  const counts = { published: 0, acknowledged: 0, delivered: 0 };
  const stalls = { count: 0, longestMs: 0 };
  let lastMs = 0;
  const checker: Checker = {
    name: "summary",
    guarantee: "",
    statements: [],
    judge: () => ({
      see(entry) {
        lastMs = entry.atMs;
        if (entry.type === "note") notes.push(entry.detail);
        else if (entry.type === "stalled") {
          stalls.count += 1;
          stalls.longestMs = Math.max(stalls.longestMs, entry.forMs);
        } else if (entry.type === "delivery") counts.delivered += 1;
        else if (entry.type === "invoke" && entry.action === "publish") counts.published += 1;
        else if (entry.type === "ok" && entry.action === "publish") counts.acknowledged += 1;
      },
      conclude: () => ({ outcome: "valid", summary: "", counts: {}, offenders: [], offenderCount: 0 }),
    }),
  };
  return {
    checker,
    counts,
    elapsedMs: () => lastMs,
    notes: (slackMs: number) =>
      stalls.longestMs < slackMs ? [...notes] : [...notes, describeStalls(stalls.count, stalls.longestMs)],
  };
}

/** Worth saying once a stall alone could use up the slack that bounds in time have. */
function describeStalls(count: number, longestMs: number): string {
  return (
    `The harness itself lagged ${counted(count, "time")}, for up to ${describeSpan(longestMs)}: ` +
    "the machine slept or was too busy."
  );
}
