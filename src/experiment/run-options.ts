import type { MessageLog } from "../compensation/message-log.ts";
import type { Infrastructure, StartInfrastructure } from "../infrastructure/infrastructure.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { Progress } from "./progress.ts";

/** What a run needs besides the experiment and the world. */
export interface RunOptions {
  /** Starts the backend. */
  readonly startInfrastructure: StartInfrastructure;
  /** The name of the backend, for the history. */
  readonly backend: string;
  /** Default: the experiment's. */
  readonly devices?: number;
  /** Default: the experiment's. */
  readonly durationMs?: number;
  /** The folder below which `<experiment>/<time>/` is made. */
  readonly runsFolder: string;
  readonly telemetry: Telemetry;
  /** Ends the run early: what is in force is healed, what is on its way is drained, what was seen is judged. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** How often `onProgress` is called, in ms. Default 250. */
  readonly progressIntervalMs?: number;
  /** Repeats this run; printed with the result. */
  readonly replayCommand: string;
  /** Called when the infrastructure is up; for tests that disturb it from outside. */
  readonly onInfrastructure?: (infrastructure: Infrastructure) => void;
  /** Wraps the compensation service's log, for proving that a broken service is noticed. */
  readonly wrapLog?: (log: MessageLog) => MessageLog;
}
