/**
 * The authoring API. The built-in devices, faults, workloads, checkers and experiments are written with it, exactly as
 * a user writes theirs; they import nothing else of Stormfleet.
 */

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
export * from "./history/entry.ts";
