import { describe, expect, test } from "vitest";
import { storm } from "../../../helpers/broker-storm.ts";

const seeds = ["1", "2", "3", "4", "5", "6"];

describe("the embedded broker in a storm of cut links", () => {
  test.each(["memory", "tcp", "half-open"] as const)(
    "loses, doubles and reorders nothing over %s",
    async (over) => {
      let cuts = 0;
      for (const seed of seeds) {
        const { cuts: cutsOfSeed, ...outcome } = await storm(seed, over);
        cuts += cutsOfSeed;
        expect({ seed, ...outcome }).toEqual({ seed, lost: [], doubled: [], misordered: [] });
      }
      // What the verdict is worth: hundreds of connections were cut in the middle of something.
      expect(cuts).toBeGreaterThan(100);
    },
  );
});
