import { StormfleetError } from "../errors.ts";
import { isKebabCase } from "../kebab-case.ts";
import type { FaultParameter } from "./fault.ts";

/** Refuses a fault that could not be injected as it describes itself: CONF_1004 naming the place and the value. */
export function checkFault(fault: {
  readonly name: string;
  readonly parameters: Readonly<Record<string, FaultParameter>>;
}): void {
  if (!isKebabCase(fault.name)) {
    throw new StormfleetError("CONF_1004", `The fault "${fault.name}" has a name that is not kebab-case.`, {
      hint: 'Use a name such as "slow-uplink".',
    });
  }
  for (const [name, { default: fallback, min, max }] of Object.entries(fault.parameters)) {
    // Written so that NaN is refused, too.
    if (min <= fallback && fallback <= max) continue;
    throw new StormfleetError(
      "CONF_1004",
      `The fault "${fault.name}", parameter "${name}", has the default ${fallback} outside of ${min} to ${max}.`,
      { hint: "Let min ≤ default ≤ max." },
    );
  }
}
