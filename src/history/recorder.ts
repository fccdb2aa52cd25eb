import type { Clock } from "../time/clock.ts";
import type { HistoryEntry, UnstampedEntry } from "./entry.ts";

/** Writes the history of one run: stamps each entry with the time since the start and keeps it in order. */
export interface Recorder {
  /** Stamps the entry, keeps it and hands it to the sink. Makes no text of it, so it can be called for every message. */
  record(entry: UnstampedEntry): void;
  /** The number of the next operation, from 1. */
  nextOp(): number;
  /** Milliseconds since the recorder was made, rounded to a microsecond: what an entry recorded now is stamped with. */
  elapsedMs(): number;
  /** What was recorded so far, in order; can be iterated while more is recorded. */
  readonly entries: Iterable<HistoryEntry>;
  /** How many entries there are. */
  readonly size: number;
}

/**
 * Starts a history; the run's time begins now. The sink gets every entry right after it was kept, for writing it to
 * disk or showing it; it must not throw.
 */
export function createRecorder(
  clock: Clock,
  options: {
    readonly sink?: (entry: HistoryEntry) => void;
    /** False for long runs, whose sink keeps the entries: `entries` stays empty then. Default true. */
    readonly keep?: boolean;
  } = {},
): Recorder {
  const { sink, keep = true } = options;
  const startMs = clock.monotonicMs();
  const entries: HistoryEntry[] = [];
  let lastOp = 0;
  const elapsedMs = () => Math.round((clock.monotonicMs() - startMs) * 1000) / 1000;
  return {
    record(unstamped) {
      const entry: HistoryEntry = { ...unstamped, atMs: elapsedMs() };
      if (keep) entries.push(entry);
      sink?.(entry);
    },
    nextOp() {
      lastOp += 1;
      return lastOp;
    },
    elapsedMs,
    entries,
    get size() {
      return entries.length;
    },
  };
}
