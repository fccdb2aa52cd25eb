import { StormfleetError } from "../errors.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration as people write it (`500ms`, `30s`, `1.5m`, `2h`) into milliseconds.
 *
 * @throws StormfleetError CONF_1002 for anything else.
 * @example
 * parseDurationMs("--duration", "30s"); // 30000
 */
export function parseDurationMs(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const factor = unitMs[match?.[2] ?? ""];
  if (!match || factor === undefined) {
    throw new StormfleetError("CONF_1002", `${option} cannot be "${text}".`, {
      hint: "Write a number and a unit: 500ms, 30s, 5m or 1h.",
    });
  }
  // 1.1 * 1000 is not 1100 in binary fractions; below a millisecond nothing is scheduled.
  return Math.round(Number(match[1]) * factor);
}
