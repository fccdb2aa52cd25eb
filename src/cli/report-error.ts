import { CommanderError } from "commander";
import { errorTable, messageOf, StormfleetError } from "../errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { Interruption } from "./interruption.ts";
import { printError, printLine } from "./print.ts";

/** Says what went wrong in the shape that every surface uses, and returns the exit code. */
export function reportError(error: unknown, asJson: boolean): number {
  if (error instanceof Interruption) {
    printError("Interrupted before there was anything to judge; nothing is left running.");
    return exitCodes.interrupted;
  }
  const known = toStormfleetError(error);
  if (asJson) {
    const { code, level, message, hint, exitCode } = known;
    printLine(JSON.stringify({ error: { code, level, message, hint }, exitCode }));
  } else {
    printError(`${known.message}\nHint: ${known.hint}  [${known.code}]`);
    for (const cause of causesOf(known)) printError(`  caused by: ${cause}`);
  }
  return known.exitCode;
}

function toStormfleetError(error: unknown): StormfleetError {
  if (error instanceof StormfleetError) return error;
  if (error instanceof CommanderError) {
    const [sentence = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
    const hint = rest
      .join(" ")
      .trim()
      .replace(/^\((.*)\)$/, "$1");
    return new StormfleetError(
      "CONF_1003",
      `${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.$/, "")}.`,
      hint === "" ? {} : { hint },
    );
  }
  // Not one of the errors that a caller can meet: our own mistake, so its trace is worth more than politeness.
  return new StormfleetError("RUN_1003", `Stormfleet itself failed: ${messageOf(error)}`, {
    hint: `${errorTable.RUN_1003.hint}\n${error instanceof Error ? error.stack : ""}`,
    cause: error,
  });
}

function causesOf(error: StormfleetError): readonly string[] {
  const { cause } = error;
  if (cause instanceof AggregateError) return cause.errors.map(messageOf);
  return cause instanceof Error && !error.message.includes(cause.message) ? [cause.message] : [];
}
