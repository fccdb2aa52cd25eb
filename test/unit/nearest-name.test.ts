import fc from "fast-check";
import { expect, test } from "vitest";
import { nearestName } from "../../src/nearest-name.ts";

const names = ["calm", "partition-and-heal", "half-open-links", "tour"];

test.for([
  ["clam", "calm"],
  ["CALM", "calm"],
  ["partition-heal", "partition-and-heal"],
  ["half-open", "half-open-links"],
  ["tuor", "tour"],
] as const)("takes %s for %s", ([given, meant]) => {
  expect(nearestName(given, names)).toBe(meant);
});

test("guesses nothing when more than half of the letters would change", () => {
  expect(nearestName("thunderstorm", names)).toBeUndefined();
  expect(nearestName("zzzz", names)).toBeUndefined();
  expect(nearestName("calm", [])).toBeUndefined();
});

test("finds every name itself, and never a name that is not there", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { selector: (name) => name.toLowerCase() }),
      fc.string(),
      (known, given) => {
        for (const name of known) expect(nearestName(name, known)).toBe(name);
        const found = nearestName(given, known);
        if (found !== undefined) expect(known).toContain(found);
      },
    ),
  );
});
