import { StormfleetError } from "../errors.ts";

/**
 * Reads a whole number within bounds.
 *
 * @throws StormfleetError CONF_1002 naming the option, the value and what is allowed.
 */
export function parseWholeNumber(
  option: string,
  text: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const value = Number(text);
  // Number() alone would also read "", "0x10" and "1e3".
  if (
    !/^-?\d+$/.test(text.trim()) ||
    !Number.isSafeInteger(value) ||
    value < bounds.min ||
    value > bounds.max
  ) {
    throw new StormfleetError("CONF_1002", `${option} cannot be "${text}".`, {
      hint: `Use a whole number from ${bounds.min} to ${bounds.max}.`,
    });
  }
  return value;
}
