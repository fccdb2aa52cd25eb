import type { Chunk, ToxicType } from "./toxic.ts";

/** Keeps the range of a draw where a double is exact: about 35,000 years in ms. */
const greatestJitterMs = 2 ** 50;

/**
 * Delays every chunk by `latency` ± `jitter` milliseconds after its arrival, in order and without lowering the
 * throughput. A delay of zero or less passes at once, as does the end of the stream when nothing is queued.
 */
export const latency: ToxicType<"latency" | "jitter"> = {
  type: "latency",
  attributes: ["latency", "jitter"],
  queueLimit: 1024,
  start(attributes, stage) {
    const jitterMs = Math.min(attributes.jitter, greatestJitterMs);
    let held: Chunk | undefined;
    const delayMs = () => attributes.latency + (jitterMs > 0 ? stage.random.int(-jitterMs, jitterMs - 1) : 0);
    const release = (chunk: Chunk, waitedMs: number) => {
      // The stamp moves so that latency toxics in a row add up, also by a negative wait, as in the reference.
      chunk.stampMs += waitedMs;
      held = undefined;
      stage.passOn(chunk);
    };
    return {
      chunk(chunk) {
        const waitMs = delayMs() - (stage.clock.monotonicMs() - chunk.stampMs);
        if (waitMs <= 0) return release(chunk, waitMs);
        held = chunk;
        stage.wait(waitMs, () => release(chunk, waitMs));
      },
      interrupt() {
        if (held) stage.send(held);
      },
    };
  },
};
