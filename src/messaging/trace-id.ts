import type { Random } from "../time/random.ts";

/**
 * Gives each message of a stream its trace id: 16 random digits for the stream and 16 that count, so that making one
 * costs no hash and no draw.
 */
export function createTraceIds(random: Random): (sequence: number) => string {
  const prefix = random.fork("trace").hex(16);
  return (sequence) => prefix + sequence.toString(16).padStart(16, "0");
}
