import { messageOf, StormfleetError } from "../errors.ts";
import { type Allotment, allocate } from "../firmware/allocate.ts";
import type { ConnectionSettings } from "../firmware/connection-settings.ts";
import type { DeviceEvents } from "../firmware/device.ts";
import { createFleet } from "../firmware/fleet.ts";
import { createRunTopics } from "../firmware/run-topics.ts";
import type { NoteEntry, RunPhase } from "../history/entry.ts";
import { counted } from "../history/findings.ts";
import { createRecorder } from "../history/recorder.ts";
import { openHistoryWriter } from "../history/store.ts";
import type { Cure, Infrastructure } from "../infrastructure/infrastructure.ts";
import { silentTelemetry, type Telemetry } from "../observability/telemetry.ts";
import { sleep } from "../time/clock.ts";
import type { World } from "../time/world.ts";
import { backendActor, createBackendApplication } from "./backend-application.ts";
import { checkExperiment } from "./check-experiment.ts";
import { type Awaited, createDrain } from "./drain.ts";
import type { Experiment } from "./experiment.ts";
import { undoAll } from "./fault.ts";
import { createReadiness, notReadyError } from "./fleet-readiness.ts";
import { briskSettings, type FleetSettings } from "./fleet-settings.ts";
import { judgeRun } from "./judge-run.ts";
import { checkNeeds } from "./needs.ts";
import { createNemesis } from "./nemesis.ts";
import type { Progress } from "./progress.ts";
import { writeResult } from "./result-file.ts";
import { runFolder } from "./run-folder.ts";
import { historyHeader, runName } from "./run-identity.ts";
import type { RunOptions } from "./run-options.ts";
import type { RunResult } from "./run-result.ts";
import { sendSentinels, sendSentinelsAgain } from "./sentinels.ts";
import { startStallWatch } from "./stall-watch.ts";

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
/** A broker that is away longer than this ends the storm. */
const brokerAwayBoundMs = 10_000;
const defaultProgressIntervalMs = 250;
const defaultRunsFolder = "runs";

/** Starts the infrastructure of a run and sets everything up that the steps need. */
export async function createRun(world: World, experiment: Experiment, options: RunOptions): Promise<Run> {
  const telemetry = options.telemetry ?? silentTelemetry;
  const signal = options.signal ?? new AbortController().signal;
  const devices = options.devices ?? experiment.devices;
  // Again, because what was defined well may be asked to run with other numbers.
  checkExperiment({ ...experiment, devices, durationMs: options.durationMs ?? experiment.durationMs });
  // As many as have devices on them: a fault on an empty link would disturb nothing and prove nothing.
  const linkCount = Math.min(experiment.links, Math.ceil(devices / experiment.mix.length));
  const linkNames = Array.from({ length: linkCount }, (_, index) => `link-${index + 1}`);

  const infrastructure = await options.startInfrastructure(world, { links: linkNames, telemetry, signal });
  const toStop: Cure[] = [() => infrastructure.stop()];
  try {
    checkNeeds(experiment, infrastructure);
    return setUpRun(world, experiment, {
      ...options,
      telemetry,
      signal,
      devices,
      infrastructure,
      linkNames,
      toStop,
    });
  } catch (error) {
    // What went wrong is what the caller must hear, not that something could not be stopped after it.
    await undoAll(toStop).catch(() => {});
    throw error;
  }
}

interface SetUpOptions extends RunOptions {
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly devices: number;
  readonly infrastructure: Infrastructure;
  readonly linkNames: readonly string[];
  /** What is to be undone, newest first; everything that is started is added. */
  readonly toStop: Cure[];
}

