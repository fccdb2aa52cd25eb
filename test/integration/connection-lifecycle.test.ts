import { spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ConnectionOptions } from "../../src/connection/connection-options.ts";
import { StormfleetError } from "../../src/errors.ts";
import { createManualClock } from "../helpers/manual-clock.ts";
import { type ScriptedBroker, startScriptedBroker } from "../helpers/scripted-broker.ts";
import { kinds, type RecordedConnection, recordConnection } from "../unit/connection/recorded-connection.ts";

/** Every 5 s with a timeout of 15 s, by default. */
const heartbeat = { topic: "beat", payload: () => "b" };
const slowRetries = { baseMs: 60_000, maxMs: 60_000, jitter: "none" } as const;

/** For a process of its own, which must end by itself. */
const connectAndStop = `
  import { createConnection } from "./src/connection/connection.ts";
  import { silentTelemetry } from "./src/observability/telemetry.ts";
  import { createWorld } from "./src/time/world.ts";
  const connection = createConnection(createWorld({ seed: "1" }), {
    endpoint: { url: process.env.BROKER_URL },
    clientId: "meter-1",
    session: "persistent",
    keepAliveSeconds: 60,
    backoff: { baseMs: 60_000, maxMs: 60_000, jitter: "none" },
    retryBudget: 5,
    heartbeat: { intervalMs: 5_000, timeoutMs: 15_000, topic: "beat", payload: () => "b" },
    telemetry: silentTelemetry,
    listener: {
      onMessage() {},
      onTransition({ to }) {
        if (to === "connected") setImmediate(() => {
          connection.publish("t", "x", { qos: 1 }, () => {});
          connection.stop();
        });
      },
    },
  });
  connection.start();
`;

