import type { Experiment } from "../experiment/experiment.ts";
import { shellWord } from "../report/shell-word.ts";
import type { RunFlags } from "./commands/run.ts";

/** The command that repeats a run: everything that was asked for, and the seed. */
export function replayCommand(experiment: Experiment, flags: Omit<RunFlags, "out">): string {
  const words = ["npx stormfleet run", experiment.name];
  if (flags.devices !== undefined) words.push("--devices", flags.devices);
  words.push("--seed", shellWord(String(flags.seed)));
  if (flags.duration !== undefined) words.push("--duration", flags.duration);
  if (flags.backend !== "embedded") words.push("--backend", flags.backend);
  if (flags.mutant !== undefined) words.push("--mutant", flags.mutant);
  return words.join(" ");
}
