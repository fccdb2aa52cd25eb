import { expect, test } from "vitest";
import { startEmbedded } from "../../src/infrastructure/embedded/embedded.ts";
import { silentTelemetry } from "../../src/observability/telemetry.ts";
import { createWorld } from "../../src/time/world.ts";
import { kinds, recordConnection } from "../unit/connection/recorded-connection.ts";

test.each([1, 2] as const)(
  "over a real broker nothing acknowledged at QoS %i is lost while the link is cut again and again",
  async (qos) => {
    const infrastructure = await startEmbedded(createWorld({ seed: "1" }), {
      links: ["field"],
      telemetry: silentTelemetry,
    });
    const link = infrastructure.links.get("field");
    if (link === undefined) throw new Error("The link is missing.");
    const options = { session: "persistent", retryBudget: "unbounded" } as const;
    const meter = recordConnection({ ...options, clientId: "meter", endpoint: link.endpoint });
    const backend = recordConnection({ ...options, clientId: "backend", endpoint: link.endpoint });
    try {
      for (const device of [meter, backend]) device.connection.start();
      await Promise.all([meter.untilState("connected"), backend.untilState("connected")]);
      await backend.connection.subscribe("readings", { qos });
      const sent = new Map<string, readonly { readonly kind: string }[]>();
      let count = 0;
      for (let cuts = 0; cuts < 5; cuts += 1) {
        for (let burst = 0; burst < 40; burst += 1) {
          count += 1;
          sent.set(String(count), meter.publish("readings", String(count), qos));
        }
        // Cut while acknowledgements and deliveries are under way.
        const target = backend.messages.length + 5;
        await backend.until(() => backend.messages.length >= target);
        const heal = await link.disable();
        await Promise.all([meter.untilState("backingOff"), backend.untilState("backingOff")]);
        await heal();
        await Promise.all([meter.untilState("connected"), backend.untilState("connected")]);
      }
      await meter.until(() => meter.connection.snapshot().openPublishes === 0);
      const texts = () => backend.messages.map(({ payload }) => payload.toString());
      await backend.until(() => new Set(texts()).size === count);
      for (const outcomes of sent.values())
        expect(kinds(outcomes as never)).toEqual(
          qos === 2 ? ["acknowledged", "completed"] : ["acknowledged"],
        );
      const firsts = [...new Set(texts())];
      expect(firsts).toEqual([...sent.keys()]);
      if (qos === 2) expect(texts()).toHaveLength(count);
    } finally {
      await Promise.all([meter.connection.stop(), backend.connection.stop()]);
      await infrastructure.stop();
    }
  },
);
