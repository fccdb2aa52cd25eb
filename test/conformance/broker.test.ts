import { startEmbeddedBroker } from "../../src/infrastructure/embedded/broker/broker.ts";
import { silentTelemetry } from "../../src/observability/telemetry.ts";
import { createWorld } from "../../src/time/world.ts";
import { brokerConformance } from "./broker-suite.ts";

const startEmbedded = () =>
  startEmbeddedBroker(createWorld({ seed: "conformance" }), { telemetry: silentTelemetry });

brokerConformance("the embedded broker over TCP", startEmbedded);
brokerConformance("the embedded broker in memory", async () => {
  const broker = await startEmbedded();
  return { endpoint: broker.memoryEndpoint, stop: () => broker.stop() };
});
