import type { AnyStateMachine } from "xstate";
import { ackedNotLost } from "../chaos/checkers/acked-not-lost.ts";
import { compensationComplete } from "../chaos/checkers/compensation-complete.ts";
import { detectionBound } from "../chaos/checkers/detection-bound.ts";
import { exactlyOnce } from "../chaos/checkers/exactly-once.ts";
import { gracefulDegradation } from "../chaos/checkers/graceful-degradation.ts";
import { noCrosstalk } from "../chaos/checkers/no-crosstalk.ts";
import { reconnectBound } from "../chaos/checkers/reconnect-bound.ts";
import { topicOrder } from "../chaos/checkers/topic-order.ts";
import { uplinkDrain } from "../chaos/checkers/uplink-drain.ts";
import { calm } from "../chaos/experiments/calm.ts";
import { halfOpenLinks } from "../chaos/experiments/half-open-links.ts";
import { latencyStorm } from "../chaos/experiments/latency-storm.ts";
import { partitionAndHeal } from "../chaos/experiments/partition-and-heal.ts";
import { tour } from "../chaos/experiments/tour.ts";
import { halfOpen } from "../chaos/faults/half-open.ts";
import { latency } from "../chaos/faults/latency.ts";
import { partition } from "../chaos/faults/partition.ts";
import { reset } from "../chaos/faults/reset.ts";
import { smartMeter } from "../devices/smart-meter.ts";
import { thermostat } from "../devices/thermostat.ts";
import { connectionMachine } from "./connection/connection-machine.ts";
import { StormfleetError } from "./errors.ts";
import type { Experiment } from "./experiment/experiment.ts";
import type { Fault } from "./experiment/fault.ts";
import type { DeviceModel } from "./firmware/model.ts";
import type { Checker } from "./history/checker.ts";
import { nearestName } from "./nearest-name.ts";

const devices: readonly DeviceModel[] = [thermostat, smartMeter];

/** The built-ins. A new one is one file and one line here. */
export const catalog: {
  readonly devices: readonly DeviceModel[];
  readonly faults: readonly Fault[];
  readonly checkers: readonly Checker[];
  readonly experiments: readonly Experiment[];
  readonly machines: readonly NamedMachine[];
} = {
  devices,
  faults: [latency, partition, halfOpen, reset],
  checkers: [
    ackedNotLost,
    exactlyOnce,
    topicOrder,
    noCrosstalk,
    reconnectBound,
    detectionBound,
    compensationComplete,
    uplinkDrain,
    gracefulDegradation,
  ],
  experiments: [calm, partitionAndHeal, halfOpenLinks, latencyStorm, tour],
  machines: [
    {
      name: "connection",
      description: "The lifecycle of every connection: handshake, heartbeat, backoff, retry budget.",
      machine: connectionMachine,
    },
    ...devices.map(({ name, description, machine }) => ({ name, description, machine })),
  ],
};

/** A state machine that can be drawn. */
export interface NamedMachine {
  readonly name: string;
  readonly description: string;
  readonly machine: AnyStateMachine;
}

/**
 * Finds a built-in by its name.
 *
 * @throws StormfleetError CONF_1001 with the nearest name, or all names when none is near.
 */
export function findByName<T extends { readonly name: string }>(
  kind: string,
  things: readonly T[],
  name: string,
): T {
  const found = things.find((thing) => thing.name === name);
  if (found) return found;
  const names = things.map((thing) => thing.name);
  const nearest = nearestName(name, names);
  throw new StormfleetError("CONF_1001", `There is no ${kind} "${name}".`, {
    hint: nearest ? `Did you mean "${nearest}"?` : `There are: ${names.join(", ")}.`,
  });
}
