import type { Clock } from "../time/clock.ts";
import type { ConnectionTransition } from "./connection-machine.ts";
import type { MqttClient } from "./mqtt-client.ts";
import type { Publisher } from "./publisher.ts";

export interface Shutdown {
  /** True from the first request on. */
  readonly requested: boolean;
  noteTransition(transition: ConnectionTransition): void;
  /** Drains for at most `drainMs`, then says goodbye. */
  stop(drainMs: number): Promise<void>;
  cutPower(): Promise<void>;
}

/** How long a stopped connection may take to close before it is closed hard. */
const closeTimeoutMs = 1_000;

/** Ends a connection for good, bounded, from whatever state it is in. */
export function createShutdown(parts: {
  readonly clock: Clock;
  readonly client: MqttClient;
  readonly publisher: Publisher;
  readonly send: (event: { readonly type: "stopRequested" | "powerCut" }) => void;
}): Shutdown {
  const { clock, client, publisher, send } = parts;
  const stopped = Promise.withResolvers<void>();
  let connected = false;
  let endDrain: (() => void) | undefined;
  let stopping: Promise<void> | undefined;

  async function drainAndStop(drainMs: number): Promise<void> {
    if (connected && drainMs > 0) await drained(drainMs);
    send({ type: "stopRequested" });
    // A listener may have asked for the stop in the middle of another transition: that one ends first.
    await stopped.promise;
    const timer = clock.setTimeout(client.abandon, closeTimeoutMs);
    await client.closed();
    clock.clearTimeout(timer);
  }

  /** Until nothing is open, the time is over, or the connection is lost. */
  function drained(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, drainMs);
      endDrain = () => {
        clock.clearTimeout(timer);
        resolve();
      };
      publisher.whenIdle(endDrain);
    });
  }

  return {
    get requested() {
      return stopping !== undefined;
    },
    noteTransition({ to }) {
      connected = to === "connected";
      if (!connected) endDrain?.();
      if (to === "stopped") stopped.resolve();
    },
    stop(drainMs) {
      stopping ??= drainAndStop(drainMs);
      return stopping;
    },
    cutPower() {
      stopping ??= stopped.promise.then(client.closed);
      send({ type: "powerCut" });
      // A graceful stop may be under way.
      client.abandon();
      return stopped.promise.then(client.closed);
    },
  };
}
