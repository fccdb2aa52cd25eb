import type { Random } from "../time/random.ts";
import type { PayloadContext, PayloadData } from "./model.ts";
import { fakerFor } from "./seeded-faker.ts";

/** One stream's messages, in order; the n-th depends on the seed and n only. */
export interface PayloadStream {
  /** The sequence number of the newest message; 0 before the first. */
  readonly sequence: number;
  /** Makes the next message's data. */
  next(): PayloadData;
}

/** Makes the payloads of one stream of one device. */
export function createPayloadStream(
  random: Random,
  profile: PayloadData,
  payload: (context: PayloadContext) => PayloadData,
): PayloadStream {
  let sequence = 0;
  let previous: PayloadData | undefined;
  return {
    get sequence() {
      return sequence;
    },
    next() {
      sequence += 1;
      previous = payload({
        profile,
        random,
        sequence,
        previous,
        get faker() {
          return fakerFor(random);
        },
      });
      return previous;
    },
  };
}
