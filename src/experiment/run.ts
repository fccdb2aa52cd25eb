import { messageOf, StormfleetError } from "../errors.ts";
import type { RunPhase } from "../history/entry.ts";
import { counted } from "../history/findings.ts";
import { readHistory } from "../history/store.ts";
import type { Cure } from "../infrastructure/infrastructure.ts";
import { silentTelemetry } from "../observability/telemetry.ts";
import { sleep } from "../time/clock.ts";
import type { World } from "../time/world.ts";
import { checkExperiment, checkRunTimes } from "./check-experiment.ts";
import type { Awaited } from "./drain.ts";
import type { Experiment } from "./experiment.ts";
import { undoAll } from "./fault.ts";
import { notReadyError } from "./fleet-readiness.ts";
import { judgeRun } from "./judge-run.ts";
import { checkNeeds } from "./needs.ts";
import type { Progress } from "./progress.ts";
import { writeResult } from "./result-file.ts";
import type { RunOptions } from "./run-options.ts";
import { compensationStream, createRunParts, type RunParts } from "./run-parts.ts";
import type { RunResult } from "./run-result.ts";
import { sendSentinels, sendSentinelsAgain } from "./sentinels.ts";

/** The steps of a run, in the order in which the runner takes them. */
export interface Run {
  bringUpFleet(): Promise<void>;
  storm(): Promise<void>;
  heal(): Promise<void>;
  recover(): Promise<void>;
  drain(): Promise<void>;
  compareSteadyState(): void;
  stop(): Promise<void>;
  judge(): Promise<RunResult>;
}

/** How long a fleet may take to come up beyond its ramp. */
const warmUpSlackMs = 20_000;
/** How long streams may take to drain when nothing holds them up. */
const defaultDrainBoundMs = 20_000;
/** What an interrupted run still spends on recovery and on draining, each. */
const interruptedBoundMs = 5_000;
const defaultProgressIntervalMs = 250;

/** Starts the infrastructure of a run and sets everything up that the steps need. */
export async function createRun(world: World, experiment: Experiment, options: RunOptions): Promise<Run> {
  const telemetry = options.telemetry ?? silentTelemetry;
  const signal = options.signal ?? new AbortController().signal;
  const devices = options.devices ?? experiment.devices;
  const durationMs = options.durationMs ?? experiment.durationMs;
  // Again, because what was defined well may be asked to run with other numbers.
  checkExperiment({ ...experiment, devices, durationMs });
  const { drainBoundMs = defaultDrainBoundMs, progressIntervalMs = defaultProgressIntervalMs } = options;
  checkRunTimes({ drainBoundMs, progressIntervalMs });
  // As many as have devices on them: a fault on an empty link would disturb nothing and prove nothing.
  const linkCount = Math.min(experiment.links, Math.ceil(devices / experiment.mix.length));
  const linkNames = Array.from({ length: linkCount }, (_, index) => `link-${index + 1}`);

  const infrastructure = await options.startInfrastructure(world, { links: linkNames, telemetry, signal });
  const toStop: Cure[] = [() => infrastructure.stop()];
  try {
    checkNeeds(experiment, infrastructure);
    const known = { telemetry, signal, devices, durationMs, infrastructure, linkNames, toStop };
    const parts = createRunParts(world, experiment, { ...options, ...known });
    options.onInfrastructure?.(infrastructure);
    return createSteps(world, experiment, parts, {
      ...options,
      signal,
      toStop,
      drainBoundMs,
      progressIntervalMs,
    });
  } catch (error) {
    // What went wrong is what the caller must hear, not that something could not be stopped after it.
    await undoAll(toStop).catch(() => {});
    throw error;
  }
}

interface StepOptions extends RunOptions {
  readonly signal: AbortSignal;
  readonly drainBoundMs: number;
  readonly progressIntervalMs: number;
  readonly toStop: readonly Cure[];
}

