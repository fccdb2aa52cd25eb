import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ScriptedBroker, startScriptedBroker } from "../helpers/scripted-broker.ts";
import { kinds, type RecordedConnection, recordConnection } from "../unit/connection/recorded-connection.ts";

describe("sessions over real sockets", () => {
  let broker: ScriptedBroker;
  let device: RecordedConnection;

  beforeEach(async () => {
    broker = await startScriptedBroker();
  });

  afterEach(async () => {
    await device.connection.cutPower();
    await broker.close();
  });

  async function connectPersistent() {
    device = recordConnection({ endpoint: broker.endpoint, session: "persistent" });
    device.connection.start();
    const peer = await broker.welcome();
    await device.untilState("connected");
    return peer;
  }

  test("a QoS 1 publish is acknowledged by its PUBACK", async () => {
    const peer = await connectPersistent();
    const outcomes = device.publish("t", "1", 1);
    const publish = await peer.expect("publish");
    expect(publish).toMatchObject({ topic: "t", qos: 1, dup: false });
    expect(outcomes).toEqual([]);
    peer.send({ cmd: "puback", messageId: publish.messageId });
    await device.until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ kind: "acknowledged" }]);
    expect(device.connection.snapshot().openPublishes).toBe(0);
  });

  test("an unacknowledged QoS 1 publish is resent with its id and DUP, and acknowledged once", async () => {
    const peer = await connectPersistent();
    const outcomes = device.publish("t", "1", 1);
    const first = await peer.expect("publish");
    peer.reset();
    const again = await broker.welcome({ sessionPresent: true });
    const second = await again.expect("publish");
    expect(second).toMatchObject({ messageId: first.messageId, dup: true, topic: "t", qos: 1 });
    expect(second.payload.toString()).toBe("1");
    again.send({ cmd: "puback", messageId: second.messageId });
    await device.until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ kind: "acknowledged" }]);
  });

  test("several publishes are resent at once, in their order, before new ones", async () => {
    const peer = await connectPersistent();
    const outcomes = ["a", "b", "c"].map((payload, index) =>
      device.publish("t", payload, index === 1 ? 2 : 1),
    );
    for (const _ of outcomes) await peer.expect("publish");
    peer.reset();
    await device.untilState("backingOff");
    device.until(() => device.connection.state === "connected").then(() => device.publish("t", "d", 1));
    const again = await broker.welcome({ sessionPresent: true });
    const resent = [];
    for (let count = 0; count < 4; count += 1) resent.push(await again.expect("publish"));
    expect(resent.map((packet) => packet.payload.toString())).toEqual(["a", "b", "c", "d"]);
    expect(resent.map((packet) => packet.dup)).toEqual([true, true, true, false]);
    expect(new Set(resent.map((packet) => packet.messageId)).size).toBe(4);
    expect(outcomes.flat()).toEqual([]);
  });

  test("a QoS 2 publish cut before PUBREC is resent as PUBLISH and finishes", async () => {
    const peer = await connectPersistent();
    const outcomes = device.publish("t", "2", 2);
    const { messageId } = await peer.expect("publish");
    peer.reset();
    const again = await broker.welcome({ sessionPresent: true });
    expect(await again.expect("publish")).toMatchObject({ messageId, dup: true, qos: 2 });
    again.send({ cmd: "pubrec", messageId });
    expect(await again.expect("pubrel")).toMatchObject({ messageId });
    await device.until(() => outcomes.length === 1);
    expect(outcomes).toEqual([{ kind: "acknowledged" }]);
    again.send({ cmd: "pubcomp", messageId });
    await device.until(() => outcomes.length === 2);
    expect(kinds(outcomes)).toEqual(["acknowledged", "completed"]);
  });

  test("after PUBREC only PUBREL is resent, as often as the link is cut, and the publish completes once", async () => {
    const peer = await connectPersistent();
    const outcomes = device.publish("t", "2", 2);
    const { messageId } = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId });
    await peer.expect("pubrel");
    peer.reset();
    for (let cuts = 0; cuts < 3; cuts += 1) {
      const again = await broker.welcome({ sessionPresent: true });
      expect(await again.next()).toMatchObject({ cmd: "pubrel", messageId });
      again.reset();
    }
    const last = await broker.welcome({ sessionPresent: true });
    await last.expect("pubrel");
    last.send({ cmd: "pubcomp", messageId });
    await device.until(() => outcomes.length === 2);
    expect(kinds(outcomes)).toEqual(["acknowledged", "completed"]);
    last.reset();
    const quiet = await broker.welcome({ sessionPresent: true });
    await device.untilState("connected", 6);
    device.publish("t", "later", 1);
    expect(await quiet.expect("publish")).toMatchObject({ dup: false });
  });

  test("a message published while the resent ones are unacknowledged survives the next cut", async () => {
    const peer = await connectPersistent();
    const first = device.publish("t", "old", 1);
    await peer.expect("publish");
    peer.reset();
    await device.untilState("backingOff");
    const second = await broker.welcome({ sessionPresent: true });
    await device.untilState("connected", 2);
    const late = device.publish("t", "new", 1);
    await second.expect("publish");
    await second.expect("publish");
    second.reset();
    const third = await broker.welcome({ sessionPresent: true });
    for (const payload of ["old", "new"]) {
      const packet = await third.expect("publish");
      expect(packet.payload.toString()).toBe(payload);
      third.send({ cmd: "puback", messageId: packet.messageId });
    }
    await device.until(() => first.length + late.length === 2);
    expect([...first, ...late]).toEqual([{ kind: "acknowledged" }, { kind: "acknowledged" }]);
  });

  test("open publishes are kept when the broker forgot the session", async () => {
    const peer = await connectPersistent();
    const outcomes = device.publish("t", "1", 1);
    await peer.expect("publish");
    peer.reset();
    const again = await broker.welcome({ sessionPresent: false });
    const { messageId } = await again.expect("publish");
    again.send({ cmd: "puback", messageId });
    await device.until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ kind: "acknowledged" }]);
  });

  test("with a clean session open publishes end unknown and are not resent", async () => {
    device = recordConnection({ endpoint: broker.endpoint, session: "clean" });
    device.connection.start();
    const peer = await broker.welcome();
    await device.untilState("connected");
    const open = [device.publish("t", "1", 1), device.publish("t", "2", 2), device.publish("t", "3", 2)];
    for (const _ of open) await peer.expect("publish");
    const messageId = peer.received.at(-1)?.messageId;
    peer.send({ cmd: "pubrec", messageId });
    await peer.expect("pubrel");
    peer.reset();
    await device.untilState("backingOff");
    expect(open.map(kinds)).toEqual([["unknown"], ["unknown"], ["acknowledged"]]);
    const again = await broker.welcome();
    await device.untilState("connected", 2);
    device.publish("t", "fresh", 1);
    const packet = await again.expect("publish");
    expect(packet.payload.toString()).toBe("fresh");
    expect(packet.dup).toBe(false);
  });

  test("a QoS 2 message that comes again before PUBREL is delivered once", async () => {
    const peer = await connectPersistent();
    const message = {
      cmd: "publish",
      topic: "t",
      qos: 2,
      messageId: 9,
      retain: false,
      payload: "x",
    } as const;
    peer.send({ ...message, dup: false });
    await peer.expect("pubrec");
    peer.reset();
    const again = await broker.welcome({ sessionPresent: true });
    for (let repeats = 0; repeats < 3; repeats += 1) {
      again.send({ ...message, dup: true });
      await again.expect("pubrec");
    }
    again.send({ cmd: "pubrel", messageId: 9 });
    await again.expect("pubcomp");
    again.reset();
    const third = await broker.welcome({ sessionPresent: true });
    third.send({ cmd: "pubrel", messageId: 9 });
    await third.expect("pubcomp");
    expect(device.messages).toHaveLength(1);
    expect(device.messages[0]).toMatchObject({ topic: "t", qos: 2, epoch: 2 });
  });

  test("incoming messages carry their flags and the epoch of their connection", async () => {
    const peer = await connectPersistent();
    peer.send({ cmd: "publish", topic: "a", qos: 0, dup: false, retain: true, payload: "r" });
    peer.send({ cmd: "publish", topic: "b", qos: 1, messageId: 3, dup: true, retain: false, payload: "d" });
    expect(await peer.expect("puback")).toMatchObject({ messageId: 3 });
    expect(device.messages).toMatchObject([
      { topic: "a", qos: 0, dup: false, retain: true, epoch: 1 },
      { topic: "b", qos: 1, dup: true, retain: false, epoch: 1 },
    ]);
    expect(device.messages[0]?.payload.toString()).toBe("r");
  });

  test("messages in the same chunk as the CONNACK come after the transition", async () => {
    device = recordConnection({ endpoint: broker.endpoint, session: "persistent" });
    const order: string[] = [];
    device.until(() => {
      if (device.connection.state === "connected" && order.length === 0) order.push("connected");
      if (device.messages.length > 0) order.push("message");
      return device.messages.length > 0;
    });
    device.connection.start();
    const peer = await broker.accept();
    await peer.expect("connect");
    peer.send({ cmd: "connack", sessionPresent: true, returnCode: 0 });
    peer.send({ cmd: "publish", topic: "a", qos: 1, messageId: 1, dup: false, retain: false, payload: "x" });
    await peer.expect("puback");
    expect(order).toEqual(["connected", "message"]);
    expect(device.messages[0]?.epoch).toBe(1);
  });
});

