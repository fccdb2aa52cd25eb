import { CommanderError } from "commander";
import { acceptGoFlags } from "./go-flags.ts";
import { tolerateClosedPipes } from "./print.ts";
import { createProgram } from "./program.ts";
import { reportError } from "./report-error.ts";

/**
 * Runs the command line.
 *
 * @returns the exit code: 0 valid, 1 violated, 2 unknown, 64 and above: could not run (see `exit-codes.ts`).
 */
export async function main(args: readonly string[]): Promise<number> {
  const outcome = { exitCode: 0 };
  tolerateClosedPipes();
  try {
    await createProgram(outcome).parseAsync(acceptGoFlags(args), { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    // Commander has printed its help or its version by then; `commander.help` is the call without any command.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help"))
      return 0;
    return reportError(error, args.includes("--json"));
  }
}
