import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, StormfleetError } from "../errors.ts";
import type { RunResult } from "./run-result.ts";

/** The result's name in the folder of its run. */
const resultFileName = "result.json";

/** Writes the result beside its history, as JSON. Throws HIST_1004 when it cannot be written. */
export function writeResult(result: RunResult): void {
  const path = join(result.folder, resultFileName);
  try {
    writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
  } catch (error) {
    throw new StormfleetError("HIST_1004", `The result cannot be written to ${path}: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** What lies beside a stored history; undefined where there is nothing that can be read. */
export function readResult(folder: string): Partial<RunResult> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, resultFileName), "utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
