import { StormfleetError } from "../errors.ts";
import { isKebabCase } from "../kebab-case.ts";
import type { Experiment, FaultStep } from "./experiment.ts";
import { resolveParameters } from "./fault.ts";
import { briskSettings } from "./fleet-settings.ts";

/** Longer timers overflow and fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Refuses an experiment that could not run or could not be judged, with a sentence that names the place and the value.
 *
 * Throws CONF_1004, or CONF_1002 for a fault's parameters.
 */
export function checkExperiment(experiment: Experiment): void {
  const { name, mix, devices, links, durationMs, method, checkers } = experiment;
  const refuse = (what: string, hint: string): never => {
    throw new StormfleetError("CONF_1004", `The experiment "${name}" ${what}.`, { hint });
  };
  if (!isKebabCase(name)) refuse("has a name that is not kebab-case", 'Use a name such as "slow-uplinks".');
  if (mix.length === 0) refuse("has no devices in its mix", "Name at least one model and its weight.");
  for (const { model, weight } of mix) {
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY))
      refuse(`gives "${model.name}" the weight ${weight}`, "Use a number above 0.");
  }
  const names = mix.map(({ model }) => model.name);
  const repeated = names.find((each, index) => names.indexOf(each) !== index);
  if (repeated !== undefined)
    refuse(
      `has two models of the name "${repeated}" in its mix`,
      "Their devices would share their ids: rename one.",
    );
  if (!isCount(devices)) refuse(`has ${devices} devices`, "Use a whole number from 1.");
  if (!isCount(links)) refuse(`has ${links} links`, "Use a whole number from 1.");
  if (!(durationMs >= 1 && durationMs <= longestTimerMs))
    refuse(`lasts ${durationMs} ms`, `Use a number of milliseconds from 1 to ${longestTimerMs} (24 days).`);
  method.forEach((step, index) => {
    checkStep(`has a step ${index + 1} (${step.fault.name}) that`, step, refuse);
  });
  checkSettings(experiment, refuse);
  if (checkers.length === 0)
    refuse("has no checkers", "Without a checker there is no verdict; name at least one.");
}

/**
 * Refuses times of a run that no timer can take: a drain that never waits would leave every stream open.
 *
 * Throws CONF_1002.
 */
export function checkRunTimes(times: {
  readonly drainBoundMs: number;
  readonly progressIntervalMs: number;
}): void {
  for (const [name, value] of Object.entries(times)) {
    if (value >= 1 && value <= longestTimerMs) continue;
    throw new StormfleetError("CONF_1002", `The run's ${name} cannot be ${value}.`, {
      hint: `Use a number of milliseconds from 1 to ${longestTimerMs}.`,
    });
  }
}

type Refuse = (what: string, hint: string) => never;

function checkStep(
  place: string,
  { fault, parameters, links, from, until }: FaultStep,
  refuse: Refuse,
): void {
  if (!(from >= 0 && from < until && until <= 1))
    refuse(
      `${place} runs from ${from} to ${until}`,
      "Both are shares of the duration: 0 ≤ from < until ≤ 1.",
    );
  if (links !== undefined && links !== "all" && !(links.share > 0 && links.share <= 1))
    refuse(`${place} disturbs a share of ${links.share} of the links`, "Use a share above 0, at most 1.");
  resolveParameters(fault, parameters);
}

function checkSettings({ settings }: Experiment, refuse: Refuse): void {
  const { heartbeatIntervalMs, heartbeatTimeoutMs, rampPerSecond } = { ...briskSettings, ...settings };
  if (!(heartbeatIntervalMs > 0 && heartbeatIntervalMs < heartbeatTimeoutMs))
    refuse(
      `has a heartbeat every ${heartbeatIntervalMs} ms with a timeout of ${heartbeatTimeoutMs} ms`,
      "The interval must be above 0, and the timeout the longer one.",
    );
  if (!(rampPerSecond > 0)) refuse(`starts ${rampPerSecond} devices per second`, "Use a number above 0.");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
