import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maxBufferedBytes } from "../../src/connection/mqtt-client.ts";
import { maxOpenPublishes } from "../../src/connection/publisher.ts";
import { createManualClock } from "../helpers/manual-clock.ts";
import { type ScriptedBroker, type ScriptedPeer, startScriptedBroker } from "../helpers/scripted-broker.ts";
import { kinds, type RecordedConnection, recordConnection } from "../unit/connection/recorded-connection.ts";

describe("messages over real sockets", () => {
  let broker: ScriptedBroker;
  let device: RecordedConnection;

  beforeEach(async () => {
    broker = await startScriptedBroker();
  });

  afterEach(async () => {
    await device.connection.cutPower();
    await broker.close();
  });

  async function connect(
    session: "clean" | "persistent" = "clean",
    clock?: ReturnType<typeof createManualClock>,
  ): Promise<ScriptedPeer> {
    device = recordConnection({ endpoint: broker.endpoint, session }, clock);
    device.connection.start();
    const peer = await broker.welcome();
    await device.untilState("connected");
    return peer;
  }

  async function answerSubscribe(peer: ScriptedPeer, ...granted: readonly number[]) {
    const packet = await peer.expect("subscribe");
    peer.send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [...granted] });
    return packet;
  }

  describe("publish", () => {
    test("without a connection it fails at once, in every state", async () => {
      device = recordConnection({ endpoint: broker.endpoint });
      const fails = (qos: 0 | 1) =>
        expect(device.publish("t", "x", qos)).toMatchObject([{ kind: "failed", code: "CONN_1009" }]);
      fails(0);
      device.connection.start();
      fails(1);
      const peer = await broker.accept();
      fails(1);
      peer.reset();
      await device.untilState("backingOff");
      fails(1);
    });

    test("at QoS 0 it is unknown as soon as it is written", async () => {
      const peer = await connect();
      expect(kinds(device.publish("t", "x", 0))).toEqual(["unknown"]);
      expect(await peer.expect("publish")).toMatchObject({ topic: "t", qos: 0 });
    });

    test.each(["", "a/+", "#", "a\0b", "é".repeat(40_000)])("%j is not a topic name", async (topic) => {
      await connect();
      expect(device.publish(topic, "x", 1)).toMatchObject([{ kind: "failed", code: "CONF_1002" }]);
      expect(device.connection.state).toBe("connected");
    });

    test("when the link takes no more bytes it fails instead of filling the memory", async () => {
      const peer = await connect();
      peer.freeze();
      const payload = "x".repeat(maxBufferedBytes);
      let outcome = "";
      // The sockets of both sides take some of it.
      for (let sent = 0; sent < 100 && outcome !== "failed"; sent += 1)
        outcome = device.publish("t", payload, 0)[0]?.kind ?? "";
      expect(outcome).toBe("failed");
    });

    test("more than the bound of open publishes fail", async () => {
      const peer = await connect();
      peer.freeze();
      for (let open = 0; open < maxOpenPublishes; open += 1) device.publish("t", "", 1);
      expect(device.connection.snapshot().openPublishes).toBe(maxOpenPublishes);
      expect(device.publish("t", "", 1)).toMatchObject([{ kind: "failed", code: "CONN_1009" }]);
    });

    test("an outcome may publish the next one: at the loss of a clean session it fails", async () => {
      const peer = await connect();
      const next: string[] = [];
      device.connection.publish("t", "x", { qos: 1 }, () => {
        device.connection.publish("t", "y", { qos: 1 }, ({ kind }) => next.push(kind));
      });
      await peer.expect("publish");
      peer.reset();
      await device.untilState("backingOff");
      expect(next).toEqual(["failed"]);
    });

    test("a PUBREC that comes twice is told once", async () => {
      const peer = await connect();
      const outcomes = device.publish("t", "x", 2);
      const { messageId } = await peer.expect("publish");
      for (const _ of [1, 2]) {
        peer.send({ cmd: "pubrec", messageId });
        await peer.expect("pubrel");
      }
      peer.send({ cmd: "pubcomp", messageId });
      await device.until(() => outcomes.length > 1);
      expect(kinds(outcomes)).toEqual(["acknowledged", "completed"]);
    });
  });

  describe("subscribe", () => {
    test("resolves with the granted QoS", async () => {
      const peer = await connect();
      const subscribed = device.connection.subscribe("a/#", { qos: 2 });
      expect(await answerSubscribe(peer, 1)).toMatchObject({ subscriptions: [{ topic: "a/#", qos: 2 }] });
      expect(await subscribed).toEqual({ grantedQos: 1 });
    });

    test("a refused filter rejects and is not asked for again", async () => {
      const peer = await connect();
      const refused = expect(device.connection.subscribe("a", { qos: 0 })).rejects.toMatchObject({
        code: "CONN_1007",
      });
      await answerSubscribe(peer, 128);
      await refused;
      expect(device.connection.snapshot().subscriptions.size).toBe(0);
    });

    test("rejects without a connection, at its loss, for a wrong filter, and when no answer comes", async () => {
      const clock = createManualClock();
      const peer = await connect("clean", clock);
      await expect(device.connection.subscribe("a/#/b", { qos: 0 })).rejects.toMatchObject({
        code: "CONN_1007",
      });
      const unanswered = expect(device.connection.subscribe("a", { qos: 0 })).rejects.toMatchObject({
        code: "CONN_1007",
      });
      await peer.expect("subscribe");
      clock.advance(10_000);
      await unanswered;
      const lost = expect(device.connection.subscribe("a", { qos: 0 })).rejects.toMatchObject({
        code: "CONN_1005",
      });
      await peer.expect("subscribe");
      peer.reset();
      await lost;
      await expect(device.connection.subscribe("a", { qos: 0 })).rejects.toMatchObject({ code: "CONN_1009" });
      await expect(device.connection.unsubscribe("a")).rejects.toMatchObject({ code: "CONN_1009" });
    });

    test("subscriptions are made again exactly when the broker has no session", async () => {
      const peer = await connect("persistent");
      for (const [filter, qos] of [
        ["a", 1],
        ["b", 2],
        ["c", 0],
      ] as const) {
        const subscribed = device.connection.subscribe(filter, { qos });
        await answerSubscribe(peer, qos);
        await subscribed;
      }
      const gone = device.connection.unsubscribe("c");
      peer.send({ cmd: "unsuback", messageId: (await peer.expect("unsubscribe")).messageId });
      await gone;

      peer.reset();
      const resumed = await broker.welcome({ sessionPresent: true });
      await device.untilState("connected", 2);
      device.publish("t", "x", 0);
      // The first packet after CONNECT is the publish: nothing was subscribed to.
      await resumed.expect("publish");

      resumed.reset();
      const forgotten = await broker.welcome({ sessionPresent: false });
      expect(await answerSubscribe(forgotten, 1, 128)).toMatchObject({
        subscriptions: [
          { topic: "a", qos: 1 },
          { topic: "b", qos: 2 },
        ],
      });
      await device.until(() => device.remade.length > 0);
      expect(device.remade).toEqual([{ filter: "a", grantedQos: 1, epoch: 3 }]);
      await device.until(() => device.facts.some(({ name }) => name === "subscription.failed"));
      expect(device.facts).toContainEqual(
        expect.objectContaining({ name: "subscription.failed", code: "CONN_1007" }),
      );
    });
  });

  test("messages behind a heartbeat timeout in the same chunk are not delivered, and not acknowledged", async () => {
    const clock = createManualClock();
    device = recordConnection(
      {
        endpoint: broker.endpoint,
        session: "persistent",
        heartbeat: { intervalMs: 5_000, timeoutMs: 15_000, topic: "beat", payload: () => "" },
      },
      clock,
    );
    device.connection.start();
    const peer = await broker.welcome();
    await device.untilState("connected");
    const dead = device.until(() => device.messages.length === 1).then(() => clock.advance(15_000));
    const message = { cmd: "publish", topic: "t", dup: false, retain: false, payload: "x" } as const;
    peer.sendAll([1, 2, 3, 4, 5].map((messageId) => ({ ...message, qos: 1, messageId })));
    await dead;
    await device.untilState("backingOff");
    const delivered = device.messages.length;
    clock.advance(5);
    const again = await broker.welcome({ sessionPresent: true });
    // The first packet of the new connection is its heartbeat, not an acknowledgement of the old one.
    await again.expect("publish");
    expect(device.messages).toHaveLength(delivered);
  });
});
