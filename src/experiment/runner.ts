import type { World } from "../time/world.ts";
import type { Experiment } from "./experiment.ts";
import { createRun } from "./run.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunResult } from "./run-result.ts";

/**
 * Runs one experiment and judges it.
 *
 *  1. the world comes from the caller; the run gets its name, its topics and its fleet settings
 *  2. the infrastructure starts
 *  3. the backend application and the devices connect, subscribe and are proven eligible
 *  4. that is the steady state before
 *  5. workload and nemesis run together, everything is recorded
 *  6. every fault is undone, newest first, also when the run failed
 *  7. the fleet recovers, within a bound
 *  8. the streams drain behind their sentinels, within a bound
 *  9. the steady state after is compared
 * 10. devices, application and infrastructure stop, in reverse
 * 11. the checkers judge the history
 * 12. the result lies beside the history
 *
 * A violated guarantee is a verdict in the result, never an exception.
 *
 * @throws StormfleetError when the experiment could not be run at all (CONF_1002, CONF_1004, INFRA_…,
 * HIST_1004, RUN_1001) or not be stopped (RUN_1002), and the signal's reason when it was aborted before the storm
 * began; nothing is left running then.
 */
export async function runExperiment(
  world: World,
  experiment: Experiment,
  options: RunOptions,
): Promise<RunResult> {
  const run = await createRun(world, experiment, options);
  try {
    try {
      await run.bringUpFleet();
      await run.storm();
    } finally {
      await run.heal();
    }
    await run.recover();
    await run.drain();
    run.compareSteadyState();
  } finally {
    await run.stop();
  }
  return run.judge();
}
