import { defineExperiment } from "../../src/define.ts";
import { halfOpen } from "../faults/half-open.ts";
import { standardMix } from "./standard-fleet.ts";
import { stormCheckers } from "./storm-checkers.ts";

/** Connections that accept writes and answer nothing: only a heartbeat can tell. */
export const halfOpenLinks = defineExperiment({
  name: "half-open-links",
  hypothesis:
    "Dead links that look alive are noticed within the heartbeat timeout, and nothing acknowledged is lost.",
  mix: standardMix,
  devices: 20,
  durationMs: 30_000,
  links: 4,
  method: [{ fault: halfOpen, links: { share: 0.5 }, from: 0.2, until: 0.7 }],
  checkers: stormCheckers,
});
