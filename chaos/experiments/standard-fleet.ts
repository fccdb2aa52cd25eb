import { smartMeter } from "../../devices/smart-meter.ts";
import { thermostat } from "../../devices/thermostat.ts";

/** Half thermostats, half meters: every QoS in both directions. */
export const standardMix = [
  { model: thermostat, weight: 1 },
  { model: smartMeter, weight: 1 },
] as const;
