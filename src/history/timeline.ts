import type { Offender } from "./checker.ts";
import { wordsOf } from "./describe-entry.ts";
import type { HistoryEntry, PublishInvoked } from "./entry.ts";
import { describeTime } from "./time-words.ts";
import { createTimelineCollector, type TimelineCollector } from "./timeline-collector.ts";

/** What happened around one offender. */
export interface Timeline {
  readonly offender: Offender;
  /** In the order of the history. */
  readonly entries: readonly HistoryEntry[];
  /** How many more there were. */
  readonly omitted: number;
}

/** How many entries a timeline has at most. */
export const maxTimelineEntries = 40;

/**
 * Reads a history once more and gathers a timeline for each offender, in their order: the entries of its message, the
 * states of source and receiver around them, and the faults on their links at that time. The iterable is read once.
 */
export async function gatherTimelines(
  entries: Iterable<HistoryEntry> | AsyncIterable<HistoryEntry>,
  offenders: readonly Offender[],
): Promise<readonly Timeline[]> {
  const collectors = offenders.map((offender) => createTimelineCollector(offender, maxTimelineEntries));
  if (collectors.length > 0) await collect(entries, collectors);
  return collectors.map(({ offender, gathered }) => ({ offender, ...gathered() }));
}

async function collect(
  entries: Iterable<HistoryEntry> | AsyncIterable<HistoryEntry>,
  collectors: readonly TimelineCollector[],
): Promise<void> {
  // Of a large history nearly all entries are about actors that nobody asks for.
  const byActor = new Map<string, TimelineCollector[]>();
  for (const collector of collectors) {
    for (const actor of collector.actors) byActor.set(actor, [...(byActor.get(actor) ?? []), collector]);
  }
  for await (const entry of entries) {
    const concerned =
      "actor" in entry
        ? byActor.get(entry.actor)
        : entry.type === "logged"
          ? byActor.get(entry.device)
          : collectors;
    for (const collector of concerned ?? []) collector.see(entry);
  }
}

/**
 * A timeline as lines of text, times and names in columns:
 *
 * ```
 *   12.345 s  meter-7  → publish meter-7/readings#12 (QoS 1)
 *   12.351 s  meter-7  ✓ acknowledged meter-7/readings#12
 * ```
 */
export function formatTimeline({ entries, omitted }: Timeline): readonly string[] {
  const publishes = new Map<number, PublishInvoked>();
  for (const entry of entries) {
    if (entry.type === "invoke" && entry.action === "publish") publishes.set(entry.op, entry);
  }
  const rows = entries.map((entry) => ({ time: describeTime(entry.atMs), ...wordsOf(entry, publishes) }));
  const timeWidth = Math.max(0, ...rows.map(({ time }) => time.length));
  const whoWidth = Math.max(0, ...rows.map(({ who }) => who.length));
  const lines = rows.map(
    ({ time, who, what }) => `  ${time.padStart(timeWidth)}  ${who.padEnd(whoWidth)}  ${what}`,
  );
  return omitted === 0 ? lines : [...lines, `  … and ${omitted} more`];
}
