import { randomInt } from "node:crypto";

/** A seed for a run that was given none: the only unseeded draw in Stormfleet, and it is printed. */
export function freshSeed(): string {
  return String(randomInt(1, 1_000_000_000));
}