describe("sessions in MQTT 5.0", () => {
  test("a reason code of 0x80 and more fails the publish, also at PUBREC", async () => {
    const broker = await startScriptedBroker({ protocolVersion: 5 });
    const device = recordConnection({ endpoint: broker.endpoint, session: "persistent", protocol: "5.0" });
    device.connection.start();
    const peer = await broker.accept();
    const connect = await peer.handshake();
    expect(connect).toMatchObject({ protocolVersion: 5, properties: { sessionExpiryInterval: 7_200 } });
    await device.untilState("connected");
    const refused = [device.publish("t", "1", 1), device.publish("t", "2", 2)];
    const one = await peer.expect("publish");
    peer.send({ cmd: "puback", messageId: one.messageId, reasonCode: 0x87 });
    const two = await peer.expect("publish");
    peer.send({ cmd: "pubrec", messageId: two.messageId, reasonCode: 0x97 });
    await device.until(() => refused.every((outcomes) => outcomes.length > 0));
    for (const outcomes of refused) expect(outcomes).toMatchObject([{ kind: "failed", code: "CONN_1008" }]);
    const taken = device.publish("t", "3", 1);
    const three = await peer.expect("publish");
    peer.send({ cmd: "puback", messageId: three.messageId, reasonCode: 0x10 });
    await device.until(() => taken.length > 0);
    expect(kinds(taken)).toEqual(["acknowledged"]);
    await device.connection.stop();
    await broker.close();
  });
});
