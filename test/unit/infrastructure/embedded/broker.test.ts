import { connect as connectSocket, createServer } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { Aedes } from "aedes";
import mqttPacket from "mqtt-packet";
import { afterEach, describe, expect, test } from "vitest";
import {
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  embeddedBrokerLimits,
  startEmbeddedBroker,
} from "../../../../src/infrastructure/embedded/broker/broker.ts";
import { readWholeBuffer } from "../../../../src/infrastructure/embedded/broker/readable-drain.ts";
import { createTelemetry, type Fact, silentTelemetry } from "../../../../src/observability/telemetry.ts";
import { createWorld } from "../../../../src/time/world.ts";
import { connected, inbox, mqttClient, stopped } from "../../../helpers/memory-mqtt.ts";
import { RawClient } from "../../../helpers/raw-mqtt.ts";

const started: EmbeddedBroker[] = [];

async function start(options: Partial<EmbeddedBrokerOptions> = {}) {
  const broker = await startEmbeddedBroker(createWorld({ seed: "1" }), {
    telemetry: silentTelemetry,
    ...options,
  });
  started.push(broker);
  return broker;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((broker) => broker.stop()));
});

function refused(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

describe("the embedded broker", () => {
  test("listens on a free port of its own and says what it is", async () => {
    const [one, two] = [await start(), await start()];
    expect(one.port).toBeGreaterThan(0);
    expect(one.port).not.toBe(two.port);
    expect(one.endpoint.url).toBe(`mqtt://127.0.0.1:${one.port}`);
    expect(one.description).toBe("Aedes 1.2.0");
    expect((await start({ mutant: "drops-acked" })).description).toBe("Aedes 1.2.0 (mutant drops-acked)");
  });

  test("refuses a port that is taken with INFRA_1002 and the port", async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port));
    });
    try {
      await expect(start({ port })).rejects.toMatchObject({
        code: "INFRA_1002",
        message: expect.stringContaining(`:${port}`),
      });
    } finally {
      taken.close();
    }
  });

  test("does not start when the signal was aborted, and leaves nothing behind", async () => {
    const reason = new Error("interrupted");
    await expect(start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const starting = start({ signal: controller.signal });
    controller.abort(reason);
    await expect(starting).rejects.toBe(reason);
  });

  test("talks to the real MQTT.js without a socket", async () => {
    const broker = await start();
    const [device, backend] = [mqttClient(broker.memoryEndpoint), mqttClient(broker.memoryEndpoint)];
    await Promise.all([connected(device), connected(backend)]);
    const seen = inbox(backend);
    await backend.subscribeAsync("t/#", { qos: 2 });
    for (const qos of [0, 1, 2] as const) await device.publishAsync(`t/${qos}`, "x".repeat(300_000), { qos });
    await seen.until(() => seen.messages.length === 3);
    expect(seen.messages.map((message) => message.packet.qos)).toEqual([0, 1, 2]);
    expect(seen.texts().every((text) => text.length === 300_000)).toBe(true);
    await stopped([device, backend]);
  });

  test("serves TCP and memory as one broker", async () => {
    const broker = await start();
    const subscriber = await RawClient.connect(broker.endpoint, { clientId: "tcp" });
    await subscriber.subscribe({ topic: "t", qos: 1 });
    const publisher = await RawClient.connect(broker.memoryEndpoint, { clientId: "memory" });
    publisher.publish("t", "hello", { qos: 1, messageId: 1 });
    expect(await subscriber.textsUntil("hello")).toEqual(["hello"]);
  });

  test("dies at once: closes every connection, refuses new ones, sends no will", async () => {
    const broker = await start();
    const will = { topic: "t", payload: Buffer.from("will"), qos: 1, retain: true } as const;
    const tcp = await RawClient.connect(broker.endpoint, { clientId: "tcp", will });
    const memory = await RawClient.connect(broker.memoryEndpoint, { clientId: "memory" });
    await memory.subscribe({ topic: "t", qos: 1 });
    await broker.kill();
    await Promise.all([tcp.closed, memory.closed]);
    await expect(memory.next("publish")).rejects.toThrow("closed");
    expect(await refused(broker.port)).toBe("ECONNREFUSED");
    const stream = broker.memoryEndpoint.open();
    expect(await new Promise((resolve) => stream.once("error", resolve))).toMatchObject({
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("comes back on the same port with nothing remembered", async () => {
    const broker = await start();
    const before = await RawClient.connect(broker.endpoint, { clientId: "device" });
    await before.subscribe({ topic: "t", qos: 1 });
    before.publish("t", "kept", { qos: 1, messageId: 1, retain: true });
    await before.untilQuiet();
    await broker.kill();
    await broker.restart();
    const after = await RawClient.connect(broker.endpoint, { clientId: "device" });
    expect(after.sessionPresent).toBe(false);
    await after.subscribe({ topic: "t", qos: 1 });
    expect(await after.untilQuiet()).toEqual([]);
  });

  test("restarts while it runs, many times, and takes overlapping orders in turn", async () => {
    const broker = await start();
    await Promise.all([broker.restart(), broker.kill(), broker.kill(), broker.restart(), broker.restart()]);
    const client = await RawClient.connect(broker.endpoint, { clientId: "device" });
    expect(client.returnCode).toBe(0);
    await Promise.all([broker.stop(), broker.stop()]);
    await client.closed;
    await expect(broker.restart()).rejects.toMatchObject({ code: "INFRA_1003" });
    expect(await refused(broker.port)).toBe("ECONNREFUSED");
  });

  test("refuses to restart when its port was taken meanwhile, and can try again", async () => {
    const broker = await start();
    await broker.kill();
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(broker.port, "127.0.0.1", resolve));
    await expect(broker.restart()).rejects.toMatchObject({ code: "INFRA_1002" });
    await new Promise((resolve) => thief.close(resolve));
    await broker.restart();
    expect(await refused(broker.port)).toBeUndefined();
  });

  test("tells what happens to it", async () => {
    const facts: Fact[] = [];
    const broker = await start({ telemetry: createTelemetry([(fact) => facts.push(fact)]) });
    await broker.kill();
    await broker.restart();
    await broker.stop();
    expect(facts.map((fact) => fact.name)).toEqual(["broker.started", "broker.killed", "broker.restarted"]);
  });

  test("lets no stalled subscriber hold up the others, not even their pings", async () => {
    const broker = await start();
    const [stalledEnd, brokerEnd] = duplexPair();
    broker.handleStream(brokerEnd);
    const write = (packet: Parameters<typeof mqttPacket.generate>[0]) =>
      stalledEnd.write(mqttPacket.generate(packet));
    // It subscribes and never reads a byte.
    write({
      cmd: "connect",
      clientId: "stalled",
      clean: true,
      protocolId: "MQTT",
      protocolVersion: 4,
      keepalive: 0,
    });
    write({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
    const reader = await RawClient.connect(broker.memoryEndpoint, { clientId: "reader" });
    await reader.subscribe({ topic: "t", qos: 1 });
    const publisher = await RawClient.connect(broker.memoryEndpoint, { clientId: "publisher" });
    const payload = "x".repeat(10_000);
    for (let n = 1; n <= 300; n += 1) publisher.publish("t", payload, { qos: n % 2 ? 1 : 0, messageId: n });
    publisher.publish("t", "last", { qos: 1, messageId: 301 });
    expect(await reader.textsUntil("last")).toHaveLength(301);
    await publisher.untilQuiet();
    stalledEnd.destroy();
  });

  test("publishes its limits, so that a loss can be attributed", () => {
    expect(embeddedBrokerLimits).toMatchObject({ offlineQueueMessages: null, inFlightMessages: 65_535 });
  });
});

describe("reading everything that is buffered", () => {
  // An object-mode side returns one chunk per read, as byte streams do on Node 26, Bun and Deno.
  async function connectAnswered(prepare: (stream: Duplex) => Duplex): Promise<boolean> {
    const aedes = await Aedes.createBroker();
    const [device, server] = duplexPair({ objectMode: true });
    aedes.handle(prepare(server));
    const bytes = mqttPacket.generate({
      cmd: "connect",
      clientId: "device",
      clean: true,
      protocolId: "MQTT",
      protocolVersion: 4,
      keepalive: 0,
    });
    // One packet in two chunks: the first read shows only half of it.
    device.write(bytes.subarray(0, 5));
    device.write(bytes.subarray(5));
    const answered = await Promise.race([
      new Promise<boolean>((resolve) => device.once("data", () => resolve(true))),
      settled().then(() => false),
    ]);
    device.destroy();
    server.destroy();
    await new Promise<void>((resolve) => aedes.close(resolve));
    return answered;
  }

  /** Far more turns of the event loop than a CONNECT in memory needs. */
  async function settled(): Promise<void> {
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  test("keeps Aedes from waiting for bytes that are there already", async () => {
    expect(await connectAnswered((stream) => stream)).toBe(false);
    expect(await connectAnswered(readWholeBuffer)).toBe(true);
  });
});
