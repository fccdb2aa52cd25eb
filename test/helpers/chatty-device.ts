import { defineDevice, setup } from "../../src/define.ts";

/** Says much in little time, at every QoS and in both directions, so that short runs prove something. */
export const chattyDevice = defineDevice({
  name: "chatty",
  description: "Some messages a second on every kind of stream.",
  profile: ({ random }) => ({ serial: random.hex(8) }),
  machine: setup({}).createMachine({}),
  streams: {
    gossip: {
      description: "May be lost.",
      qos: 0,
      everyMs: 400,
      payload: ({ random }) => ({ value: random.int(0, 1000) }),
    },
    readings: {
      description: "Must not be lost.",
      qos: 1,
      everyMs: 200,
      whenOffline: "store",
      payload: ({ random, profile }) => ({ serial: profile.serial, value: random.int(0, 1000) }),
    },
    bills: {
      description: "Exactly once.",
      qos: 2,
      everyMs: 200,
      whenOffline: "store",
      payload: ({ sequence }) => ({ invoice: sequence }),
    },
  },
  commands: {
    orders: {
      description: "Exactly once, in the other direction.",
      qos: 2,
      everyMs: 150,
      payload: ({ sequence }) => ({ order: sequence }),
    },
  },
  notices: {
    description: "By compensation.",
    everyMs: 200,
    payload: ({ sequence }) => ({ notice: sequence }),
  },
});
