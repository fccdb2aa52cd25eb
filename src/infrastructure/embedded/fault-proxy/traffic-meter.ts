import type { Direction } from "./proxy-connection.ts";

export interface TrafficLabels {
  readonly direction: Direction;
  readonly listener: string;
  readonly proxy: string;
  readonly upstream: string;
}

export interface TrafficCount {
  readonly labels: TrafficLabels;
  /** Bytes read from the sources. */
  readonly receivedBytes: number;
  /** Bytes written to the sinks. */
  readonly sentBytes: number;
}

/** Counts the bytes of ended directions. */
export interface TrafficMeter {
  received(labels: TrafficLabels, bytes: number): void;
  sent(labels: TrafficLabels, bytes: number): void;
  /** In order of first use. */
  counts(): readonly TrafficCount[];
}

/** A meter with all counts at zero. */
export function createTrafficMeter(): TrafficMeter {
  const counts = new Map<string, TrafficCount>();
  const add = (labels: TrafficLabels, receivedBytes: number, sentBytes: number) => {
    const key = JSON.stringify([labels.direction, labels.listener, labels.proxy, labels.upstream]);
    const before = counts.get(key) ?? { labels, receivedBytes: 0, sentBytes: 0 };
    counts.set(key, {
      labels,
      receivedBytes: before.receivedBytes + receivedBytes,
      sentBytes: before.sentBytes + sentBytes,
    });
  };
  return {
    received: (labels, bytes) => add(labels, bytes, 0),
    sent: (labels, bytes) => add(labels, 0, bytes),
    counts: () => [...counts.values()],
  };
}
