import { defineFault, inOrder } from "../../src/define.ts";

/**
 * Connections look alive and carry nothing. Writes succeed for minutes, so only a heartbeat can notice. Healing closes
 * the connections that lived through it, because bytes are missing from them.
 */
export const halfOpen = defineFault({
  name: "half-open",
  description: "Swallows every byte in both directions while connections stay open.",
  needs: ["link.toxics"],
  effect: "silences",
  parameters: {},
  inject(link) {
    // A timeout of 0 never closes by itself.
    const attributes = { timeout: 0 };
    return inOrder(
      () => link.addToxic({ type: "timeout", stream: "upstream", attributes }),
      () => link.addToxic({ type: "timeout", stream: "downstream", attributes }),
    );
  },
});
