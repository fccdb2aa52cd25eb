import { longestDelayMs } from "../connection/backoff.ts";
import { type HistoryHeader, historyVersion } from "../history/entry.ts";
import type { World } from "../time/world.ts";
import type { Experiment } from "./experiment.ts";
import type { FleetSettings } from "./fleet-settings.ts";

/** What a busy machine may add to a bound before it is called broken, in ms. */
const slackMs = 2000;

/**
 * The name of a run: unique on a broker that several runs share, and short, because it is part of every topic.
 */
export function runName(world: World): string {
  return `${world.clock.nowMs().toString(36)}-${world.random.fork("run").hex(4)}`;
}

/** The header of the run's history. */
export function historyHeader(
  world: World,
  run: {
    readonly name: string;
    readonly experiment: Experiment;
    readonly settings: FleetSettings;
    readonly backend: string;
    readonly devices: number;
    readonly durationMs: number;
  },
): HistoryHeader {
  const { name, experiment, settings, backend, devices, durationMs } = run;
  return {
    stormfleet: "history",
    version: historyVersion,
    run: name,
    experiment: experiment.name,
    seed: world.seed,
    startedAt: isoTime(world.clock.nowMs()),
    backend,
    protocol: "3.1.1",
    devices,
    durationMs,
    checkers: experiment.checkers.map((checker) => checker.name),
    settings: {
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      heartbeatTimeoutMs: settings.heartbeatTimeoutMs,
      handshakeTimeoutMs: settings.handshakeTimeoutMs,
      backoffBaseMs: settings.backoff.baseMs,
      backoffMaxMs: settings.backoff.maxMs,
      backoffLongestMs: longestDelayMs(settings.backoff),
      slackMs,
      ...(settings.retryBudget === "unbounded" ? {} : { retryBudget: settings.retryBudget }),
    },
  };
}

/** ISO 8601 of a time since the epoch. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
