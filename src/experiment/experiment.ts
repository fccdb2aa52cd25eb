import type { BackoffOptions } from "../connection/backoff.ts";
import { StormfleetError } from "../errors.ts";
import type { DeviceModel } from "../firmware/model.ts";
import type { Checker } from "../history/checker.ts";
import type { Fault } from "./fault.ts";

/** Which links a step disturbs: all, or a share of them (0 … 1, at least one) drawn from the seed. */
export type LinkSelection = "all" | { readonly share: number };

/** One fault of the method: what, where, and when, as shares of the run's duration. */
export interface FaultStep {
  readonly fault: Fault;
  /** What differs from the fault's defaults. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Default: all. */
  readonly links?: LinkSelection;
  /** Share of the duration at which it is injected, 0 … 1. */
  readonly from: number;
  /** Share of the duration at which it is healed, after `from`. */
  readonly until: number;
}

/** How the fleet's firmware is configured. */
export interface FleetSettings {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly retryBudget: number | "unbounded";
  /** How many devices connect per second while the fleet starts. */
  readonly rampPerSecond: number;
}

/**
 * Fast settings, so that a run of half a minute sees several outages: heartbeat 1 s, dead after 3 s, backoff
 * 0.25 s … 2 s, no end to retrying. Real firmware is slower; the guarantees are the same.
 */
export const briskSettings: FleetSettings = {
  heartbeatIntervalMs: 1000,
  heartbeatTimeoutMs: 3000,
  handshakeTimeoutMs: 3000,
  backoff: { jitter: "proportional", baseMs: 250, maxMs: 2000 },
  retryBudget: "unbounded",
  rampPerSecond: 100,
};

/** A hypothesis about the fleet, what is done to it, and which guarantees must hold all the same. */
export interface Experiment {
  readonly name: string;
  /** What is believed to hold, in one sentence. */
  readonly hypothesis: string;
  /** Which kinds of devices, as weights. */
  readonly mix: readonly { readonly model: DeviceModel; readonly weight: number }[];
  /** How many devices when nothing else is asked for. */
  readonly devices: number;
  /** How long workload and faults last when nothing else is asked for, in ms. */
  readonly durationMs: number;
  /** How many network paths the devices share. */
  readonly links: number;
  /** Empty for a control. */
  readonly method: readonly FaultStep[];
  readonly checkers: readonly Checker[];
  /** What differs from `briskSettings`. */
  readonly settings?: Partial<FleetSettings>;
}

/**
 * Defines an experiment.
 *
 * @throws StormfleetError CONF_1004 when a step ends before it begins or lies outside of the run.
 */
export function defineExperiment(experiment: Experiment): Experiment {
  experiment.method.forEach(({ fault, from, until }, index) => {
    if (!(from >= 0 && from < until && until <= 1)) {
      throw new StormfleetError(
        "CONF_1004",
        `Step ${index + 1} (${fault.name}) of the experiment "${experiment.name}" runs from ${from} to ${until}.`,
        { hint: "Both are shares of the duration: 0 ≤ from < until ≤ 1." },
      );
    }
  });
  if (experiment.checkers.length === 0) {
    throw new StormfleetError("CONF_1004", `The experiment "${experiment.name}" has no checkers.`, {
      hint: "Without a checker there is no verdict; name at least one.",
    });
  }
  return experiment;
}
