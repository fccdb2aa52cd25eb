import type { Clock } from "./clock.ts";
import { createRandom, type Random } from "./random.ts";
import { realClock } from "./real-clock.ts";

/** Clock and randomness of one run. Everything that needs either receives it from here. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  /** What `random` grew from; printed in every replay command. */
  readonly seed: string;
}

/** A world in real time. The same seed gives the same devices, payloads and fault schedule. */
export function createWorld(options: { readonly seed: string; readonly clock?: Clock }): World {
  return { clock: options.clock ?? realClock, random: createRandom(options.seed), seed: options.seed };
}
