import type { Endpoint } from "../endpoint.ts";
import { StormfleetError } from "../errors.ts";
import type { LifecycleState } from "../history/entry.ts";
import { sleep } from "../time/clock.ts";
import type { World } from "../time/world.ts";
import type { Allotment } from "./allocate.ts";
import { createDevice, type Device, type DeviceEvents, type DeviceOptions } from "./device.ts";

/** Many devices that start, work and stop together. */
export interface Fleet {
  readonly devices: readonly Device[];
  /** How many devices are in each state of the lifecycle. */
  countByState(): Record<LifecycleState, number>;
  /** Sums over all devices. */
  counts(): { published: number; acknowledged: number; delivered: number };
  /** Starts the devices one by one at the ramp's rate; resolves when the last one was started, rejects on abort. */
  start(rampPerSecond: number, signal: AbortSignal): Promise<void>;
  startStreams(): void;
  stopStreams(): void;
  /** Disconnects all devices; waits for every one, also when some fail. */
  stop(): Promise<void>;
}

export interface FleetOptions extends Omit<DeviceOptions, keyof Allotment | "endpoint" | "events"> {
  readonly allotments: readonly Allotment[];
  /** Where the devices of a link connect. */
  readonly endpointOf: (link: string) => Endpoint;
  readonly events: DeviceEvents;
}

export function createFleet(world: World, options: FleetOptions): Fleet {
  const { allotments, endpointOf, ...common } = options;
  const devices = allotments.map((allotment) =>
    createDevice(world, { ...common, ...allotment, endpoint: endpointOf(allotment.link) }),
  );
  return {
    devices,
    countByState() {
      const counts = {
        disconnected: 0,
        connecting: 0,
        connected: 0,
        backingOff: 0,
        unavailable: 0,
        stopped: 0,
      };
      for (const { state } of devices) counts[state] += 1;
      return counts;
    },
    counts() {
      const sums = { published: 0, acknowledged: 0, delivered: 0 };
      for (const { counts } of devices) {
        sums.published += counts.published;
        sums.acknowledged += counts.acknowledged;
        sums.delivered += counts.delivered;
      }
      return sums;
    },
    async start(rampPerSecond, signal) {
      const startMs = world.clock.monotonicMs();
      const jitter = world.random.fork("ramp");
      for (const [index, device] of devices.entries()) {
        const dueMs = startMs + ((index + jitter.next()) * 1000) / rampPerSecond;
        const waitMs = dueMs - world.clock.monotonicMs();
        if (waitMs > 0) await sleep(world.clock, waitMs, signal);
        signal.throwIfAborted();
        device.start();
      }
    },
    startStreams() {
      for (const device of devices) device.startStreams();
    },
    stopStreams() {
      for (const device of devices) device.stopStreams();
    },
    async stop() {
      const outcomes = await Promise.allSettled(devices.map((device) => device.stop()));
      const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      if (failures.length > 0) {
        throw new StormfleetError(
          "RUN_1002",
          `${failures.length} of ${devices.length} devices did not stop cleanly.`,
          {
            cause: new AggregateError(failures),
          },
        );
      }
    },
  };
}
