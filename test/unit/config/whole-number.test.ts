import fc from "fast-check";
import { expect, test } from "vitest";
import { parseWholeNumber } from "../../../src/config/whole-number.ts";

const bounds = { min: 1, max: 100_000 };

test("reads every whole number within its bounds", () => {
  fc.assert(
    fc.property(fc.integer(bounds), (value) => {
      expect(parseWholeNumber("--devices", ` ${value} `, bounds)).toBe(value);
    }),
  );
  expect(parseWholeNumber("--offset", "-5", { min: -10, max: 0 })).toBe(-5);
});

test.for([
  "",
  " ",
  "0",
  "100001",
  "1.5",
  "-1",
  "ten",
  "1e3",
  "0x10",
  "NaN",
  "Infinity",
  "1_000",
  "9".repeat(30),
])('refuses "%s" by naming the option, the value and what is allowed', (text) => {
  expect(() => parseWholeNumber("--devices", text, bounds)).toThrow(
    expect.objectContaining({
      code: "CONF_1002",
      message: `--devices cannot be "${text}".`,
      hint: "Use a whole number from 1 to 100000.",
    }),
  );
});
