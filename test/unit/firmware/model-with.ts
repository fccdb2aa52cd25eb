import { type DeviceModel, setup } from "../../../src/define.ts";

/** A model that does nothing, but for what is given; not checked. */
export function modelWith(changed: Partial<DeviceModel> = {}): DeviceModel {
  return {
    name: "beacon",
    description: "Says that it is there.",
    profile: () => ({}),
    machine: setup({}).createMachine({}),
    streams: {},
    commands: {},
    ...changed,
  };
}
