import type { StormfleetError } from "../errors.ts";
import { type Allotment, allocate } from "../firmware/allocate.ts";
import type { DeviceEvents } from "../firmware/device.ts";
import { createFleet, type Fleet } from "../firmware/fleet.ts";
import { createRunTopics } from "../firmware/run-topics.ts";
import type { HistoryHeader } from "../history/entry.ts";
import { createRecorder, type Recorder } from "../history/recorder.ts";
import { openHistoryWriter } from "../history/store.ts";
import type { Cure, Infrastructure } from "../infrastructure/infrastructure.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { World } from "../time/world.ts";
import { type BackendApplication, backendActor, createBackendApplication } from "./backend-application.ts";
import { createDrain, type Drain } from "./drain.ts";
import type { Experiment } from "./experiment.ts";
import { createReadiness, type Readiness } from "./fleet-readiness.ts";
import { briskSettings, connectionSettings, type FleetSettings } from "./fleet-settings.ts";
import { createNemesis, type Nemesis } from "./nemesis.ts";
import { runFolder } from "./run-folder.ts";
import { historyHeader, runName } from "./run-identity.ts";
import { createRunLog, type RunLog } from "./run-log.ts";
import type { RunOptions } from "./run-options.ts";
import { startStallWatch } from "./stall-watch.ts";

/** Everything that the steps of a run work with, wired together. */
export interface RunParts {
  readonly header: HistoryHeader;
  readonly settings: FleetSettings;
  readonly folder: string;
  readonly recorder: Recorder;
  readonly log: RunLog;
  readonly readiness: Readiness;
  readonly drain: Drain;
  readonly nemesis: Nemesis;
  readonly backend: BackendApplication;
  readonly fleet: Fleet;
  readonly allotments: readonly Allotment[];
  /** The devices whose subscription was proven. */
  readonly eligible: ReadonlySet<string>;
  /** Aborted when the storm must end before its time: the broker is away for good, or a model is defective. */
  readonly stormEnd: AbortSignal;
  /** The error of a model that turned out to be wrong at work. */
  defect(): StormfleetError | undefined;
}

export interface RunPartsOptions extends RunOptions {
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly devices: number;
  readonly durationMs: number;
  readonly infrastructure: Infrastructure;
  readonly linkNames: readonly string[];
  /** What is to be undone, newest first; everything that is started is added. */
  readonly toStop: Cure[];
}

/** A broker that is away longer than this ends the storm. */
const brokerAwayBoundMs = 10_000;
const defaultRunsFolder = "runs";

/** How the compensated downlink is named where the drain awaits it. */
export const compensationStream = { source: "compensation", stream: "downlink" } as const;

/** Sets the parts of a run up; nothing connects yet. */
export function createRunParts(world: World, experiment: Experiment, options: RunPartsOptions): RunParts {
  const { clock } = world;
  const { telemetry, signal, devices, durationMs, infrastructure, linkNames, toStop } = options;
  const settings: FleetSettings = { ...briskSettings, ...experiment.settings };
  const name = runName(world);
  const backendName = infrastructure.backend;
  const identity = { name, experiment, settings, backend: backendName, devices, durationMs };
  const header = historyHeader(world, identity);
  const folder = runFolder(options.runsFolder ?? defaultRunsFolder, experiment.name, header.startedAt);
  const writer = openHistoryWriter(folder, header);
  toStop.push(async () => writer.close());
  const recorder = createRecorder(clock, { sink: writer.append, keep: false });
  const log = createRunLog(clock, recorder, signal);
  const readiness = createReadiness(world);
  const drain = createDrain(world, recorder);
  const stormEnd = new AbortController();
  const eligible = new Set<string>();
  let defect: StormfleetError | undefined;

  /** A wrong model ends the run with its error: what it leaves is no evidence about anything. */
  function onDefect(error: StormfleetError): void {
    defect ??= error;
    stormEnd.abort();
  }

  let brokerAwayTimer: unknown;
  toStop.push(async () => clock.clearTimeout(brokerAwayTimer));
  function onBrokerLost(): void {
    brokerAwayTimer = clock.setTimeout(() => {
      log.note("method-failed", `The broker was away for ${brokerAwayBoundMs} ms; the storm ended early.`);
      stormEnd.abort();
    }, brokerAwayBoundMs);
  }

  const common = { run: name, topics: createRunTopics(name), recorder, telemetry };
  const backend = createBackendApplication(world, {
    ...common,
    endpoint: infrastructure.broker.endpoint,
    ...(options.wrapLog ? { wrapLog: options.wrapLog } : {}),
    events: {
      onSentinel: (message) => drain.arrived({ ...message, receiver: backendActor }, message.sequence),
      onBrokerLost,
      onBrokerBack: () => clock.clearTimeout(brokerAwayTimer),
      onDefect,
    },
  });
  toStop.push(() => backend.stop());

  const events: DeviceEvents = {
    onSubscribed: (device) => backend.probe(device.id),
    onEligible(device) {
      backend.stopProbing(device.id);
      eligible.add(device.id);
      readiness.changed();
    },
    onSentinel: (device, message) => drain.arrived({ ...message, receiver: device.id }, message.sequence),
    onCompensated(device) {
      if (log.phase === "drain" && device.lastCompensatedId >= backend.compensationHead(device.id)) {
        drain.arrived({ ...compensationStream, receiver: device.id });
      }
    },
    onStateChanged: () => readiness.changed(),
    onDefect,
  };
  const allotments = allocate(experiment.mix, devices, linkNames);
  const fleet = createFleet(world, {
    ...common,
    allotments,
    endpointOf: (link) => linkOf(infrastructure, link).endpoint,
    connection: connectionSettings(settings),
    events,
  });
  toStop.push(() => fleet.stop());
  // So many hops of a message between devices and broker in one process may be late before the slack is used up.
  const { slackMs } = header.settings;
  const stallWatch = startStallWatch(clock, recorder, { toleranceMs: slackMs / 8, slackMs, devices });
  toStop.push(async () => stallWatch.stop());

  const nemesis = createNemesis(world, infrastructure.links, recorder);
  const parts = { header, settings, folder, recorder, log, readiness, drain, nemesis, backend, fleet };
  return { ...parts, allotments, eligible, stormEnd: stormEnd.signal, defect: () => defect };
}

function linkOf(infrastructure: Infrastructure, name: string) {
  const link = infrastructure.links.get(name);
  if (!link) throw new Error(`The backend "${infrastructure.backend}" did not set up the link "${name}".`);
  return link;
}
