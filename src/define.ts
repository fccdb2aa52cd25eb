/**
 * The authoring API. The built-in devices, faults, workloads, checkers and experiments are written with it, exactly as
 * a user writes theirs; they import nothing else of Stormfleet.
 */

/** From XState, so that a device model needs no second import. */
export { assign, emit, setup } from "xstate";
export {
  defineExperiment,
  type Experiment,
  type FaultStep,
  type LinkSelection,
} from "./experiment/experiment.ts";
export { defineFault, type Fault, type FaultParameter, inOrder } from "./experiment/fault.ts";
export { briskSettings, type FleetSettings } from "./experiment/fleet-settings.ts";
export {
  type BehaviourEmission,
  type BehaviourEvent,
  type CommandModel,
  type DeviceModel,
  type DownlinkModel,
  defineDevice,
  type PayloadContext,
  type PayloadData,
  type StreamModel,
} from "./firmware/model.ts";
export { accuseOfLoss, type Loss } from "./history/accuse-of-loss.ts";
export {
  type Checker,
  type Conclusion,
  defineChecker,
  type Judge,
  maxOffenders,
  type Offender,
  type Statement,
  type Verdict,
} from "./history/checker.ts";
export { type CopyCount, createCopyCount } from "./history/copy-count.ts";
export { createDistribution, type Distribution } from "./history/distribution.ts";
export { createDrainWatch, type DrainState, type DrainWatch, describeDrain } from "./history/drain.ts";
export * from "./history/entry.ts";
export { counted, createFindings, type Findings } from "./history/findings.ts";
export { createLinkFaults, type LinkFault, type LinkFaults } from "./history/link-faults.ts";
export {
  createOwedMessages,
  type MissingDelivery,
  type OwedMessages,
  type OwedTotals,
} from "./history/owed-messages.ts";
export { createSequenceSet, type SequenceSet } from "./history/sequence-set.ts";
export { createSequenceTable, type SequenceTable } from "./history/sequence-table.ts";
export { createStreamMap, type StreamMap, valueAt } from "./history/stream-map.ts";
export { createTimeFindings, stalledDoubt, type TimeFindings } from "./history/time-findings.ts";
export { describeSpan, describeTime } from "./history/time-words.ts";
export { isSharedFilter, matchesTopic } from "./history/topic-filter.ts";
export type { Capability, Cure, Link, ToxicSpec } from "./infrastructure/infrastructure.ts";