function createSteps(world: World, experiment: Experiment, parts: RunParts, options: StepOptions): Run {
  const { clock } = world;
  const { signal, toStop, drainBoundMs } = options;
  let { onProgress } = options;
  const { header, settings, log, readiness, drain, nemesis, backend, fleet, eligible } = parts;
  const { devices, durationMs } = header;
  const progressTimer = clock.setInterval(showProgress, options.progressIntervalMs);

  /** Who only watches must not be able to keep the run from healing and stopping. */
  function showProgress(): void {
    try {
      onProgress?.(progressOf(parts));
    } catch {
      onProgress = undefined;
    }
  }

  function enter(phase: RunPhase): void {
    log.enter(phase);
    showProgress();
  }

  /** Of a device that gave up nothing more is to be expected; that it did is in the history. */
  const allSettled = () =>
    fleet.devices.every(({ state }) => state === "connected" || state === "unavailable");

  return {
    async bringUpFleet() {
      enter("warm-up");
      await backend.start(signal);
      await fleet.start(settings.rampPerSecond, signal);
      const ready = await readiness.until(() => eligible.size === devices, warmUpSlackMs, signal);
      signal.throwIfAborted();
      if (!ready) throw notReadyError(fleet, eligible.size, warmUpSlackMs);
      enter("steady-state");
    },
    async storm() {
      enter("storm");
      fleet.startStreams();
      backend.startWorkload(parts.allotments);
      const either = AbortSignal.any([signal, parts.stormEnd]);
      const outcomes = await Promise.allSettled([
        nemesis.run(experiment.method, durationMs, either),
        sleep(clock, durationMs, either),
      ]);
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure && !either.aborted)
        log.note("method-failed", `A fault failed: ${messageOf(failure.reason)}`);
      log.noteInterruption();
      fleet.stopStreams();
      backend.stopWorkload();
      throwDefect(parts);
    },
    async heal() {
      enter("heal");
      try {
        await nemesis.healAll();
      } catch (error) {
        log.note("method-failed", `A fault could not be healed: ${messageOf(error)}`);
      }
    },
    async recover() {
      enter("recovery");
      const { heartbeatTimeoutMs, handshakeTimeoutMs, backoffLongestMs, slackMs } = header.settings;
      const boundMs = heartbeatTimeoutMs + handshakeTimeoutMs + backoffLongestMs + slackMs;
      const back = log.interrupted
        ? await readiness.until(allSettled, Math.min(boundMs, interruptedBoundMs))
        : await readiness.until(allSettled, boundMs, signal);
      log.noteInterruption();
      if (back || log.interrupted) return;
      log.note("recovery-bound-hit", `${awayText(parts)} not back ${boundMs} ms after healing.`);
    },
    async drain() {
      enter("drain");
      for (const { id, lastCompensatedId } of fleet.devices) {
        if (lastCompensatedId < backend.compensationHead(id)) {
          drain.expect({ ...compensationStream, receiver: id });
        }
      }
      sendSentinels(parts);
      throwDefect(parts);
      const resend = (missing: readonly Awaited[]) => sendSentinelsAgain(parts, missing);
      const { complete } = log.interrupted
        ? await drain.wait(interruptedBoundMs, undefined, resend)
        : await drain.wait(drainBoundMs, signal, resend);
      log.noteInterruption();
      if (complete || log.interrupted) return;
      const open = counted(drain.open, "stream");
      log.note("drain-bound-hit", `${open} had not delivered the last message after ${drainBoundMs} ms.`);
    },
    compareSteadyState() {
      enter("steady-state-after");
      if (log.interrupted || fleet.countByState().connected === devices) return;
      log.note("steady-state-failed", `${awayText(parts)} not connected at the end.`);
    },
    async stop() {
      enter("stop");
      clock.clearInterval(progressTimer);
      try {
        await undoAll(toStop);
      } catch (error) {
        const message = `The run could not be stopped cleanly: ${messageOf(error)}`;
        throw new StormfleetError("RUN_1002", message, { cause: error });
      }
    },
    async judge() {
      // From the file and not from memory: a run may be long, and what is judged is what can be judged again.
      const stored = await readHistory(parts.folder);
      const judged = await judgeRun(header, () => stored.entries, experiment.checkers, {
        isTorn: () => stored.torn,
      });
      const { replayCommand } = options;
      const result: RunResult = {
        ...judged,
        folder: parts.folder,
        ...(replayCommand === undefined ? {} : { replayCommand }),
      };
      writeResult(result);
      return result;
    },
  };
}

function throwDefect(parts: RunParts): void {
  const defect = parts.defect();
  if (defect) throw defect;
}

/** Who is away, as the beginning of a sentence. */
function awayText({ fleet, header }: RunParts): string {
  const { connected, unavailable } = fleet.countByState();
  const gaveUp = unavailable > 0 ? ` (${unavailable} gave up after the retry budget)` : "";
  return `${header.devices - connected} of ${counted(header.devices, "device")}${gaveUp} were`;
}

function progressOf({ header, log, recorder, fleet, backend, nemesis }: RunParts): Progress {
  const { devices, durationMs } = header;
  const sums = fleet.counts();
  const own = backend.counts;
  return {
    phase: log.phase,
    elapsedMs: recorder.elapsedMs(),
    stormElapsedMs: log.phase === "storm" ? Math.min(durationMs, log.phaseElapsedMs()) : 0,
    stormDurationMs: durationMs,
    devices,
    devicesByState: fleet.countByState(),
    published: sums.published + own.published,
    acknowledged: sums.acknowledged + own.acknowledged,
    delivered: sums.delivered + own.delivered,
    faults: nemesis.active(),
  };
}
