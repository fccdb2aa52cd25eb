import { defineExperiment } from "../../src/define.ts";
import { partition } from "../faults/partition.ts";
import { standardMix } from "./standard-fleet.ts";
import { stormCheckers } from "./storm-checkers.ts";

/** Twice half of the fleet loses its network; what was sent meanwhile must be there afterwards. */
export const partitionAndHeal = defineExperiment({
  name: "partition-and-heal",
  hypothesis:
    "Devices that were cut off reconnect within their bound, and nothing acknowledged is lost or doubled.",
  mix: standardMix,
  devices: 20,
  durationMs: 30_000,
  links: 4,
  method: [
    { fault: partition, links: { share: 0.5 }, from: 0.15, until: 0.4 },
    { fault: partition, links: { share: 0.5 }, from: 0.55, until: 0.8 },
  ],
  checkers: stormCheckers,
});