function setUpRun(world: World, experiment: Experiment, options: SetUpOptions): Run {
  const { clock } = world;
  const { telemetry, signal, devices, infrastructure, linkNames, toStop } = options;
  const settings: FleetSettings = { ...briskSettings, ...experiment.settings };
  const durationMs = options.durationMs ?? experiment.durationMs;
  const drainBoundMs = options.drainBoundMs ?? defaultDrainBoundMs;
  const name = runName(world);
  const header = historyHeader(world, {
    name,
    experiment,
    settings,
    backend: infrastructure.backend,
    devices,
    durationMs,
  });
  const folder = runFolder(options.runsFolder ?? defaultRunsFolder, experiment.name, header.startedAt);
  const writer = openHistoryWriter(folder, header);
  toStop.push(async () => writer.close());
  const recorder = createRecorder(clock, { sink: writer.append });
  const topics = createRunTopics(name);
  const readiness = createReadiness(world);
  const drain = createDrain(world, recorder);
  const nemesis = createNemesis(world, infrastructure.links, recorder);
  const stormEnd = new AbortController();
  const eligible = new Set<string>();
  let phase: RunPhase = "warm-up";
  let phaseStartMs = clock.monotonicMs();
  let interrupted = false;
  let brokerAwayTimer: unknown;
  let defect: StormfleetError | undefined;

  /** A wrong model ends the run with its error: what it leaves is no evidence about anything. */
  function onDefect(error: StormfleetError): void {
    defect ??= error;
    stormEnd.abort();
  }

  const backend = createBackendApplication(world, {
    run: name,
    topics,
    endpoint: infrastructure.broker.endpoint,
    recorder,
    telemetry,
    ...(options.wrapLog ? { wrapLog: options.wrapLog } : {}),
    events: {
      onSentinel: (message) => drain.arrived({ ...message, receiver: backendActor }, message.sequence),
      onBrokerLost() {
        brokerAwayTimer = clock.setTimeout(() => {
          note("method-failed", `The broker was away for ${brokerAwayBoundMs} ms; the storm ended early.`);
          stormEnd.abort();
        }, brokerAwayBoundMs);
      },
      onBrokerBack: () => clock.clearTimeout(brokerAwayTimer),
      onDefect,
    },
  });
  const events: DeviceEvents = {
    onSubscribed: (device) => backend.probe(device.id),
    onEligible(device) {
      backend.stopProbing(device.id);
      eligible.add(device.id);
      readiness.changed();
    },
    onSentinel: (device, message) => drain.arrived({ ...message, receiver: device.id }, message.sequence),
    onCompensated(device) {
      if (phase === "drain" && device.lastCompensatedId >= backend.compensationHead(device.id)) {
        drain.arrived({ ...compensationStream, receiver: device.id });
      }
    },
    onStateChanged: () => readiness.changed(),
    onDefect,
  };
  const allotments: readonly Allotment[] = allocate(experiment.mix, devices, linkNames);
  const fleet = createFleet(world, {
    allotments,
    endpointOf: (link) => linkOf(infrastructure, link).endpoint,
    run: name,
    topics,
    connection: connectionSettings(settings),
    recorder,
    telemetry,
    events,
  });
  toStop.push(
    () => backend.stop(),
    () => fleet.stop(),
  );
  // So many hops of a message between devices and broker in one process may be late before the slack is used up.
  const stallWatch = startStallWatch(clock, recorder, { toleranceMs: header.settings.slackMs / 8 });
  options.onInfrastructure?.(infrastructure);
  const progressTimer = clock.setInterval(
    () => options.onProgress?.(progress()),
    options.progressIntervalMs ?? defaultProgressIntervalMs,
  );

  function enter(next: RunPhase): void {
    phase = next;
    phaseStartMs = clock.monotonicMs();
    recorder.record({ type: "phase", phase });
    options.onProgress?.(progress());
  }

  function note(kind: NoteEntry["note"], detail: string): void {
    recorder.record({ type: "note", note: kind, detail });
  }

  function noteInterruption(): void {
    if (interrupted || !signal.aborted) return;
    interrupted = true;
    note("interrupted", `The run was interrupted in the phase "${phase}".`);
  }

  function progress(): Progress {
    const sums = fleet.counts();
    const own = backend.counts;
    return {
      phase,
      elapsedMs: recorder.elapsedMs(),
      stormElapsedMs: phase === "storm" ? Math.min(durationMs, clock.monotonicMs() - phaseStartMs) : 0,
      stormDurationMs: durationMs,
      devices,
      devicesByState: fleet.countByState(),
      published: sums.published + own.published,
      acknowledged: sums.acknowledged + own.acknowledged,
      delivered: sums.delivered + own.delivered,
      faults: nemesis.active(),
    };
  }

  const allConnected = () => fleet.devices.every((device) => device.state === "connected");

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
      backend.startWorkload(allotments);
      const either = AbortSignal.any([signal, stormEnd.signal]);
      const outcomes = await Promise.allSettled([
        nemesis.run(experiment.method, durationMs, either),
        sleep(clock, durationMs, either),
      ]);
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure && !either.aborted) note("method-failed", `A fault failed: ${messageOf(failure.reason)}`);
      noteInterruption();
      fleet.stopStreams();
      backend.stopWorkload();
      if (defect) throw defect;
    },
    async heal() {
      enter("heal");
      try {
        await nemesis.healAll();
      } catch (error) {
        note("method-failed", `A fault could not be healed: ${messageOf(error)}`);
      }
    },
    async recover() {
      enter("recovery");
      const { heartbeatTimeoutMs, handshakeTimeoutMs, backoffLongestMs, slackMs } = header.settings;
      const boundMs = heartbeatTimeoutMs + handshakeTimeoutMs + backoffLongestMs + slackMs;
      const back = interrupted
        ? await readiness.until(allConnected, Math.min(boundMs, interruptedBoundMs))
        : await readiness.until(allConnected, boundMs, signal);
      noteInterruption();
      if (!back && !interrupted) {
        const away = fleet.devices.filter((device) => device.state !== "connected").length;
        note(
          "recovery-bound-hit",
          `${away} of ${devices} devices were not back ${boundMs} ms after healing.`,
        );
      }
    },
    async drain() {
      enter("drain");
      for (const { id, lastCompensatedId } of fleet.devices) {
        if (lastCompensatedId < backend.compensationHead(id)) {
          drain.expect({ ...compensationStream, receiver: id });
        }
      }
      const parts = { backend, fleet, drain };
      sendSentinels(parts);
      if (defect) throw defect;
      const resend = (missing: readonly Awaited[]) => sendSentinelsAgain(parts, missing);
      const { complete } = interrupted
        ? await drain.wait(interruptedBoundMs, undefined, resend)
        : await drain.wait(drainBoundMs, signal, resend);
      noteInterruption();
      if (!complete && !interrupted) {
        note(
          "drain-bound-hit",
          `${counted(drain.open, "stream")} had not delivered the last message after ${drainBoundMs} ms.`,
        );
      }
    },
    compareSteadyState() {
      enter("steady-state-after");
      if (allConnected() || interrupted) return;
      const away = fleet.devices.filter((device) => device.state !== "connected").length;
      note("steady-state-failed", `${away} of ${devices} devices were not connected at the end.`);
    },
    async stop() {
      enter("stop");
      clock.clearInterval(progressTimer);
      clock.clearTimeout(brokerAwayTimer);
      stallWatch.stop();
      try {
        await undoAll(toStop);
      } catch (error) {
        throw new StormfleetError("RUN_1002", `The run could not be stopped cleanly: ${messageOf(error)}`, {
          cause: error,
        });
      } finally {
        writer.close();
      }
    },
    async judge() {
      const judged = await judgeRun(header, () => recorder.entries, experiment.checkers);
      const result: RunResult = {
        ...judged,
        folder,
        ...(options.replayCommand === undefined ? {} : { replayCommand: options.replayCommand }),
      };
      writeResult(result);
      return result;
    },
  };
}

/** How the compensated downlink is named where the drain awaits it. */
const compensationStream = { source: "compensation", stream: "downlink" } as const;

function linkOf(infrastructure: Infrastructure, name: string) {
  const link = infrastructure.links.get(name);
  if (!link) throw new Error(`The backend "${infrastructure.backend}" did not set up the link "${name}".`);
  return link;
}

function connectionSettings(settings: FleetSettings): ConnectionSettings {
  return {
    heartbeat: { intervalMs: settings.heartbeatIntervalMs, timeoutMs: settings.heartbeatTimeoutMs },
    handshakeTimeoutMs: settings.handshakeTimeoutMs,
    backoff: settings.backoff,
    retryBudget: settings.retryBudget,
    // As brisk as the rest of the firmware.
    resumeTiming: {
      requestTimeoutMs: settings.heartbeatTimeoutMs,
      recheckIntervalMs: settings.heartbeatTimeoutMs,
    },
  };
}