describe("lifecycle over real sockets", () => {
  let broker: ScriptedBroker;
  let device: RecordedConnection;

  beforeEach(async () => {
    broker = await startScriptedBroker();
  });

  afterEach(async () => {
    await device.connection.cutPower();
    await broker.close();
  });

  function setUp(overrides: Partial<ConnectionOptions> = {}, clock?: ReturnType<typeof createManualClock>) {
    device = recordConnection({ endpoint: broker.endpoint, ...overrides }, clock);
    return device.connection;
  }

  /** Connected on a clock that stands still. */
  async function connectOnManualClock(overrides: Partial<ConnectionOptions> = {}) {
    const clock = createManualClock();
    setUp({ heartbeat, session: "persistent", ...overrides }, clock).start();
    const peer = await broker.welcome();
    await device.untilState("connected");
    return { clock, peer };
  }

  test("CONNECT carries what was asked for", async () => {
    const will = { topic: "gone", payload: "bye", qos: 1, retain: true } as const;
    setUp({ session: "persistent", username: "u", password: "p", keepAliveSeconds: 30, will }).start();
    const connect = await (await broker.accept()).handshake();
    expect(connect).toMatchObject({
      clientId: "meter-1",
      clean: false,
      protocolVersion: 4,
      keepalive: 30,
      username: "u",
      will: { topic: "gone", qos: 1, retain: true },
    });
    expect(connect.will?.payload.toString()).toBe("bye");
    expect(connect.password?.toString()).toBe("p");
    await device.untilState("connected");
  });

  test("a heartbeat goes out at once, is answered, and proves the connection", async () => {
    const { peer } = await connectOnManualClock();
    const beat = await peer.expect("publish");
    expect(beat).toMatchObject({ topic: "beat", qos: 1, dup: false });
    expect(device.connection.snapshot().openPublishes).toBe(0);
    peer.send({ cmd: "puback", messageId: beat.messageId });
    await device.until(() => device.heartbeats.length === 2);
    expect(device.heartbeats.map(({ kind }) => kind)).toEqual(["sent", "answered"]);
  });

  test("a half-open link is noticed at the heartbeat timeout, and its heartbeats are not replayed", async () => {
    const { clock, peer } = await connectOnManualClock();
    const first = await peer.expect("publish");
    const open = device.publish("t", "mine", 1);
    await peer.expect("publish");
    peer.send({ cmd: "puback", messageId: first.messageId });
    await device.until(() => device.heartbeats.length === 2);
    peer.freeze();
    clock.advance(14_999);
    expect(device.connection.state).toBe("connected");
    clock.advance(1);
    expect(device.transitions.slice(-2)).toMatchObject([
      { from: "connected", to: "disconnected", cause: "heartbeatTimedOut", code: "CONN_1004" },
      { from: "disconnected", to: "backingOff", attempt: 0 },
    ]);
    expect(device.heartbeats.at(-1)).toEqual({ kind: "missed" });
    clock.advance(5);
    const again = await broker.welcome({ sessionPresent: true });
    const resent = await again.expect("publish");
    expect(resent.payload.toString()).toBe("mine");
    expect(await again.expect("publish")).toMatchObject({ topic: "beat", dup: false });
    expect(open).toEqual([]);
  });

  test("a link that flaps before any heartbeat is answered uses up the budget", async () => {
    setUp({ heartbeat, retryBudget: 2 }).start();
    for (let connections = 0; connections < 3; connections += 1) (await broker.welcome()).reset();
    await device.untilState("unavailable");
    expect(device.connection.epoch).toBe(3);
    expect(device.unavailable).toMatchObject([{ code: "CONN_1006" }]);
    expect(device.unavailable[0]).toBeInstanceOf(StormfleetError);
  });

  test("without heartbeats the CONNACK proves the connection", async () => {
    setUp({ retryBudget: 1 }).start();
    for (let connections = 0; connections < 4; connections += 1) (await broker.welcome()).reset();
    await broker.welcome();
    await device.untilState("connected", 5);
  });

  test("a broker that is not there leads to unavailable, once, with the reason", async () => {
    await broker.close();
    const { url } = broker.endpoint;
    setUp({ retryBudget: 2 }).start();
    await device.untilState("unavailable");
    expect(device.states()).toEqual([
      "connecting",
      "backingOff",
      "connecting",
      "backingOff",
      "connecting",
      "unavailable",
    ]);
    expect(device.unavailable).toHaveLength(1);
    expect(device.unavailable[0]?.message).toContain("ECONNREFUSED");
    expect(device.unavailable[0]?.message).toContain(url);
    broker = await startScriptedBroker();
  });

  test("after unavailable it can be started again", async () => {
    setUp({ retryBudget: 0 }).start();
    (await broker.accept()).reset();
    await device.untilState("unavailable");
    device.connection.start();
    await broker.welcome();
    await device.untilState("connected");
  });

  test("a broker that refuses for good is not asked again", async () => {
    setUp().start();
    await (await broker.accept()).handshake({ returnCode: 5 });
    await device.untilState("unavailable");
    expect(device.unavailable).toMatchObject([{ code: "CONN_1003" }]);
    expect(device.transitions.at(-1)).toMatchObject({ cause: "connackRefused", code: "CONN_1003" });
    await device.connection.stop();
    expect(broker.connections).toBe(1);
  });

  test("a broker that is not ready is asked again", async () => {
    setUp().start();
    await (await broker.accept()).handshake({ returnCode: 3 });
    await broker.welcome();
    await device.untilState("connected");
    expect(device.states()).toEqual(["connecting", "backingOff", "connecting", "connected"]);
  });

  test("a broker that never answers CONNECT ends the handshake at its timeout", async () => {
    const clock = createManualClock();
    setUp({ handshakeTimeoutMs: 3_000 }, clock).start();
    const silent = await broker.accept();
    await silent.expect("connect");
    clock.advance(2_999);
    expect(device.connection.state).toBe("connecting");
    clock.advance(1);
    expect(device.transitions.at(-1)).toMatchObject({ cause: "handshakeTimedOut", code: "CONN_1002" });
    await silent.ended;
    clock.advance(5);
    const again = await broker.accept();
    silent.send({ cmd: "connack", sessionPresent: false, returnCode: 0 });
    await again.handshake();
    await device.untilState("connected");
    expect(device.connection.epoch).toBe(1);
  });

  test("a malformed packet ends the connection", async () => {
    setUp().start();
    const peer = await broker.welcome();
    await device.untilState("connected");
    // Reserved packet type 0 [MQTT-4.8.0-1].
    peer.sendRaw(Buffer.from([0x00, 0x00]));
    await peer.ended;
    await broker.welcome();
    await device.untilState("connected", 2);
    expect(device.transitions).toContainEqual(expect.objectContaining({ cause: "connectionLost" }));
  });

  test("with retries without delay the old stream never disturbs the new one", async () => {
    setUp({ backoff: { baseMs: 0, maxMs: 0, jitter: "none" }, session: "persistent" }).start();
    const outcomes = [];
    for (let epoch = 1; epoch <= 20; epoch += 1) {
      const peer = await broker.welcome({ sessionPresent: epoch > 1 });
      await device.untilState("connected", epoch);
      outcomes.push(device.publish("t", String(epoch), 1));
      peer.reset();
    }
    const last = await broker.welcome({ sessionPresent: true });
    for (const _ of outcomes) {
      const { messageId } = await last.expect("publish");
      last.send({ cmd: "puback", messageId });
    }
    await device.until(() => device.connection.snapshot().openPublishes === 0);
    expect(outcomes.flatMap(kinds)).toEqual(Array(20).fill("acknowledged"));
  });

  describe("stop", () => {
    test("says DISCONNECT and closes", async () => {
      const connection = setUp();
      connection.start();
      const peer = await broker.welcome();
      await device.untilState("connected");
      const stopped = connection.stop();
      await peer.expect("disconnect");
      await Promise.all([stopped, connection.stop(), peer.ended]);
      expect(device.states().at(-1)).toBe("stopped");
      expect(device.states()).toHaveLength(3);
    });

    test("ends open publishes unknown, and later ones fail", async () => {
      const connection = setUp({ session: "persistent" });
      connection.start();
      await broker.welcome();
      await device.untilState("connected");
      const open = device.publish("t", "1", 1);
      const stopped = connection.stop();
      const late = device.publish("t", "2", 1);
      await stopped;
      expect(kinds(open)).toEqual(["unknown"]);
      expect(late).toMatchObject([{ kind: "failed", code: "CONN_1009" }]);
    });

    test("waits for open acknowledgements as long as it may drain", async () => {
      const connection = setUp();
      connection.start();
      const peer = await broker.welcome();
      await device.untilState("connected");
      const open = device.publish("t", "1", 2);
      const stopped = connection.stop({ drainMs: 20_000 });
      const { messageId } = await peer.expect("publish");
      peer.send({ cmd: "pubrec", messageId });
      await peer.expect("pubrel");
      peer.send({ cmd: "pubcomp", messageId });
      await peer.expect("disconnect");
      await stopped;
      expect(kinds(open)).toEqual(["acknowledged", "completed"]);
    });

    test("gives up draining at the bound, and waiting for the close a second later", async () => {
      const { clock, peer } = await connectOnManualClock({ heartbeat: false });
      const open = device.publish("t", "1", 1);
      await peer.expect("publish");
      peer.freeze();
      const stopped = device.connection.stop({ drainMs: 500 });
      clock.advance(499);
      expect(device.connection.state).toBe("connected");
      clock.advance(1);
      await device.untilState("stopped");
      expect(kinds(open)).toEqual(["unknown"]);
      await Promise.resolve();
      clock.advance(1_000);
      await stopped;
      expect(clock.pending).toBe(0);
    });

    test("does not reconnect when the link breaks while draining", async () => {
      const connection = setUp({ session: "persistent", backoff: slowRetries });
      connection.start();
      const peer = await broker.welcome();
      await device.untilState("connected");
      const open = device.publish("t", "1", 1);
      const stopped = connection.stop({ drainMs: 20_000 });
      await peer.expect("publish");
      peer.reset();
      await stopped;
      expect(kinds(open)).toEqual(["unknown"]);
      expect(connection.state).toBe("stopped");
    });

    test("works before the start, while connecting, backing off and when unavailable, leaving no timer", async () => {
      const clock = createManualClock();
      const fresh = setUp({}, clock);
      await fresh.stop();
      expect(device.states()).toEqual(["stopped"]);
      fresh.start();
      expect(fresh.state).toBe("stopped");

      const connecting = setUp({}, clock);
      connecting.start();
      const silent = await broker.accept();
      await connecting.stop();
      await silent.ended;

      const backingOff = setUp({ backoff: slowRetries }, clock);
      backingOff.start();
      (await broker.accept()).reset();
      await device.untilState("backingOff");
      await backingOff.stop();
      expect(device.states()).toEqual(["connecting", "backingOff", "stopped"]);

      const unavailable = setUp({ retryBudget: 0 }, clock);
      unavailable.start();
      (await broker.accept()).reset();
      await device.untilState("unavailable");
      await unavailable.stop();
      expect(clock.pending).toBe(0);
    });

    test("can be asked for by the listener in the middle of a transition", async () => {
      const connection = setUp();
      const stopped = device.untilState("connecting").then(() => connection.stop());
      connection.start();
      await stopped;
      expect(connection.state).toBe("stopped");
    });

    test("a cut of power says nothing to the broker", async () => {
      const connection = setUp();
      connection.start();
      const peer = await broker.welcome();
      await device.untilState("connected");
      await connection.cutPower();
      await peer.ended;
      expect(peer.received.map(({ cmd }) => cmd)).toEqual(["connect"]);
      expect(device.transitions.at(-1)).toMatchObject({ to: "stopped", cause: "powerCut" });
      await connection.stop();
    });
  });

  test("nothing of a stopped connection keeps a process alive", async () => {
    setUp();
    const child = spawn(process.execPath, ["--input-type=module", "-e", connectAndStop], {
      env: { ...process.env, BROKER_URL: broker.endpoint.url },
      cwd: new URL("../..", import.meta.url),
      stdio: ["ignore", "inherit", "inherit"],
    });
    const exited = once(child, "exit");
    const peer = await broker.welcome();
    await peer.expect("publish");
    // Answers nothing: the heartbeat and a publish are open when it stops, and the stream is closed from this side.
    await peer.expect("publish");
    await peer.expect("disconnect");
    peer.close();
    expect(await exited).toEqual([0, null]);
  });

  test("events that mean nothing are told to telemetry", async () => {
    const connection = setUp();
    connection.start();
    connection.start();
    expect(device.facts).toContainEqual({
      name: "connection.event-ignored",
      subject: "meter-1",
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      data: { state: "connecting", event: "connectRequested" },
    });
  });

  test("a stream that cannot be opened, or is dead already, counts as a failed handshake", async () => {
    const longDead = new Duplex({ read() {} }).on("error", () => {}).destroy(new Error("no such pipe"));
    await new Promise((resolve) => longDead.once("close", resolve));
    for (const open of [
      () => longDead,
      () => {
        throw new Error("no such pipe");
      },
      () => new Duplex({ read() {} }).destroy(new Error("no such pipe")),
    ]) {
      setUp({ endpoint: { name: "memory:nowhere", open }, retryBudget: 1 }).start();
      await device.untilState("unavailable");
      expect(device.states()).toEqual(["connecting", "backingOff", "connecting", "unavailable"]);
      expect(device.unavailable[0]?.message).toContain("memory:nowhere");
      expect(device.unavailable[0]?.message).toContain("no such pipe");
    }
  });
});

describe("options out of range", () => {
  test.each<[string, Partial<ConnectionOptions>]>([
    ["an unknown scheme", { endpoint: { url: "coap://localhost" } }],
    ["no URL", { endpoint: { url: "localhost" } }],
    ["credentials in the URL", { endpoint: { url: "mqtt://u:secret@localhost" } }],
    ["an empty client id", { clientId: "" }],
    ["a negative budget", { retryBudget: -1 }],
    ["a heartbeat timeout that is not above the interval", { heartbeat: { ...heartbeat, timeoutMs: 5_000 } }],
    ["a handshake timeout of 0", { handshakeTimeoutMs: 0 }],
    ["a keep alive that does not fit", { keepAliveSeconds: 65_536 }],
    ["a backoff that shrinks", { backoff: { baseMs: 2, maxMs: 1, jitter: "none" } }],
  ])("%s is refused without opening anything, and without telling secrets", (_name, wrong) => {
    let refusal: unknown;
    try {
      recordConnection({ endpoint: { url: "mqtt://localhost" }, ...wrong });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: "CONF_1002" });
    expect(String(refusal)).not.toContain("secret");
  });
});
