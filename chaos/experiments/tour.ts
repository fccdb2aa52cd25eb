import { defineExperiment } from "../../src/define.ts";
import { halfOpen } from "../faults/half-open.ts";
import { latency } from "../faults/latency.ts";
import { partition } from "../faults/partition.ts";
import { standardMix } from "./standard-fleet.ts";
import { stormCheckers } from "./storm-checkers.ts";

/** One of each, one after the other: what `npm start` shows. */
export const tour = defineExperiment({
  name: "tour",
  hypothesis: "A fleet lives through latency, a partition and half-open links with every guarantee intact.",
  mix: standardMix,
  devices: 50,
  durationMs: 32_000,
  links: 4,
  method: [
    { fault: latency, parameters: { latencyMs: 250, jitterMs: 100 }, from: 0.06, until: 0.25 },
    { fault: partition, links: { share: 0.5 }, from: 0.32, until: 0.52 },
    { fault: halfOpen, links: { share: 0.5 }, from: 0.62, until: 0.9 },
  ],
  checkers: stormCheckers,
});
