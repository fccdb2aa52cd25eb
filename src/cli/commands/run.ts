import { type Command, Option } from "commander";
import { catalog, findByName } from "../../catalog.ts";
import { parseDurationMs } from "../../config/duration.ts";
import { parseWholeNumber } from "../../config/whole-number.ts";
import { StormfleetError } from "../../errors.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { runExperiment } from "../../experiment/runner.ts";
import { backendNames, selectBackend } from "../../infrastructure/select.ts";
import { wantsColours } from "../../report/colours.ts";
import { createProgressView } from "../../report/progress-view.ts";
import { formatResult } from "../../report/terminal.ts";
import { freshSeed } from "../../time/fresh-seed.ts";
import { createWorld } from "../../time/world.ts";
import { checkDescriptorLimit } from "../descriptor-limit.ts";
import { exitCodes } from "../exit-codes.ts";
import { watchForInterruption } from "../interruption.ts";
import { printLine } from "../print.ts";
import type { ProgramOutcome } from "../program-outcome.ts";
import { replayCommand } from "../replay-command.ts";

export interface RunFlags {
  readonly devices?: string;
  readonly seed?: string;
  readonly duration?: string;
  readonly backend: string;
  readonly mutant?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** More devices than one process has descriptors for on any machine we know. */
const mostDevices = 100_000;
const shortestDurationMs = 1000;
const longestDurationMs = 7 * 24 * 3_600_000;

export function addRunCommand(program: Command, outcome: ProgramOutcome): void {
  const command = program
    .command("run <experiment>")
    .description("run an experiment and say whether its guarantees held")
    .addHelpText("after", () => `\nExperiments:\n${experimentList()}`);
  addRunOptions(command).action(async (name: string, flags: RunFlags) => {
    const experiment = findByName("experiment", catalog.experiments, name);
    outcome.exitCode = await run(experiment, flags);
  });
}

export function addTourCommand(program: Command, outcome: ProgramOutcome): void {
  const command = program
    .command("tour")
    .description(
      "50 devices live through latency, a partition and half-open links (about 40 s); what `npm start` runs",
    );
  addRunOptions(command).action(async (flags: RunFlags) => {
    outcome.exitCode = await run(findByName("experiment", catalog.experiments, "tour"), flags);
  });
}

function addRunOptions(command: Command): Command {
  return command
    .option("-d, --devices <n>", "how many devices (default: the experiment's)")
    .option(
      "-s, --seed <seed>",
      "repeats devices, payloads and fault schedule (default: a fresh one, printed)",
    )
    .option(
      "-t, --duration <time>",
      "how long workload and faults last, such as 30s or 5m (default: the experiment's)",
    )
    .option("-b, --backend <name>", `where it runs: ${backendNames.join(", ")}`, "embedded")
    .option("-o, --out <folder>", "where histories go", "runs")
    .option("--json", "print the result as JSON on stdout; progress goes to stderr")
    .addOption(
      new Option("--mutant <name>", "break the embedded broker on purpose, to see that the checkers notice"),
    );
}

async function run(experiment: Experiment, flags: RunFlags): Promise<number> {
  const devices =
    flags.devices === undefined
      ? experiment.devices
      : parseWholeNumber("--devices", flags.devices, { min: 1, max: mostDevices });
  const durationMs =
    flags.duration === undefined ? experiment.durationMs : parseRunDurationMs(flags.duration);
  const startInfrastructure = await selectBackend(flags.backend, { mutant: flags.mutant });
  checkDescriptorLimit(devices);
  const world = createWorld({ seed: flags.seed ?? freshSeed() });
  const replay = replayCommand(experiment, { ...flags, seed: world.seed });

  const view = createProgressView({ stream: process.stderr, title: experiment.name });
  const interruption = watchForInterruption(() =>
    view.note("Interrupted: healing, draining, then reporting …"),
  );
  try {
    view.begin(`${experiment.hypothesis}`, { devices, durationMs, seed: world.seed, backend: flags.backend });
    const result = await runExperiment(world, experiment, {
      startInfrastructure,
      devices,
      durationMs,
      runsFolder: flags.out,
      signal: interruption.signal,
      onProgress: view.show,
      replayCommand: replay,
    });
    view.end();
    if (flags.json) printLine(JSON.stringify(result));
    else printLine(formatResult(result, { colours: wantsColours(process.stdout) }));
    return exitCodes[result.outcome];
  } catch (error) {
    view.end();
    throw error;
  } finally {
    interruption.dispose();
  }
}

function parseRunDurationMs(text: string): number {
  const durationMs = parseDurationMs("--duration", text);
  if (durationMs < shortestDurationMs || durationMs > longestDurationMs) {
    throw new StormfleetError("CONF_1002", `--duration cannot be "${text}".`, {
      hint: "Use 1s to 168h (a week).",
    });
  }
  return durationMs;
}

function experimentList(): string {
  const width = Math.max(...catalog.experiments.map(({ name }) => name.length));
  return catalog.experiments
    .map(({ name, hypothesis }) => `  ${name.padEnd(width)}  ${hypothesis}`)
    .join("\n");
}
