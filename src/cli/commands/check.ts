import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { catalog } from "../../catalog.ts";
import { judgeRun } from "../../experiment/judge-run.ts";
import { readResult } from "../../experiment/result-file.ts";
import type { RunResult } from "../../experiment/run-result.ts";
import type { Checker } from "../../history/checker.ts";
import type { HistoryHeader } from "../../history/entry.ts";
import { combineOutcomes } from "../../history/judge.ts";
import { readHistory } from "../../history/store.ts";
import { wantsColours } from "../../report/colours.ts";
import { formatResult } from "../../report/terminal.ts";
import { exitCodes } from "../exit-codes.ts";
import { printLine } from "../print.ts";
import type { ProgramOutcome } from "../program-outcome.ts";
import { replayCommand } from "../replay-command.ts";

export function addCheckCommand(program: Command, outcome: ProgramOutcome): void {
  program
    .command("check <run-directory>")
    .description("judge a stored history again")
    .option("--json", "print the result as JSON")
    .action(async (path: string, flags: { readonly json?: boolean }) => {
      const history = await readHistory(path);
      const { header } = history;
      const { known, unknown } = checkersOf(header.checkers);
      const judged = await judgeRun(header, () => history.entries, known, { isTorn: () => history.torn });
      // The history itself may be named, too.
      const folder = statSync(path).isFile() ? dirname(path) : path;
      const replay = readResult(folder)?.replayCommand ?? replayOf(header);
      const result: RunResult = {
        ...judged,
        outcome: combineOutcomes([judged.outcome, ...unknown.map(() => "unknown" as const)]),
        notes: [
          ...judged.notes,
          ...unknown.map((name) => `Not judged: this version has no checker "${name}".`),
        ],
        folder,
        ...(replay === undefined ? {} : { replayCommand: replay }),
      };
      if (flags.json) printLine(JSON.stringify(result));
      else printLine(formatResult(result, { colours: wantsColours(process.stdout) }));
      outcome.exitCode = exitCodes[result.outcome];
    });
}

/** The command that repeats a run whose result is lost; undefined for an experiment that only its author has. */
function replayOf({ experiment, devices, durationMs, seed, backend }: HistoryHeader): string | undefined {
  const known = catalog.experiments.find(({ name }) => name === experiment);
  return known && replayCommand(known, { devices: `${devices}`, duration: `${durationMs}ms`, seed, backend });
}

/** The checkers that a history asks for, in its order, and the names that this version does not know. */
function checkersOf(names: readonly string[]): { known: readonly Checker[]; unknown: readonly string[] } {
  const known = names.flatMap((name) => catalog.checkers.filter((checker) => checker.name === name));
  const unknown = names.filter((name) => !known.some((checker) => checker.name === name));
  return { known, unknown };
}
