import { Duplex } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { type Connection, createConnection } from "../../../src/connection/connection.ts";
import type { StreamEndpoint } from "../../../src/endpoint.ts";
import { createDevice, type Device, probeStreamPrefix } from "../../../src/firmware/device.ts";
import type { DeviceModel, StreamModel } from "../../../src/firmware/model.ts";
import { createRunTopics } from "../../../src/firmware/run-topics.ts";
import type { HistoryEntry } from "../../../src/history/entry.ts";
import { createRecorder } from "../../../src/history/recorder.ts";
import { startEmbeddedBroker } from "../../../src/infrastructure/embedded/broker/broker.ts";
import { encodeEnvelope } from "../../../src/messaging/envelope.ts";
import { silentTelemetry } from "../../../src/observability/telemetry.ts";
import { createWorld } from "../../../src/time/world.ts";
import { modelWith } from "./model-with.ts";

const stream: StreamModel = {
  description: "",
  qos: 1,
  everyMs: 20,
  payload: ({ sequence }) => ({ sequence }),
};
const topics = createRunTopics("r");
const toStop: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

/** A way to a broker that can be cut. */
function cuttable(endpoint: StreamEndpoint) {
  const open = new Set<Duplex>();
  let isCut = false;
  return {
    endpoint: {
      name: "memory:cuttable",
      open() {
        if (isCut) return new Duplex().destroy(new Error("connect ECONNREFUSED"));
        const opened = endpoint.open();
        open.add(opened);
        return opened;
      },
    } satisfies StreamEndpoint,
    cut() {
      isCut = true;
      for (const each of open) each.destroy();
    },
    mend() {
      isCut = false;
    },
  };
}

