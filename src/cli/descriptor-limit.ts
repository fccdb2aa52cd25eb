import { readFileSync } from "node:fs";
import { StormfleetError } from "../errors.ts";

/** Per device in one process: its socket, the proxy's two, and the broker's. */
const descriptorsPerDevice = 4;
/** For everything else that is open. */
const reserve = 200;

/**
 * Refuses a fleet that this process has no file descriptors for, before anything is started.
 *
 * @throws StormfleetError CONF_1002 with the largest fleet that fits.
 */
export function checkDescriptorLimit(devices: number): void {
  const limit = descriptorLimit();
  if (limit === undefined) return;
  const most = largestFleet(limit);
  if (devices <= most) return;
  throw new StormfleetError(
    "CONF_1002",
    `--devices cannot be "${devices}" here: each needs ${descriptorsPerDevice} file descriptors and this process may open ${limit}.`,
    { hint: `Use at most ${most}, or raise the limit with ulimit -n.` },
  );
}

/** How many descriptors the process may open; undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return line ? Number(line[1]) : undefined;
  } catch {
    return undefined;
  }
}

/** The largest fleet that fits into so many descriptors. */
export function largestFleet(descriptors: number): number {
  return Math.max(0, Math.floor((descriptors - reserve) / descriptorsPerDevice));
}
