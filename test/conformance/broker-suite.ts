import type { QoS } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Endpoint } from "../../src/endpoint.ts";
import { RawClient } from "../helpers/raw-mqtt.ts";

/** What the suite needs of a broker; topics and client ids are unique, so one broker can serve all tests. */
export interface BrokerUnderTest {
  readonly endpoint: Endpoint;
  stop(): Promise<void>;
}

let names = 0;

/** Judges a broker by the wire, statement by statement of MQTT 3.1.1, whatever is behind the endpoint. */
export function brokerConformance(name: string, start: () => Promise<BrokerUnderTest>): void {
  describe(`${name} as a broker`, () => {
    let broker: BrokerUnderTest;
    let open: RawClient[] = [];
    let base = "";
    beforeEach(async () => {
      broker = await start();
      names += 1;
      base = `conformance-${process.pid}-${names}`;
    });
    afterEach(async () => {
      await Promise.all(open.map((client) => client.cut()));
      open = [];
      await broker.stop();
    });

    async function join(id: string, connect: Parameters<typeof RawClient.connect>[1] | object = {}) {
      const client = await RawClient.connect(broker.endpoint, { clientId: `${base}-${id}`, ...connect });
      open.push(client);
      return client;
    }

    const qualities = [0, 1, 2] as const;
    const matrix = qualities.flatMap((published) =>
      qualities.map((granted) => [published, granted] as const),
    );
    test.each(matrix)(
      "delivers QoS %i to a subscription of QoS %i at the lower of both [3.8.4-6]",
      async (published, granted) => {
        for (const clean of [true, false]) {
          const subscriber = await join(`subscriber-${clean}`, { clean });
          expect(await subscriber.subscribe({ topic: `${base}/+`, qos: granted })).toEqual([granted]);
          const publisher = await join(`publisher-${clean}`);
          publisher.publish(`${base}/x`, "hello", { qos: published, ...(published && { messageId: 1 }) });
          const packet = await subscriber.next("publish");
          expect(packet).toMatchObject({
            qos: Math.min(published, granted) as QoS,
            dup: false,
            retain: false,
          });
          expect(packet.payload.toString()).toBe("hello");
          await subscriber.disconnect();
        }
      },
    );

    test("tells the truth about Session Present [3.2.2-1 … -3]", async () => {
      const seen: unknown[] = [];
      for (const clean of [false, false, true, false]) {
        const client = await join("device", { clean });
        seen.push(client.sessionPresent);
        await client.disconnect();
      }
      expect(seen).toEqual([false, true, false, false]);
    });

    test("keeps subscriptions and messages of QoS 1 and 2 for an absent session, in order [3.1.2-4, -5; 4.6.0-6]", async () => {
      const before = await join("device");
      await before.subscribe({ topic: `${base}/#`, qos: 2 });
      await before.cut();
      const publisher = await join("publisher");
      for (let n = 1; n <= 50; n += 1) publisher.publish(`${base}/x`, `${n}`, { qos: 1, messageId: n });
      for (let n = 1; n <= 50; n += 1) await publisher.next("puback");
      const device = await join("device");
      expect(device.sessionPresent).toBe(true);
      expect(await device.textsUntil("50")).toEqual(Array.from({ length: 50 }, (_, index) => `${index + 1}`));
    });

    test("forgets the session, its messages and its subscriptions on a clean CONNECT [3.1.2-6]", async () => {
      const before = await join("device");
      await before.subscribe({ topic: `${base}/x`, qos: 1 });
      await before.cut();
      const publisher = await join("publisher");
      publisher.publish(`${base}/x`, "old", { qos: 1, messageId: 1 });
      await publisher.next("puback");
      await (await join("device", { clean: true })).disconnect();
      const device = await join("device");
      publisher.publish(`${base}/x`, "new", { qos: 1, messageId: 2 });
      await publisher.next("puback");
      expect(await device.untilQuiet()).toEqual([]);
    });

    test("resends what is unacknowledged with its packet id and DUP, and nothing else [4.4.0-1; 3.3.1-1]", async () => {
      const before = await join("device");
      await before.subscribe({ topic: `${base}/x`, qos: 1 });
      const publisher = await join("publisher");
      for (const n of [1, 2, 3]) publisher.publish(`${base}/x`, `${n}`, { qos: 1, messageId: n });
      const first = [
        await before.next("publish"),
        await before.next("publish"),
        await before.next("publish"),
      ];
      expect(first.map((packet) => packet.dup)).toEqual([false, false, false]);
      before.send({ cmd: "puback", messageId: first[1]?.messageId ?? 0 });
      await before.untilQuiet();
      await before.cut();
      const device = await join("device");
      const again = [await device.next("publish"), await device.next("publish")];
      expect(again.map((packet) => [packet.payload.toString(), packet.messageId, packet.dup])).toEqual([
        ["1", first[0]?.messageId, true],
        ["3", first[2]?.messageId, true],
      ]);
      expect(await device.untilQuiet()).toEqual([]);
    });

    test("never sends PUBLISH again after PUBREC, only PUBREL [4.3.3-1]", async () => {
      const before = await join("device");
      await before.subscribe({ topic: `${base}/x`, qos: 2 });
      const publisher = await join("publisher");
      for (const n of [1, 2, 3]) publisher.publish(`${base}/x`, `${n}`, { qos: 2, messageId: n });
      const ids: number[] = [];
      for (let n = 0; n < 3; n += 1) ids.push((await before.next("publish")).messageId ?? 0);
      for (const messageId of ids.slice(0, 2)) before.send({ cmd: "pubrec", messageId });
      for (const messageId of ids.slice(0, 2))
        expect((await before.next("pubrel")).messageId).toBe(messageId);
      await before.cut();
      const device = await join("device");
      expect((await device.next("pubrel")).messageId).toBe(ids[0]);
      expect((await device.next("pubrel")).messageId).toBe(ids[1]);
      expect(await device.next("publish")).toMatchObject({ messageId: ids[2], dup: true });
      for (const messageId of ids) device.send({ cmd: "pubcomp", messageId });
      await device.untilQuiet();
    });

    test("answers every repeat of a QoS 2 PUBLISH with PUBREC and delivers it once [4.3.3-2]", async () => {
      const subscriber = await join("subscriber");
      await subscriber.subscribe({ topic: `${base}/x`, qos: 2 });
      const publisher = await join("publisher");
      const message = {
        cmd: "publish",
        topic: `${base}/x`,
        payload: "once",
        qos: 2,
        messageId: 9,
        retain: false,
      } as const;
      const repeats = Array.from({ length: 5 }, () => ({ ...message, dup: true }));
      publisher.send({ ...message, dup: false }, ...repeats);
      for (let n = 0; n < 6; n += 1) expect((await publisher.next("pubrec")).messageId).toBe(9);
      await publisher.cut();
      const back = await join("publisher");
      back.send({ ...message, dup: true });
      await back.next("pubrec");
      for (let n = 0; n < 2; n += 1) {
        back.send({ cmd: "pubrel", messageId: 9 });
        expect((await back.next("pubcomp")).messageId).toBe(9);
      }
      back.publish(`${base}/x`, "last", { qos: 2, messageId: 10 });
      expect(await subscriber.textsUntil("last")).toEqual(["once", "last"]);
    });

    test("delivers an unseen QoS 2 PUBLISH that carries DUP, without forwarding DUP [4.3.3-2; 3.3.1-3]", async () => {
      const subscriber = await join("subscriber");
      await subscriber.subscribe({ topic: `${base}/x`, qos: 2 });
      const publisher = await join("publisher");
      publisher.publish(`${base}/x`, "unseen", { qos: 2, messageId: 3, dup: true });
      expect(await subscriber.next("publish")).toMatchObject({ dup: false, qos: 2 });
    });

    test("uses a packet id again for a new message after PUBCOMP [2.3.1-4]", async () => {
      const subscriber = await join("subscriber");
      await subscriber.subscribe({ topic: `${base}/x`, qos: 1 });
      const publisher = await join("publisher");
      for (const text of ["a", "b"]) {
        publisher.publish(`${base}/x`, text, { qos: 2, messageId: 3 });
        await publisher.next("pubrec");
        publisher.send({ cmd: "pubrel", messageId: 3 });
        await publisher.next("pubcomp");
      }
      expect(await subscriber.textsUntil("b")).toEqual(["a", "b"]);
    });

    test("closes the older connection of a client id, and nothing vanishes between the two [3.1.4-2]", async () => {
      const older = await join("device");
      await older.subscribe({ topic: `${base}/x`, qos: 1 });
      const publisher = await join("publisher");
      for (const n of [1, 2, 3]) publisher.publish(`${base}/x`, `${n}`, { qos: 1, messageId: n });
      const newer = await join("device");
      await older.closed;
      publisher.publish(`${base}/x`, "4", { qos: 1, messageId: 4 });
      expect(await newer.textsUntil("4")).toEqual(["1", "2", "3", "4"]);
    });

    test("serves exactly one of many connections that arrive at once with one client id [3.1.4-2]", async () => {
      await (await join("device")).subscribe({ topic: `${base}/x`, qos: 1 });
      const contenders = Array.from({ length: 8 }, () => new RawClient(broker.endpoint));
      open.push(...contenders);
      const connect = { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, keepalive: 0 } as const;
      for (const client of contenders) client.send({ ...connect, clientId: `${base}-device`, clean: false });
      let closed = 0;
      await new Promise<void>((resolve) => {
        for (const client of contenders) {
          client.closed.then(() => {
            closed += 1;
            if (closed === contenders.length - 1) resolve();
          });
        }
      });
      const publisher = await join("publisher");
      publisher.publish(`${base}/x`, "hello", { qos: 1, messageId: 1 });
      const received = await Promise.allSettled(contenders.map((client) => client.textsUntil("hello")));
      expect(received.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    });

    test("keeps order when messages go on coming while a session resumes [4.6.0-6]", async () => {
      await (await join("device")).subscribe({ topic: `${base}/x`, qos: 2 });
      const publisher = await join("publisher");
      let sent = 0;
      const burst = () => {
        for (let n = 0; n < 100; n += 1) {
          sent += 1;
          publisher.publish(`${base}/x`, `${sent}`, { qos: 2, messageId: sent });
        }
      };
      for (let round = 0; round < 5; round += 1) {
        burst();
        await join("device");
        burst();
      }
      const device = await join("device");
      burst();
      const texts = await device.textsUntil(`${sent}`);
      expect(texts).toEqual(Array.from({ length: sent }, (_, index) => `${index + 1}`));
    });

    test("keeps order when some messages of a topic are retained [4.6.0-6]", async () => {
      const subscriber = await join("subscriber", { clean: true });
      await subscriber.subscribe({ topic: `${base}/x`, qos: 2 });
      const publisher = await join("publisher");
      const all = Array.from({ length: 40 }, (_, index) => `${index + 1}`);
      publisher.send(
        ...all.map((payload, index) => {
          const options = { qos: 2, dup: false, retain: index % 3 === 0, messageId: index + 1 } as const;
          return { cmd: "publish", topic: `${base}/x`, payload, ...options } as const;
        }),
      );
      expect(await subscriber.textsUntil("40")).toEqual(all);
    });

    test("loses nothing of a write that mixes all qualities of service [4.3.2-2; 4.3.3-2]", async () => {
      for (const clean of [true, false]) {
        const subscriber = await join(`subscriber-${clean}`, { clean });
        await subscriber.subscribe({ topic: `${base}/#`, qos: 2 });
        const publisher = await join(`publisher-${clean}`);
        const packets = Array.from({ length: 30 }, (_, index) => {
          const qos = (index % 3) as QoS;
          const common = { cmd: "publish", topic: `${base}/${qos}`, dup: false, retain: false } as const;
          return { ...common, qos, payload: `${index}`, ...(qos && { messageId: index }) };
        });
        publisher.send(...packets);
        for (let acknowledged = 0; acknowledged < 20; ) acknowledged += (await publisher.untilQuiet()).length;
        publisher.publish(`${base}/2`, "last", { qos: 2, messageId: 100 });
        expect((await subscriber.textsUntil("last")).toSorted()).toEqual(
          [...packets.map((packet) => packet.payload), "last"].toSorted(),
        );
      }
    });

    test("delivers once, at the highest QoS, where subscriptions overlap [3.3.5-1]", async () => {
      for (const clean of [true, false]) {
        const subscriber = await join(`subscriber-${clean}`, { clean });
        await subscriber.subscribe(
          { topic: `${base}/#`, qos: 0 },
          { topic: `${base}/+`, qos: 2 },
          { topic: `${base}/x`, qos: 1 },
        );
        const publisher = await join(`publisher-${clean}`);
        for (const n of [1, 2]) publisher.publish(`${base}/x`, `${n}`, { qos: 2, messageId: n });
        for (const n of [1, 2]) {
          const packet = await subscriber.next("publish");
          expect([packet.payload.toString(), packet.qos]).toEqual([`${n}`, 2]);
        }
        expect(await subscriber.untilQuiet()).toEqual([]);
        await publisher.disconnect();
        await subscriber.disconnect();
      }
    });

    test("matches wildcards level by level, empty levels too [4.7.1-2, -3]", async () => {
      const subscriber = await join("subscriber");
      await subscriber.subscribe({ topic: `${base}/+/end`, qos: 1 }, { topic: `${base}/deep/#`, qos: 1 });
      const publisher = await join("publisher");
      const topics = ["/a/end", "//end", "/a/b/end", "/end", "/deep", "/deep/x/y", "/deeper"];
      for (const [index, topic] of topics.entries()) {
        publisher.publish(`${base}${topic}`, topic, { qos: 1, messageId: index + 1 });
        await publisher.next("puback");
      }
      const got = (await subscriber.untilQuiet()).map(
        (packet) => packet.cmd === "publish" && `${packet.payload}`,
      );
      expect(got).toEqual(["/a/end", "//end", "/deep", "/deep/x/y"]);
    });

    test("sends nothing new after UNSUBSCRIBE, also to a session that resumes [3.10.4-2]", async () => {
      const before = await join("device");
      await before.subscribe({ topic: `${base}/x`, qos: 1 });
      before.send({ cmd: "unsubscribe", messageId: 8, unsubscriptions: [`${base}/x`] });
      await before.next("unsuback");
      const publisher = await join("publisher");
      publisher.publish(`${base}/x`, "late", { qos: 1, messageId: 1 });
      await publisher.next("puback");
      expect(await before.untilQuiet()).toEqual([]);
      await before.cut();
      const device = await join("device");
      expect(device.sessionPresent).toBe(true);
      expect(await device.untilQuiet()).toEqual([]);
    });

    test("keeps the newest retained message of a topic, and none after an empty one [3.3.1-5 … -11]", async () => {
      const publisher = await join("publisher");
      for (const [index, payload] of ["old", "new"].entries()) {
        publisher.publish(`${base}/x`, payload, { qos: 1, messageId: index + 1, retain: true });
        await publisher.next("puback");
      }
      const first = await join("first");
      await first.subscribe({ topic: `${base}/+`, qos: 1 });
      const packet = await first.next("publish");
      expect([packet.payload.toString(), packet.retain]).toEqual(["new", true]);
      publisher.publish(`${base}/x`, "", { qos: 1, messageId: 3, retain: true });
      await publisher.next("puback");
      // To an established subscription it comes like every other message.
      expect(await first.next("publish")).toMatchObject({ retain: false });
      const second = await join("second");
      await second.subscribe({ topic: `${base}/+`, qos: 1 });
      expect(await second.untilQuiet()).toEqual([]);
    });

    test("finishes a retained QoS 2 message that answers a SUBSCRIBE, over a cut too [4.3.3-1]", async () => {
      const publisher = await join("publisher");
      publisher.publish(`${base}/x`, "kept", { qos: 2, messageId: 1, retain: true });
      await publisher.next("pubrec");
      const before = await join("device");
      await before.subscribe({ topic: `${base}/x`, qos: 2 });
      const { messageId = 0 } = await before.next("publish");
      await before.cut();
      const device = await join("device");
      expect(await device.next("publish")).toMatchObject({ messageId, dup: true });
      device.send({ cmd: "pubrec", messageId });
      expect((await device.next("pubrel")).messageId).toBe(messageId);
      device.send({ cmd: "pubcomp", messageId });
      expect(await device.untilQuiet()).toEqual([]);
    });

    test("sends the will after a cut or a takeover, and not after DISCONNECT [3.1.2-8, -10]", async () => {
      const watcher = await join("watcher");
      await watcher.subscribe({ topic: `${base}/will`, qos: 1 });
      const withWill = (text: string) =>
        join("device", {
          will: { topic: `${base}/will`, payload: Buffer.from(text), qos: 1, retain: false },
        });
      await (await withWill("first was cut")).cut();
      expect((await watcher.next("publish")).payload.toString()).toBe("first was cut");
      await withWill("second was replaced");
      const third = await withWill("third said goodbye");
      expect((await watcher.next("publish")).payload.toString()).toBe("second was replaced");
      await third.disconnect();
      await (await withWill("fourth was cut")).cut();
      expect((await watcher.next("publish")).payload.toString()).toBe("fourth was cut");
    });

    test("closes a connection after one and a half keep alives of silence, not before [3.1.2-24]", async () => {
      const silent = await join("device", { keepalive: 1 });
      const since = performance.now();
      await silent.closed;
      expect(performance.now() - since).toBeGreaterThan(1_400);
    });
  });
}
