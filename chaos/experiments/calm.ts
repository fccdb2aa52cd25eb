import { defineExperiment } from "../../src/define.ts";
import { detectionBound } from "../checkers/detection-bound.ts";
import { deliveryCheckers } from "./delivery-checkers.ts";
import { standardMix } from "./standard-fleet.ts";

/** The control: the same workload without a fault. A violation that it shows too is not the fault's doing. */
export const calm = defineExperiment({
  name: "calm",
  hypothesis: "Without any fault every guarantee holds, and no heartbeat raises a false alarm.",
  mix: standardMix,
  devices: 20,
  durationMs: 15_000,
  links: 4,
  method: [],
  checkers: [...deliveryCheckers, detectionBound],
});
