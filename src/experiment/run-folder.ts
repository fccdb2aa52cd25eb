import { existsSync } from "node:fs";
import { join } from "node:path";

/** The folder of a run: `<runs>/<experiment>/<time>`, with a number behind it when two runs share a millisecond. */
export function runFolder(runsFolder: string, experiment: string, startedAt: string): string {
  const base = join(runsFolder, experiment, startedAt.replaceAll(":", "-"));
  if (!existsSync(base)) return base;
  for (let number = 2; ; number += 1) if (!existsSync(`${base}-${number}`)) return `${base}-${number}`;
}
