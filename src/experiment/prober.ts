import { probeStreamPrefix } from "../firmware/device.ts";
import { type Periodic, startPeriodic } from "../firmware/periodic.ts";
import type { Publisher } from "../firmware/publisher.ts";
import type { Clock } from "../time/clock.ts";

/** Sends probes until one has come through: some brokers activate a subscription a little after its SUBACK. */
export interface Prober {
  /** Sends the target a probe now and at a regular interval. */
  start(target: string, topic: string): void;
  stop(target: string): void;
  stopAll(): void;
}

const probeIntervalMs = 500;

export function createProber(clock: Clock, publisher: Publisher): Prober {
  const running = new Map<string, Periodic>();
  const counts = new Map<string, number>();

  function send(target: string, topic: string): void {
    const sequence = (counts.get(target) ?? 0) + 1;
    counts.set(target, sequence);
    publisher.send(publisher.make(probeStreamPrefix + target, sequence, topic, 1, {}));
  }

  function stop(target: string): void {
    running.get(target)?.stop();
    running.delete(target);
  }

  return {
    start(target, topic) {
      stop(target);
      send(target, topic);
      running.set(
        target,
        startPeriodic(clock, probeIntervalMs, probeIntervalMs, () => send(target, topic)),
      );
    },
    stop,
    stopAll() {
      for (const target of [...running.keys()]) stop(target);
    },
  };
}
