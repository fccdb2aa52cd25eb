import { defineExperiment } from "../../src/define.ts";
import { detectionBound } from "../checkers/detection-bound.ts";
import { latency } from "../faults/latency.ts";
import { deliveryCheckers } from "./delivery-checkers.ts";
import { standardMix } from "./standard-fleet.ts";

/** Everything is late, nothing is lost: the heartbeat must not mistake that for death. */
export const latencyStorm = defineExperiment({
  name: "latency-storm",
  hypothesis:
    "Latency below the heartbeat's margin delays messages, and neither loses one nor drops a connection.",
  mix: standardMix,
  devices: 20,
  durationMs: 30_000,
  links: 4,
  method: [
    { fault: latency, parameters: { latencyMs: 250, jitterMs: 100 }, from: 0.1, until: 0.5 },
    {
      fault: latency,
      parameters: { latencyMs: 500, jitterMs: 200 },
      links: { share: 0.5 },
      from: 0.6,
      until: 0.85,
    },
  ],
  checkers: [...deliveryCheckers, detectionBound],
});
