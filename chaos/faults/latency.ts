import { defineFault, inOrder } from "../../src/define.ts";

/** Bytes arrive late in both directions; none is lost. */
export const latency = defineFault({
  name: "latency",
  description: "Delays every byte in both directions, with jitter.",
  needs: ["link.toxics"],
  effect: "delays",
  parameters: {
    latencyMs: { description: "Added to each direction.", default: 300, min: 0, max: 600_000 },
    jitterMs: {
      description: "How far a chunk's delay strays to either side.",
      default: 100,
      min: 0,
      max: 600_000,
    },
  },
  derived: ({ latencyMs, jitterMs }) => ({ roundTripMs: 2 * (latencyMs + jitterMs) }),
  inject(link, { latencyMs, jitterMs }) {
    const attributes = { latency: latencyMs, jitter: jitterMs };
    return inOrder(
      () => link.addToxic({ type: "latency", stream: "upstream", attributes }),
      () => link.addToxic({ type: "latency", stream: "downstream", attributes }),
    );
  },
});
