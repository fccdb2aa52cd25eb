import { defineFault } from "../../src/define.ts";

/** The link is gone: connections close, new ones are refused. Devices notice at once. */
export const partition = defineFault({
  name: "partition",
  description: "Closes all connections of the link and refuses new ones.",
  needs: ["link.toxics"],
  effect: "severs",
  parameters: {},
  inject: (link) => link.disable(),
});
