import type { World } from "../../time/world.ts";
import type { Capability, Cure, Infrastructure, InfrastructureOptions } from "../infrastructure.ts";
import { createToxiproxyLinks } from "../toxiproxy-links.ts";
import { startEmbeddedBroker } from "./broker/broker.ts";
import type { BrokerMutant } from "./broker/broker-mutants.ts";
import { serveControlApi } from "./control-api/control-api.ts";
import { createFaultProxy } from "./fault-proxy/fault-proxy.ts";

const capabilities: ReadonlySet<Capability> = new Set([
  "link.toxics",
  "link.true-reset",
  "broker.kill",
  "broker.restart",
  "mqtt.3.1.1",
]);

/**
 * Starts the backend that needs nothing: an MQTT broker and a fault proxy in this process, on free ports of the loopback
 * interface. The proxy is driven over its HTTP API like a real Toxiproxy.
 *
 * @throws StormfleetError INFRA_1002 when no port can be had, or the signal's reason; nothing is left running then.
 */
export async function startEmbedded(
  world: World,
  options: InfrastructureOptions & { readonly mutant?: BrokerMutant },
): Promise<Infrastructure> {
  const { telemetry, signal } = options;
  const started: Cure[] = [];
  const stop = async () => {
    for (const undo of started.splice(0).reverse()) await undo();
  };
  try {
    const broker = await startEmbeddedBroker(world, {
      telemetry,
      ...(options.mutant ? { mutant: options.mutant } : {}),
      ...(signal ? { signal } : {}),
    });
    started.push(() => broker.stop());
    const proxy = createFaultProxy({
      clock: world.clock,
      random: world.random.fork("fault-proxy"),
      telemetry,
    });
    started.push(() => proxy.stop());
    const api = await serveControlApi(proxy, { host: "127.0.0.1", port: 0 });
    started.push(() => api.stop());
    const { links, remove } = await createToxiproxyLinks({
      controlUrl: api.url,
      upstream: `127.0.0.1:${broker.port}`,
      names: options.links,
      namePrefix: "",
      endpointOf: (listen) => ({ url: `mqtt://${listen}` }),
    });
    started.push(remove);
    signal?.throwIfAborted();
    return { backend: "embedded", capabilities, broker, links, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
