import type { LifecycleState, RunPhase } from "../history/entry.ts";

/** Where a run stands, for whoever shows it. */
export interface Progress {
  readonly phase: RunPhase | "starting";
  /** Since the start of the run, ms. */
  readonly elapsedMs: number;
  /** Within the storm: how long it lasts and how much of it is over, ms. */
  readonly stormElapsedMs: number;
  readonly stormDurationMs: number;
  readonly devices: number;
  readonly devicesByState: Readonly<Record<LifecycleState, number>>;
  readonly published: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** Names of the faults in force. */
  readonly faults: readonly string[];
}
