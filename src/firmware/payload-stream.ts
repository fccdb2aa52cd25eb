import { longestDataBytes } from "../messaging/envelope.ts";
import type { Random } from "../time/random.ts";
import type { PayloadContext, PayloadData } from "./model.ts";
import { fakerFor } from "./seeded-faker.ts";

/** One stream's messages, in order; the n-th depends on the seed and n only. */
export interface PayloadStream {
  /** The sequence number of the newest message; 0 before the first. */
  readonly sequence: number;
  /** Makes the next message's data. Throws what the model throws, and an Error for data that no payload can carry. */
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
      checkData(previous);
      return previous;
    },
  };
}

/** What no receiver can read would look like a message that the broker lost: the model must answer for it, not the broker. */
function checkData(data: unknown): void {
  const text: string | undefined = data instanceof Promise ? "a promise" : JSON.stringify(data);
  if (!text?.startsWith("{")) throw new Error(`its data is not a JSON object: ${String(text).slice(0, 40)}`);
  // A character has at most three bytes in UTF-8, so short texts need not be counted.
  if (text.length * 3 <= longestDataBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > longestDataBytes) throw new Error(`its data has ${bytes} bytes, more than ${longestDataBytes}`);
}
