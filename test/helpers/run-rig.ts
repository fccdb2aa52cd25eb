import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deliveryCheckers } from "../../chaos/experiments/delivery-checkers.ts";
import { defineExperiment, type Experiment } from "../../src/define.ts";
import type { RunOptions } from "../../src/experiment/run-options.ts";
import type { RunResult } from "../../src/experiment/run-result.ts";
import { runExperiment } from "../../src/experiment/runner.ts";
import type { Outcome } from "../../src/history/checker.ts";
import type { Infrastructure } from "../../src/infrastructure/infrastructure.ts";
import { selectBackend } from "../../src/infrastructure/select.ts";
import { silentTelemetry } from "../../src/observability/telemetry.ts";
import { createWorld } from "../../src/time/world.ts";
import { chattyDevice } from "./chatty-device.ts";
import { createWatchedClock } from "./watched-clock.ts";

/** An experiment with chatty devices on two links, and whatever else is given. */
export function experimentWith(changed: Partial<Experiment> = {}): Experiment {
  return defineExperiment({
    name: "rig",
    hypothesis: "It holds.",
    mix: [{ model: chattyDevice, weight: 1 }],
    devices: 4,
    durationMs: 2500,
    links: 2,
    method: [],
    checkers: deliveryCheckers,
    ...changed,
  });
}

export interface RigOptions extends Partial<RunOptions> {
  readonly seed?: string;
  readonly mutant?: string;
}

/** What is left of a run. */
export interface Remains {
  /** The result, unless it ended with an error. */
  readonly result: RunResult | undefined;
  readonly error: unknown;
  /** Timers that are still set. */
  readonly timers: number;
  /** The addresses that still take connections. */
  readonly listening: readonly string[];
  /** Files below the run's folder that are still open. */
  readonly openFiles: readonly string[];
}

/** Runs an experiment on the embedded backend, in a folder of its own, and looks at what is left of it. */
export async function runInRig(experiment: Experiment, options: RigOptions = {}): Promise<Remains> {
  const { seed = "7", mutant, onInfrastructure, ...rest } = options;
  const clock = createWatchedClock();
  const folder = mkdtempSync(join(tmpdir(), "stormfleet-run-"));
  let infrastructure: Infrastructure | undefined;
  let result: RunResult | undefined;
  let error: unknown;
  try {
    result = await runExperiment(createWorld({ seed, clock }), experiment, {
      startInfrastructure: await selectBackend("embedded", { mutant }),
      runsFolder: folder,
      telemetry: silentTelemetry,
      replayCommand: "again",
      drainBoundMs: 5000,
      onInfrastructure(started) {
        infrastructure = started;
        onInfrastructure?.(started);
      },
      ...rest,
    });
  } catch (thrown) {
    error = thrown;
  }
  try {
    const listening = await stillListening(infrastructure);
    return { result, error, timers: clock.pending, listening, openFiles: openFilesBelow(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The outcome of each checker by name. */
export function outcomesOf(result: RunResult | undefined): Readonly<Record<string, Outcome>> {
  return Object.fromEntries(result?.verdicts.map(({ checker, outcome }) => [checker, outcome]) ?? []);
}

/** What a run must leave behind: nothing. */
export const nothingLeft = { timers: 0, listening: [], openFiles: [] };

/** The addresses of broker and links that still take connections. */
export async function stillListening(infrastructure: Infrastructure | undefined): Promise<string[]> {
  if (!infrastructure) return [];
  const endpoints = [infrastructure.broker, ...infrastructure.links.values()].map(({ endpoint }) => endpoint);
  const urls = endpoints.flatMap((endpoint) => ("url" in endpoint ? [endpoint.url] : []));
  const taken = await Promise.all(urls.map(takesConnections));
  return urls.filter((_, index) => taken[index]);
}

function takesConnections(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Empty where the system does not tell. */
function openFilesBelow(folder: string): string[] {
  const descriptors = "/proc/self/fd";
  try {
    return readdirSync(descriptors).flatMap((descriptor) => {
      try {
        const target = readlinkSync(join(descriptors, descriptor));
        return target.startsWith(folder) ? [target] : [];
      } catch {
        // It was closed meanwhile.
        return [];
      }
    });
  } catch {
    return [];
  }
}
