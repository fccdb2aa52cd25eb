/**
 * The library's public names. What is not exported here may change without notice.
 *
 * @example
 * import { createWorld, formatResult, partitionAndHeal, runExperiment, selectBackend } from "stormfleet";
 *
 * const result = await runExperiment(createWorld({ seed: "7" }), partitionAndHeal, {
 *   startInfrastructure: await selectBackend("embedded"),
 * });
 * if (result.outcome !== "valid") throw new Error(formatResult(result, { colours: false }));
 */

export { ackedNotLost } from "../chaos/checkers/acked-not-lost.ts";
export { compensationComplete } from "../chaos/checkers/compensation-complete.ts";
export { detectionBound } from "../chaos/checkers/detection-bound.ts";
export { exactlyOnce } from "../chaos/checkers/exactly-once.ts";
export { gracefulDegradation } from "../chaos/checkers/graceful-degradation.ts";
export { noCrosstalk } from "../chaos/checkers/no-crosstalk.ts";
export { reconnectBound } from "../chaos/checkers/reconnect-bound.ts";
export { topicOrder } from "../chaos/checkers/topic-order.ts";
export { uplinkDrain } from "../chaos/checkers/uplink-drain.ts";
export { calm } from "../chaos/experiments/calm.ts";
export { halfOpenLinks } from "../chaos/experiments/half-open-links.ts";
export { latencyStorm } from "../chaos/experiments/latency-storm.ts";
export { partitionAndHeal } from "../chaos/experiments/partition-and-heal.ts";
export { tour } from "../chaos/experiments/tour.ts";
export { halfOpen } from "../chaos/faults/half-open.ts";
export { latency } from "../chaos/faults/latency.ts";
export { partition } from "../chaos/faults/partition.ts";
export { reset } from "../chaos/faults/reset.ts";
export { smartMeter } from "../devices/smart-meter.ts";
export { thermostat } from "../devices/thermostat.ts";
export { catalog } from "./catalog.ts";
export * from "./define.ts";
export { type ErrorCode, type ErrorLevel, errorTable, StormfleetError } from "./errors.ts";
export type { Progress } from "./experiment/progress.ts";
export type { RunOptions } from "./experiment/run-options.ts";
export type { RunResult } from "./experiment/run-result.ts";
export { runExperiment } from "./experiment/runner.ts";
export { combineOutcomes, judgeHistory } from "./history/judge.ts";
export { readHistory } from "./history/store.ts";
export type { Broker, Infrastructure, StartInfrastructure } from "./infrastructure/infrastructure.ts";
export { selectBackend } from "./infrastructure/select.ts";
export { createTelemetry, type Fact, silentTelemetry, type Telemetry } from "./observability/telemetry.ts";
export { formatResult } from "./report/terminal.ts";
export { createWorld, type World } from "./time/world.ts";
