import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDurationMs } from "../../../src/config/duration.ts";
import { StormfleetError } from "../../../src/errors.ts";

test.for([
  ["500ms", 500],
  ["30s", 30_000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  [" 1s ", 1000],
  ["0s", 0],
  ["1.005s", 1005],
  ["1.1s", 1100],
] as const)("reads %s as %i ms", ([text, ms]) => {
  expect(parseDurationMs("--duration", text)).toBe(ms);
});

test.for(["", "30", "s", "-1s", "1d", "1 s", "1s2m", "1e3s", ".5s", "5.s", "NaNs", "Infinitys", "٣s", "1S"])(
  'refuses "%s" by naming the option, the value and how to write it',
  (text) => {
    const refused = () => parseDurationMs("--duration", text);
    expect(refused).toThrow(StormfleetError);
    expect(refused).toThrow(
      expect.objectContaining({
        code: "CONF_1002",
        message: `--duration cannot be "${text}".`,
        hint: "Write a number and a unit: 500ms, 30s, 5m or 1h.",
      }),
    );
  },
);

test("reads every whole number of every unit, and never gives fractions of a millisecond", () => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom("ms", "s", "m", "h"), fc.nat(999), (whole, unit, thousandths) => {
      expect(parseDurationMs("--duration", `${whole}${unit}`)).toBe(whole * units[unit]);
      const fraction = parseDurationMs(
        "--duration",
        `${whole}.${String(thousandths).padStart(3, "0")}${unit}`,
      );
      expect(Number.isInteger(fraction)).toBe(true);
    }),
  );
});
