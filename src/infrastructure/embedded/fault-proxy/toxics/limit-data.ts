import type { Stage, ToxicType } from "./toxic.ts";

/** Outlives the restarts of a stage, as an update must not grant the bytes again. */
const passedBytes = new WeakMap<Stage, number>();

/**
 * Lets exactly `bytes` bytes of a connection pass and then closes it; the count survives updates. Zero or less
 * closes at the first chunk.
 */
export const limitData: ToxicType<"bytes"> = {
  type: "limit_data",
  attributes: ["bytes"],
  start({ bytes }, stage) {
    return {
      chunk(chunk) {
        const before = passedBytes.get(stage) ?? 0;
        const allowed = Math.max(0, bytes - before);
        const data = chunk.data.length > allowed ? chunk.data.subarray(0, allowed) : chunk.data;
        const after = before + data.length;
        passedBytes.set(stage, after);
        if (after < bytes) return stage.passOn(chunk);
        if (data.length > 0) stage.send({ data, stampMs: chunk.stampMs });
        stage.close();
      },
    };
  },
};
