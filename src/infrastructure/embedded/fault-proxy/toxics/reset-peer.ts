import type { ToxicType } from "./toxic.ts";

/**
 * Drops the first chunk (or the end) that arrives, waits `timeout` milliseconds (zero or less: not at all) and
 * closes the connection: with RST when the connection started under this toxic, else with FIN.
 *
 * An update or removal during the wait resets at once: the dropped bytes are gone, so the connection cannot live.
 */
export const resetPeer: ToxicType<"timeout"> = {
  type: "reset_peer",
  attributes: ["timeout"],
  resetsPeers: true,
  start(attributes, stage) {
    let triggered = false;
    const trigger = () => {
      triggered = true;
      if (attributes.timeout <= 0) return stage.close();
      stage.wait(attributes.timeout, () => stage.close());
    };
    return {
      // Never finished: further chunks are not read during the wait.
      chunk: trigger,
      end: trigger,
      interrupt() {
        if (triggered) stage.close();
      },
    };
  },
};
