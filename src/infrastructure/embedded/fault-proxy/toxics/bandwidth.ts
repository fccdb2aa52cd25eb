import type { Chunk, ToxicType } from "./toxic.ts";

const sliceMs = 100;

/**
 * Limits each connection to `rate` KB/s (1 KB = 1000 bytes). The wait comes before the bytes; no credit builds up
 * while idle. A rate of zero or less holds the data and the end behind it, without dropping them.
 */
export const bandwidth: ToxicType<"rate"> = {
  type: "bandwidth",
  attributes: ["rate"],
  start({ rate }, stage) {
    const sliceBytes = rate * sliceMs;
    let owedMs = 0;
    let held: Chunk | undefined;

    const sendSlice = (chunk: Chunk) => {
      owedMs -= sliceMs;
      const rest = { data: chunk.data.subarray(sliceBytes), stampMs: chunk.stampMs };
      held = rest;
      stage.send({ data: chunk.data.subarray(0, sliceBytes), stampMs: chunk.stampMs });
      stage.whenRoom(() => throttle(rest));
    };
    const sendRest = (chunk: Chunk, waitedMs: number) => {
      owedMs -= waitedMs;
      held = undefined;
      stage.passOn(chunk);
    };
    const throttle = (chunk: Chunk) => {
      if (chunk.data.length > sliceBytes) return stage.wait(sliceMs, () => sendSlice(chunk));
      if (owedMs <= 0) return sendRest(chunk, 0);
      const startMs = stage.clock.monotonicMs();
      stage.wait(owedMs, () => sendRest(chunk, stage.clock.monotonicMs() - startMs));
    };

    return {
      chunk(chunk) {
        held = chunk;
        // The reference wakes every 100 ms for a rate of 0, and crashes below it.
        if (rate <= 0) return;
        owedMs += chunk.data.length / rate;
        throttle(chunk);
      },
      interrupt() {
        if (held) stage.send(held);
      },
    };
  },
};
