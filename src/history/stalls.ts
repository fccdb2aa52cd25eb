import type { HistoryEntry } from "./entry.ts";

/** A stretch of the run, in ms since its start. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * Follows when the harness itself lagged. A stall is recorded when it is over, and other entries may come before
 * its own, so ask at the end of the history.
 */
export interface Stalls {
  see(entry: HistoryEntry): void;
  /** Whether the harness lagged at any time of the stretch. */
  overlap(stretch: Stretch): boolean;
  /**
   * Whether what has to happen within `boundMs` had that long in one piece: the longest part of the stretch between two
   * stalls is longer than the bound. What a stall threw back may have begun anew when it was over.
   */
  leaveMoreThan(boundMs: number, stretch: Stretch): boolean;
}

/** The harness has not lagged yet. Keeps two numbers for each stall. */
export function createStalls(): Stalls {
  const stalls: Stretch[] = [];
  const within = ({ fromMs, untilMs }: Stretch) =>
    stalls.filter((stall) => stall.untilMs >= fromMs && stall.fromMs <= untilMs);
  return {
    see(entry) {
      if (entry.type === "stalled") stalls.push({ fromMs: entry.atMs - entry.forMs, untilMs: entry.atMs });
    },
    overlap: (stretch) => within(stretch).length > 0,
    leaveMoreThan(boundMs, stretch) {
      let quietFromMs = stretch.fromMs;
      for (const stall of within(stretch)) {
        if (stall.fromMs - quietFromMs > boundMs) return true;
        quietFromMs = Math.max(quietFromMs, stall.untilMs);
      }
      return stretch.untilMs - quietFromMs > boundMs;
    },
  };
}
