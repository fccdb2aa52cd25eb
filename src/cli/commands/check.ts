import type { Command } from "commander";
import { catalog } from "../../catalog.ts";
import { judgeRun } from "../../experiment/judge-run.ts";
import { readResult } from "../../experiment/result-file.ts";
import type { RunResult } from "../../experiment/run-result.ts";
import type { Checker } from "../../history/checker.ts";
import { combineOutcomes } from "../../history/judge.ts";
import { readHistory } from "../../history/store.ts";
import { formatResult } from "../../report/terminal.ts";
import { exitCodes } from "../exit-codes.ts";
import { printLine } from "../print.ts";
import type { ProgramOutcome } from "../program-outcome.ts";

export function addCheckCommand(program: Command, outcome: ProgramOutcome): void {
  program
    .command("check <run-directory>")
    .description("judge a stored history again")
    .option("--json", "print the result as JSON")
    .action(async (folder: string, flags: { readonly json?: boolean }) => {
      const history = await readHistory(folder);
      const { header } = history;
      const { known, unknown } = checkersOf(header.checkers);
      const judged = await judgeRun(header, () => history.entries, known, { isTorn: () => history.torn });
      const result: RunResult = {
        ...judged,
        outcome: combineOutcomes([judged.outcome, ...unknown.map(() => "unknown" as const)]),
        notes: [
          ...judged.notes,
          ...unknown.map((name) => `Not judged: this version has no checker "${name}".`),
        ],
        folder,
        replayCommand:
          readResult(folder)?.replayCommand ??
          `npx stormfleet run ${header.experiment} --seed ${header.seed}`,
      };
      if (flags.json) printLine(JSON.stringify(result));
      else printLine(formatResult(result, { colours: process.stdout.isTTY === true }));
      outcome.exitCode = exitCodes[result.outcome];
    });
}

/** The checkers that a history asks for, in its order, and the names that this version does not know. */
function checkersOf(names: readonly string[]): { known: readonly Checker[]; unknown: readonly string[] } {
  const known = names.flatMap((name) => catalog.checkers.filter((checker) => checker.name === name));
  const unknown = names.filter((name) => !known.some((checker) => checker.name === name));
  return { known, unknown };
}
