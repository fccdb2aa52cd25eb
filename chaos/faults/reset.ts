import { defineFault } from "../../src/define.ts";

/** Every connection ends as soon as its device speaks, new ones with a TCP reset on their first packet. */
export const reset = defineFault({
  name: "reset",
  description: "Ends each connection when its device next sends something, new ones by TCP reset.",
  needs: ["link.toxics"],
  effect: "severs",
  parameters: {
    afterMs: { description: "From the device's first byte to the reset.", default: 0, min: 0, max: 600_000 },
  },
  inject: (link, { afterMs }) =>
    link.addToxic({ type: "reset_peer", stream: "upstream", attributes: { timeout: afterMs } }),
});
