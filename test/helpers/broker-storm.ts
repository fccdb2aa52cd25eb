import { type Duplex, duplexPair } from "node:stream";
import type { MqttClient } from "mqtt";
import type { Endpoint } from "../../src/endpoint.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/infrastructure/embedded/broker/broker.ts";
import { memoryStreamPair } from "../../src/infrastructure/embedded/memory-stream-pair.ts";
import { silentTelemetry } from "../../src/observability/telemetry.ts";
import type { Random } from "../../src/time/random.ts";
import { createWorld } from "../../src/time/world.ts";
import { connected, inbox, mqttClient, stopped } from "./memory-mqtt.ts";

const topics = ["t/a", "t/b", "t/c"];
const rounds = 40;

/** Cuts a client's link at random packets and lets it connect again, until it is told to leave it alone. */
function unreliable(client: MqttClient, random: Random, chance: number) {
  let cuts = 0;
  let active = true;
  const maybeCut = () => {
    if (!active || !random.chance(chance)) return;
    cuts += 1;
    client.stream.destroy();
  };
  client.on("packetreceive", maybeCut);
  client.on("packetsend", maybeCut);
  client.on("close", () => {
    if (!client.disconnecting) setImmediate(() => client.connect());
  });
  return {
    cuts: () => cuts,
    heal: () => {
      active = false;
    },
  };
}

function whenConnected(client: MqttClient): Promise<void> {
  if (client.connected) return Promise.resolve();
  return new Promise((resolve) => client.once("connect", () => resolve()));
}

/**
 * `half-open`: an in-memory link on which the broker never hears of a cut, so that the next CONNECT takes over, and on
 * which bytes are under way for a while: some arrive after the cut, or after the next connection. Its buffers are tiny.
 */
export type Wire = "memory" | "tcp" | "half-open";

function endpointOver(wire: Wire, broker: EmbeddedBroker): Endpoint {
  if (wire === "tcp") return broker.endpoint;
  if (wire === "memory") return broker.memoryEndpoint;
  return { name: "memory:half-open", open: () => openHalfOpen(broker) };
}

function openHalfOpen(broker: EmbeddedBroker): Duplex {
  const [device, deviceEnd] = memoryStreamPair();
  const [brokerStream, brokerEnd] = duplexPair({ highWaterMark: 256 });
  broker.handleStream(brokerStream);
  deviceEnd.on("data", (chunk) => later(() => brokerEnd.writable && brokerEnd.write(chunk)));
  brokerEnd.on("data", (chunk) => later(() => deviceEnd.writable && deviceEnd.write(chunk)));
  brokerEnd.on("end", () => {
    brokerEnd.destroy();
    device.destroy();
  });
  return device;
}

/** After a few turns of the event loop, always as many, so that bytes stay in order. */
function later(deliver: () => void, turns = 5): void {
  setImmediate(turns === 0 ? deliver : () => later(deliver, turns - 1));
}

export interface StormOutcome {
  readonly cuts: number;
  readonly lost: string[];
  readonly doubled: string[];
  readonly misordered: string[];
}

/**
 * A publisher and two subscribers with persistent sessions, QoS 1 and 2, all three cut at random packets: what was
 * acknowledged and lost, what of QoS 2 came twice, and which first deliveries of a topic and QoS came out of order.
 */
export async function storm(seed: string, over: Wire): Promise<StormOutcome> {
  const world = createWorld({ seed });
  const broker = await startEmbeddedBroker(world, { telemetry: silentTelemetry });
  const endpoint = endpointOver(over, broker);
  const publisher = mqttClient(endpoint, { clientId: "publisher", clean: false });
  const noise = mqttClient(endpoint, { clientId: "noise", clean: true });
  const subscribers = ["one", "two"].map((id) => mqttClient(endpoint, { clientId: id, clean: false }));
  const all = [publisher, noise, ...subscribers];
  try {
    for (const client of all) await connected(client);
    await subscribers[0]?.subscribeAsync("t/#", { qos: 2 });
    await subscribers[1]?.subscribeAsync({
      "t/+": { qos: 1 },
      "t/a": { qos: 2 },
      "t/b": { qos: 2 },
      "t/c": { qos: 2 },
    });
    const inboxes = subscribers.map(inbox);
    const links = [
      unreliable(publisher, world.random.fork("publisher"), 0.02),
      ...subscribers.map((client, index) =>
        unreliable(client, world.random.fork(`subscriber-${index}`), 0.02),
      ),
    ];
    const sent: string[] = [];
    const acknowledgements: Promise<unknown>[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await whenConnected(publisher);
      noise.publish("t/a", "noise", { qos: 0 });
      for (const topic of topics) {
        for (const qos of [1, 2] as const) {
          const text = `${topic} ${qos} ${round}`;
          sent.push(text);
          acknowledgements.push(publisher.publishAsync(topic, text, { qos }));
        }
      }
      if (world.random.chance(0.6)) await acknowledgements.at(-1);
    }
    await Promise.all(acknowledgements);
    for (const link of links) link.heal();
    await Promise.all(all.map(whenConnected));
    await noise.publishAsync("t/a", "sentinel", { qos: 2 });
    await Promise.all(inboxes.map((box) => box.until(() => box.texts().includes("sentinel"))));
    return {
      cuts: links.reduce((sum, link) => sum + link.cuts(), 0),
      ...judge(
        sent,
        inboxes.map((box) => box.texts()),
      ),
    };
  } finally {
    await stopped(all);
    await broker.stop();
  }
}

function judge(sent: string[], received: string[][]): Omit<StormOutcome, "cuts"> {
  const lost: string[] = [];
  const doubled: string[] = [];
  const misordered: string[] = [];
  received.forEach((texts, who) => {
    const first = [...new Set(texts)];
    for (const text of sent) {
      const times = texts.filter((other) => other === text).length;
      if (times === 0) lost.push(`${who}: ${text}`);
      if (times > 1 && text.includes(" 2 ")) doubled.push(`${who}: ${text}`);
    }
    const newest = new Map<string, number>();
    for (const text of first) {
      if (text === "noise" || text === "sentinel") continue;
      const [topic, qos, round] = text.split(" ");
      const key = `${topic} ${qos}`;
      if (Number(round) < (newest.get(key) ?? 0)) misordered.push(`${who}: ${text} after ${newest.get(key)}`);
      newest.set(key, Number(round));
    }
  });
  return { lost, doubled, misordered };
}
