import { createConnection } from "../connection/connection.ts";
import type { Endpoint } from "../endpoint.ts";
import { selectBackend } from "../infrastructure/select.ts";
import { silentTelemetry } from "../observability/telemetry.ts";
import { withTimeout } from "../time/clock.ts";
import { createWorld, type World } from "../time/world.ts";

/** How long one message may take through the embedded broker and proxy. */
const boundMs = 10_000;

/** Sends one QoS 2 message through the embedded proxy and broker; says what answered. Rejects with what went wrong. */
export async function tryEmbedded(): Promise<string> {
  const world = createWorld({ seed: "doctor" });
  const start = await selectBackend("embedded");
  const infrastructure = await start(world, { links: ["link-1"], telemetry: silentTelemetry });
  try {
    const startMs = world.clock.monotonicMs();
    for (const link of infrastructure.links.values()) await exchange(world, link.endpoint);
    const tookMs = Math.round(world.clock.monotonicMs() - startMs);
    return `${infrastructure.broker.description} behind the fault proxy; a QoS 2 message took ${tookMs} ms`;
  } finally {
    await infrastructure.stop();
  }
}

async function exchange(world: World, endpoint: Endpoint): Promise<void> {
  let settle = { done() {}, failed(_: Error) {} };
  const completed = new Promise<void>((resolve, reject) => {
    settle = { done: resolve, failed: reject };
  });
  const connection = createConnection(world, {
    endpoint,
    clientId: "doctor",
    session: "clean",
    backoff: { baseMs: 100, maxMs: 1000, jitter: "none" },
    retryBudget: 2,
    heartbeat: false,
    telemetry: silentTelemetry,
    listener: {
      onTransition({ to }) {
        if (to !== "connected") return;
        connection.publish("sf/doctor", "hello", { qos: 2 }, ({ kind }) => {
          if (kind === "completed") settle.done();
          else if (kind !== "acknowledged") settle.failed(new Error(`a publish ended ${kind}`));
        });
      },
      onMessage: () => {},
      onUnavailable: (error) => settle.failed(error),
    },
  });
  try {
    connection.start();
    const tooLate = () => new Error(`no QoS 2 message came through within ${boundMs} ms`);
    await withTimeout(world.clock, boundMs, completed, tooLate);
  } finally {
    await connection.stop();
  }
}
