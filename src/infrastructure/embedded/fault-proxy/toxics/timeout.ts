import type { ToxicType } from "./toxic.ts";

/**
 * Drops all data, and closes the connection when `timeout` milliseconds pass without any arriving. Zero or less
 * never closes. Removing the toxic closes the connection, because bytes are missing.
 */
export const timeout: ToxicType<"timeout"> = {
  type: "timeout",
  attributes: ["timeout"],
  closesOnRemoval: true,
  start(attributes, stage) {
    let silentSinceMs = stage.clock.monotonicMs();
    // One timer that looks back, instead of a new timer for every chunk.
    const watch = (waitMs: number) => {
      stage.wait(waitMs, () => {
        const remainingMs = silentSinceMs + attributes.timeout - stage.clock.monotonicMs();
        if (remainingMs <= 0) stage.close();
        else watch(remainingMs);
      });
    };
    if (attributes.timeout > 0) watch(attributes.timeout);
    return {
      chunk() {
        silentSinceMs = stage.clock.monotonicMs();
        stage.finish();
      },
    };
  },
};
