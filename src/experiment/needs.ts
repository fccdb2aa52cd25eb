import { StormfleetError } from "../errors.ts";
import type { Capability, Infrastructure } from "../infrastructure/infrastructure.ts";
import type { Experiment } from "./experiment.ts";

/**
 * Makes sure that the backend can do what the experiment's faults need, before anything is disturbed.
 *
 * @throws StormfleetError INFRA_1004 naming the fault and the capability.
 */
export function checkNeeds(experiment: Experiment, infrastructure: Infrastructure): void {
  for (const { fault } of experiment.method) {
    const missing = fault.needs.filter((need: Capability) => !infrastructure.capabilities.has(need));
    if (missing.length > 0) {
      throw new StormfleetError(
        "INFRA_1004",
        `The experiment "${experiment.name}" injects "${fault.name}", which needs ${missing.join(" and ")}; ` +
          `the backend "${infrastructure.backend}" cannot do that.`,
      );
    }
  }
}
