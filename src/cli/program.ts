import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCheckCommand } from "./commands/check.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addListCommand } from "./commands/list.ts";
import { addProxyCommand } from "./commands/proxy.ts";
import { addRunCommand, addTourCommand } from "./commands/run.ts";
import type { ProgramOutcome } from "./program-outcome.ts";

/** All commands. Errors are thrown instead of ending the process, so that one place reports them. */
export function createProgram(outcome: ProgramOutcome): Command {
  const program = new Command("stormfleet")
    .description(
      "Simulates fleets of MQTT devices, breaks their network on purpose, and proves from the recorded history " +
        "whether the delivery guarantees held.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show the help of a command")
    .helpCommand(false)
    .showSuggestionAfterError(true)
    // `proxy -version` is the proxy's own question.
    .enablePositionalOptions()
    .addHelpText("after", exitCodeHelp)
    .exitOverride()
    // The sentence is printed by `reportError`, in the same shape as every other error.
    .configureOutput({ outputError: () => {} });
  addTourCommand(program, outcome);
  addRunCommand(program, outcome);
  addCheckCommand(program, outcome);
  addListCommand(program);
  addProxyCommand(program, outcome);
  addDoctorCommand(program, outcome);
  for (const command of program.commands) {
    command.copyInheritedSettings(program).allowExcessArguments(false);
  }
  return program;
}

const exitCodeHelp = `
Exit codes:
  0    every guarantee held
  1    a guarantee is violated
  2    not enough was seen to tell
  64+  could not run: 64 wrong usage, 65 bad data, 69 something did not answer,
       70 our own failure, 73 a port or file cannot be used, 78 the backend lacks a capability
  130  ended by Ctrl-C before there was anything to judge`;

function packageVersion(): string {
  // The file is two levels up from the sources and three from the compiled package.
  for (const up of ["../../package.json", "../../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (name === "stormfleet") return version;
    } catch {
      // Not at this level.
    }
  }
  return "unknown";
}
