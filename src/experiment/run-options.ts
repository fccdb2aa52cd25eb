import type { MessageLog } from "../compensation/message-log.ts";
import type { Infrastructure, StartInfrastructure } from "../infrastructure/infrastructure.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { Progress } from "./progress.ts";

/** What a run needs besides the experiment and the world. */
export interface RunOptions {
  /** Starts the backend. */
  readonly startInfrastructure: StartInfrastructure;
  /** From 1. Default: the experiment's. */
  readonly devices?: number;
  /** How long workload and faults last, in ms, 1 to 2,147,483,647 (24 days). Default: the experiment's. */
  readonly durationMs?: number;
  /** The folder below which `<experiment>/<time>/` is made. Default `runs`. */
  readonly runsFolder?: string;
  /** Default: nobody listens. */
  readonly telemetry?: Telemetry;
  /** Ends the run early: what is in force is healed, what is on its way is drained, what was seen is judged. */
  readonly signal?: AbortSignal;
  /** What it throws ends the reporting, not the run. */
  readonly onProgress?: (progress: Progress) => void;
  /** How often `onProgress` is called, in ms, from 1. Default 250. */
  readonly progressIntervalMs?: number;
  /** How long the streams may take to drain, in ms, from 1. Default 20,000; what is open then cannot be judged. */
  readonly drainBoundMs?: number;
  /** Repeats this run; printed with the result. Left out: the seed is printed. */
  readonly replayCommand?: string;
  /** Called when the infrastructure is up; for tests that disturb it from outside. */
  readonly onInfrastructure?: (infrastructure: Infrastructure) => void;
  /** Wraps the compensation service's log, for proving that a broken service is noticed. */
  readonly wrapLog?: (log: MessageLog) => MessageLog;
}
