import { readFile } from "node:fs/promises";
import { messageOf } from "../../../errors.ts";
import type { Telemetry } from "../../../observability/telemetry.ts";
import type { World } from "../../../time/world.ts";
import { createFaultProxy, type FaultProxy } from "../fault-proxy/fault-proxy.ts";
import { createTrafficMeter } from "../fault-proxy/traffic-meter.ts";
import { serveControlApi } from "./control-api.ts";
import { populateFromText } from "./populate-text.ts";
import { renderMetrics } from "./prometheus-text.ts";
import { processMetrics, trafficMetrics } from "./proxy-metrics.ts";

export interface ProxyServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** A JSON file with the array of `POST /populate`. */
  readonly configFile?: string | undefined;
  /** Serve byte counters at `/metrics`. */
  readonly proxyMetrics: boolean;
  /** Serve values of this process at `/metrics`. */
  readonly runtimeMetrics: boolean;
  readonly telemetry: Telemetry;
  /** Stops the control API when it aborts; call `stop` for the rest. */
  readonly signal?: AbortSignal | undefined;
}

export interface ProxyServer {
  /** The control API's base URL, without a slash at the end. */
  readonly url: string;
  /** A sentence about a configuration file that was ignored, wholly or from some entry on. */
  readonly warning?: string;
  /** Closes the API and every proxied connection. */
  stop(): Promise<void>;
}

/** Starts what a `toxiproxy-server` process offers. Throws INFRA_1002 when the API cannot listen. */
export async function startProxyServer(world: World, options: ProxyServerOptions): Promise<ProxyServer> {
  const { host, port, telemetry, signal, proxyMetrics, runtimeMetrics } = options;
  const traffic = proxyMetrics ? createTrafficMeter() : undefined;
  const faultProxy = createFaultProxy({ clock: world.clock, random: world.random, telemetry, traffic });
  const metrics = () =>
    renderMetrics([
      ...trafficMetrics(traffic?.counts() ?? []),
      ...(runtimeMetrics ? processMetrics(world.clock) : []),
    ]);
  try {
    const warning = options.configFile ? await populateFromFile(faultProxy, options.configFile) : undefined;
    const served = proxyMetrics || runtimeMetrics ? metrics : undefined;
    const api = await serveControlApi(faultProxy, { host, port, signal, metrics: served });
    const stop = async () => {
      await api.stop();
      await faultProxy.stop();
    };
    return { url: api.url, stop, ...(warning === undefined ? {} : { warning }) };
  } catch (error) {
    await faultProxy.stop();
    throw error;
  }
}

/** What is wrong with the file, if anything; the server starts in spite of it, as the reference does. */
async function populateFromFile(faultProxy: FaultProxy, file: string): Promise<string | undefined> {
  try {
    const { refusal } = await populateFromText(faultProxy, await readFile(file, "utf8"));
    return refusal && `The proxies in ${file} were not all created: ${refusal.message}.`;
  } catch (error) {
    return `The file ${file} was ignored: ${messageOf(error)}.`;
  }
}
