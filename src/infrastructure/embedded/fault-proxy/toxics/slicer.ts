import type { Random } from "../../../../time/random.ts";
import type { Chunk, Stage, ToxicType } from "./toxic.ts";

type SlicerAttribute = "average_size" | "size_variation" | "delay";

/**
 * Cuts every chunk into pieces of about `average_size` ± `size_variation` bytes and waits `delay` microseconds after
 * each. An average below 1 keeps chunks whole, and a variation above the average is kept inside the chunk (the
 * reference crashes on both).
 */
export const slicer: ToxicType<SlicerAttribute> = {
  type: "slicer",
  attributes: ["average_size", "size_variation", "delay"],
  start(attributes, stage) {
    const pause = createPause(stage, attributes.delay / 1000);
    let rest: Chunk | undefined;

    const sendFrom = (chunk: Chunk, cuts: readonly number[], index: number) => {
      const from = cuts[index - 1] ?? 0;
      const to = cuts[index] ?? chunk.data.length;
      const { stampMs } = chunk;
      rest = { data: chunk.data.subarray(to), stampMs };
      stage.send({ data: chunk.data.subarray(from, to), stampMs });
      stage.whenRoom(() => pause(() => continueFrom(chunk, cuts, index + 1)));
    };
    const continueFrom = (chunk: Chunk, cuts: readonly number[], index: number) => {
      if (index <= cuts.length) return sendFrom(chunk, cuts, index);
      rest = undefined;
      stage.finish();
    };

    return {
      chunk: (chunk) => sendFrom(chunk, cutsOf(chunk.data.length, attributes, stage.random), 0),
      interrupt() {
        if (rest && rest.data.length > 0) stage.send(rest);
      },
    };
  },
};

/**
 * Where to cut, ascending, by halving until a piece is small enough. A cut always falls inside the piece, so that
 * the halving ends.
 */
export function cutsOf(
  sizeBytes: number,
  attributes: Readonly<Record<SlicerAttribute, number>>,
  random: Random,
): readonly number[] {
  const { average_size: averageBytes, size_variation: variationBytes } = attributes;
  if (averageBytes < 1) return [];
  const cuts: number[] = [];
  const pending: (readonly [from: number, to: number])[] = [[0, sizeBytes]];
  for (let piece = pending.pop(); piece; piece = pending.pop()) {
    const [from, to] = piece;
    if (to - from < 2 || to - from - averageBytes <= variationBytes) {
      if (to < sizeBytes) cuts.push(to);
      continue;
    }
    const middle = from + Math.floor((to - from) / 2) + shift(variationBytes, to - from, random);
    const cut = Math.min(Math.max(middle, from + 1), to - 1);
    pending.push([cut, to], [from, cut]);
  }
  return cuts;
}

function shift(variationBytes: number, pieceBytes: number, random: Random): number {
  if (variationBytes <= 0) return 0;
  const bound = Math.min(variationBytes, pieceBytes);
  return random.int(-bound, bound - 1);
}

/**
 * Timers tick in milliseconds and the delay is in microseconds. So shorter delays are added up until a timer can
 * serve them, and lateness is given back; delays that a timer can serve are never shortened.
 */
function createPause(stage: Stage, delayMs: number): (callback: () => void) => void {
  const greatestCreditMs = delayMs >= 1 ? 0 : 1;
  let owedMs = 0;
  return (callback) => {
    owedMs += Math.max(0, delayMs);
    const startMs = stage.clock.monotonicMs();
    const resume = () => {
      owedMs = Math.max(owedMs - (stage.clock.monotonicMs() - startMs), -greatestCreditMs);
      callback();
    };
    // Even without a delay each piece is written by itself: pieces of one turn would be joined by the socket.
    if (owedMs < 1) stage.yield(resume);
    else stage.wait(owedMs, resume);
  };
}
