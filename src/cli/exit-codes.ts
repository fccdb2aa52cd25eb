import type { Outcome } from "../history/checker.ts";

/** What the program's exit code says. Codes of 64 and above come from the error table. */
export const exitCodes = {
  /** Every guarantee held. */
  valid: 0,
  /** A guarantee is violated. */
  invalid: 1,
  /** Not enough was seen to tell. */
  unknown: 2,
  /** Ended by Ctrl-C before there was anything to judge. */
  interrupted: 130,
} as const satisfies Record<Outcome | "interrupted", number>;
