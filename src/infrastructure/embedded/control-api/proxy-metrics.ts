import type { Clock } from "../../../time/clock.ts";
import type { TrafficCount, TrafficLabels } from "../fault-proxy/traffic-meter.ts";
import type { MetricFamily } from "./prometheus-text.ts";

/** The reference's byte counters; a direction is counted when it has ended. */
export function trafficMetrics(counts: readonly TrafficCount[]): readonly MetricFamily[] {
  const family = (name: string, bytesOf: (count: TrafficCount) => number): MetricFamily => ({
    name,
    help: "",
    type: "counter",
    samples: counts.map((count) => ({ labels: orderedLabels(count.labels), value: bytesOf(count) })),
  });
  return [
    family("toxiproxy_proxy_received_bytes_total", (count) => count.receivedBytes),
    family("toxiproxy_proxy_sent_bytes_total", (count) => count.sentBytes),
  ];
}

function orderedLabels({ direction, listener, proxy, upstream }: TrafficLabels): Record<string, string> {
  return { direction, listener, proxy, upstream };
}

/** This process in the customary `process_*` names. */
export function processMetrics(clock: Clock): readonly MetricFamily[] {
  const cpu = process.cpuUsage();
  return [
    {
      name: "process_cpu_seconds_total",
      help: "Total user and system CPU time spent in seconds.",
      type: "counter",
      samples: [{ value: (cpu.user + cpu.system) / 1_000_000 }],
    },
    {
      name: "process_resident_memory_bytes",
      help: "Resident memory size in bytes.",
      type: "gauge",
      samples: [{ value: process.memoryUsage.rss() }],
    },
    {
      name: "process_start_time_seconds",
      help: "Start time of the process since unix epoch in seconds.",
      type: "gauge",
      samples: [{ value: clock.nowMs() / 1000 - process.uptime() }],
    },
  ];
}
