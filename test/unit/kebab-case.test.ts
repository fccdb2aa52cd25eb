import { expect, test } from "vitest";
import { isKebabCase } from "../../src/kebab-case.ts";

test.for(["calm", "smart-meter", "a", "v2", "half-open-2"])("%s is a name", (name) => {
  expect(isKebabCase(name)).toBe(true);
});

test.for(["", "Calm", "-a", "a-", "a--b", "2a", "a/b", "a b", "a+", "a#", "ä", "../up", "a".repeat(65)])(
  '"%s" is none',
  (name) => {
    expect(isKebabCase(name)).toBe(false);
  },
);
