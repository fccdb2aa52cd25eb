import type { DeviceModel } from "../firmware/model.ts";
import type { Checker } from "../history/checker.ts";
import { checkExperiment } from "./check-experiment.ts";
import type { Fault } from "./fault.ts";
import type { FleetSettings } from "./fleet-settings.ts";

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
 * @throws StormfleetError CONF_1004 naming the first thing that is wrong, CONF_1002 for a fault's parameters.
 */
export function defineExperiment(experiment: Experiment): Experiment {
  checkExperiment(experiment);
  return experiment;
}