/** A device on a broker in memory, with a peer on the other side and a history that can be waited for. */
async function rig(changed: Partial<DeviceModel>) {
  const world = createWorld({ seed: "7" });
  const broker = await startEmbeddedBroker(world, { telemetry: silentTelemetry });
  toStop.push(() => broker.stop());
  const link = cuttable(broker.memoryEndpoint);
  const waiting = new Set<() => void>();
  const recorder = createRecorder(world.clock, {
    sink: () => {
      // A look at the history in the middle of an entry would be one too early.
      queueMicrotask(() => {
        for (const look of waiting) look();
      });
    },
  });
  const entries = () => [...recorder.entries];
  /** Waits until the history holds so many entries that fit. */
  const until = (fits: (entry: HistoryEntry) => boolean, count = 1) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (entries().filter(fits).length < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const heard = { subscribed: 0, eligible: 0, sentinels: [] as string[], states: 0 };
  const device = createDevice(world, {
    id: "beacon-1",
    model: modelWith(changed),
    link: "link-1",
    run: "r",
    topics,
    endpoint: link.endpoint,
    connection: {
      heartbeat: { intervalMs: 1000, timeoutMs: 5000 },
      handshakeTimeoutMs: 5000,
      backoff: { baseMs: 10, maxMs: 20, jitter: "none" },
      retryBudget: "unbounded",
      resumeTiming: {},
    },
    recorder,
    telemetry: silentTelemetry,
    events: {
      onSubscribed: () => {
        heard.subscribed += 1;
      },
      onEligible: () => {
        heard.eligible += 1;
      },
      onSentinel: (_, message) => heard.sentinels.push(`${message.source}/${message.stream}`),
      onCompensated() {},
      onStateChanged: () => {
        heard.states += 1;
      },
      onDefect(error) {
        throw error;
      },
    },
  });
  toStop.push(() => device.stop());
  const peer = await connectedPeer(broker.memoryEndpoint);
  /** Sends the device a command as the backend would. */
  const tell = (name: string, more: { readonly topic?: string; readonly sentinel?: boolean } = {}) =>
    peer.publish(
      topics.down("beacon-1", more.topic ?? "command"),
      encodeEnvelope({
        run: "r",
        message: { source: "backend", stream: name, sequence: 1 },
        sentAtMs: 0,
        traceId: "t",
        sentinel: more.sentinel ?? false,
        data: {},
      }),
      { qos: 1 },
      () => {},
    );
  return { device, link, until, entries, heard, tell };
}

async function connectedPeer(endpoint: StreamEndpoint): Promise<Connection> {
  const connected = Promise.withResolvers<void>();
  const peer = createConnection(createWorld({ seed: "peer" }), {
    endpoint,
    clientId: "peer",
    session: "clean",
    backoff: { baseMs: 10, maxMs: 10, jitter: "none" },
    retryBudget: 0,
    heartbeat: false,
    telemetry: silentTelemetry,
    listener: {
      onTransition({ to }) {
        if (to === "connected") connected.resolve();
      },
      onMessage() {},
    },
  });
  toStop.push(() => peer.stop());
  peer.start();
  await connected.promise;
  return peer;
}

const isState = (to: string) => (entry: HistoryEntry) => entry.type === "state" && entry.to === to;
const isSubscribed = (entry: HistoryEntry) => entry.type === "ok" && entry.action === "subscribe";
const isDelivery = (entry: HistoryEntry) => entry.type === "delivery";
const isAcknowledged = (entry: HistoryEntry) => entry.type === "ok" && entry.action === "publish";
const isInvoked = (entry: HistoryEntry) => entry.type === "invoke" && entry.action === "publish";

async function online(changed: Partial<DeviceModel>): Promise<Awaited<ReturnType<typeof rig>>> {
  const made = await rig(changed);
  made.device.start();
  await made.until(isSubscribed);
  return made;
}

async function away({ device, link, until }: Awaited<ReturnType<typeof rig>>): Promise<Device> {
  link.cut();
  await until((entry) => entry.type === "state" && entry.from === "connected");
  return device;
}

describe("a device", () => {
  test("subscribes, and is eligible from its first probe on", async () => {
    const { device, until, entries, heard, tell } = await online({});
    expect(heard).toMatchObject({ subscribed: 1, eligible: 0 });
    tell(`${probeStreamPrefix}beacon-1`, { topic: "probe" });
    tell(`${probeStreamPrefix}beacon-1`, { topic: "probe" });
    await until(isDelivery, 2);
    expect(heard).toMatchObject({ subscribed: 1, eligible: 1 });
    expect(entries().filter(({ type }) => type === "eligible")).toMatchObject([
      { actor: "beacon-1", filter: topics.allDown("beacon-1"), qos: 2, persistent: true },
    ]);
    expect(device.state).toBe("connected");
    expect(entries()[0]).toMatchObject({
      type: "device",
      actor: "beacon-1",
      model: "beacon",
      link: "link-1",
      clientId: "r-beacon-1",
    });
  });

  test("subscribes once: a session that the broker kept needs no second time", async () => {
    const made = await online({});
    await away(made);
    made.link.mend();
    await made.until(isState("connected"), 2);
    made.tell("order");
    await made.until(isDelivery);
    expect(
      made.entries().filter((entry) => entry.type === "invoke" && entry.action === "subscribe"),
    ).toHaveLength(1);
    expect(made.heard.subscribed).toBe(1);
  });

  test("tells of a sentinel, and does not take it for a command", async () => {
    const { until, heard, tell } = await online({});
    tell("orders/beacon-1", { sentinel: true });
    await until(isDelivery);
    expect(heard.sentinels).toEqual(["backend/orders/beacon-1"]);
    expect(heard.eligible).toBe(0);
  });

  test("keeps what it stores while it is away, and sends it in order when it is back", async () => {
    const made = await online({ streams: { kept: { ...stream, whenOffline: "store" } } });
    const device = await away(made);
    device.startStreams();
    await made.until((entry) => entry.type === "uplink", 5);
    expect(made.entries().filter(isInvoked)).toEqual([]);
    device.stopStreams();
    made.link.mend();
    const stored = made.entries().filter(({ type }) => type === "uplink").length;
    await made.until(isAcknowledged, stored);
    const sent = made
      .entries()
      .flatMap((entry) =>
        entry.type === "invoke" && entry.action === "publish" ? [entry.message.sequence] : [],
      );
    expect(sent).toEqual(Array.from({ length: stored }, (_, index) => index + 1));
    expect(device.counts).toEqual({ published: stored, acknowledged: stored, delivered: 0 });
  });

  test("makes nothing on a discarding stream while it is away, and goes on counting when it is back", async () => {
    const made = await online({ streams: { fleeting: stream, kept: { ...stream, whenOffline: "store" } } });
    const device = await away(made);
    device.startStreams();
    // The other stream shows that turns have passed.
    await made.until((entry) => entry.type === "uplink", 5);
    made.link.mend();
    const isFleeting = (entry: HistoryEntry) =>
      entry.type === "invoke" && entry.action === "publish" && entry.message.stream === "fleeting";
    await made.until(isFleeting, 2);
    device.stopStreams();
    const sequences = made
      .entries()
      .flatMap((entry) =>
        isFleeting(entry) && "message" in entry && entry.message ? [entry.message.sequence] : [],
      );
    expect(sequences.slice(0, 2)).toEqual([1, 2]);
  });

  test("ends its streams of QoS 1 and 2 that spoke with a sentinel each", async () => {
    const { device, until, entries } = await online({
      streams: {
        loose: { ...stream, qos: 0 },
        kept: { ...stream, whenOffline: "store" },
        exact: { ...stream, qos: 2 },
        silent: { description: "", qos: 1, payload: () => ({}) },
      },
    });
    device.startStreams();
    for (const name of ["loose", "kept", "exact"]) {
      await until((entry) => isInvoked(entry) && "message" in entry && entry.message?.stream === name);
    }
    device.stopStreams();
    const sent = device.sendSentinels(() => true);
    expect(sent.map((each) => each.stream)).toEqual(["kept", "exact"]);
    expect(device.sendSentinels((name) => name === "loose")).toEqual([]);
    const isSentinel = (entry: HistoryEntry) =>
      entry.type === "invoke" && entry.action === "publish" && entry.sentinel === true;
    await until(isSentinel, 2);
    const published = entries().flatMap((entry) =>
      entry.type === "invoke" && entry.action === "publish" ? [entry] : [],
    );
    for (const name of ["kept", "exact"]) {
      const own = published.filter(({ message }) => message.stream === name);
      expect(own.filter(({ sentinel }) => sentinel)).toEqual([own.at(-1)]);
      expect(sent).toContainEqual({ stream: name, sequence: own.at(-1)?.message.sequence });
    }
  });
});
