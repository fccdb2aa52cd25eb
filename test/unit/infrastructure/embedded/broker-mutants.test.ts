import { describe, expect, test } from "vitest";
import { startEmbeddedBroker } from "../../../../src/infrastructure/embedded/broker/broker.ts";
import {
  type BrokerMutant,
  brokerMutants,
} from "../../../../src/infrastructure/embedded/broker/broker-mutants.ts";
import { silentTelemetry } from "../../../../src/observability/telemetry.ts";
import { createWorld } from "../../../../src/time/world.ts";
import { connected, inbox, mqttClient, stopped } from "../../../helpers/memory-mqtt.ts";
import { RawClient } from "../../../helpers/raw-mqtt.ts";

const count = 200;
const numbers = Array.from({ length: count }, (_, index) => index + 1);

/** Publishes 200 messages of each acknowledged QoS, without any fault, and returns what a subscriber and a stranger saw. */
async function publishAll(mutant?: BrokerMutant, seed = "7") {
  const world = createWorld({ seed });
  const broker = await startEmbeddedBroker(world, { telemetry: silentTelemetry, ...(mutant && { mutant }) });
  const [publisher, subscriber, stranger] = ["publisher", "subscriber", "stranger"].map((clientId) =>
    mqttClient(broker.memoryEndpoint, { clientId, clean: false }),
  ) as [ReturnType<typeof mqttClient>, ReturnType<typeof mqttClient>, ReturnType<typeof mqttClient>];
  try {
    for (const client of [publisher, subscriber, stranger]) await connected(client);
    await subscriber.subscribeAsync("t/+", { qos: 2 });
    await stranger.subscribeAsync("elsewhere", { qos: 2 });
    const seen = inbox(subscriber);
    const astray = inbox(stranger);
    await Promise.all(
      numbers.flatMap((n) =>
        ([1, 2] as const).map((qos) => publisher.publishAsync(`t/${qos}`, `${qos}-${n}`, { qos })),
      ),
    );
    // Several, because a mutant may lose or change one; they also set free what is held back.
    for (const topic of ["t/1", "t/2", "elsewhere"]) {
      for (let n = 0; n < 10; n += 1) await publisher.publishAsync(topic, "end", { qos: 2 });
    }
    const ends = (box: typeof seen) => box.messages.filter((message) => message.text === "end").length;
    await seen.until(() => ends(seen) >= 14);
    await astray.until(() => ends(astray) >= 5);
    const texts = (qos: number) => seen.texts().filter((text) => text.startsWith(`${qos}-`));
    return { one: texts(1), two: texts(2), all: seen.texts(), astray: astray.texts() };
  } finally {
    await stopped([publisher, subscriber, stranger]);
    await broker.stop();
  }
}

const sent = (qos: number) => numbers.map((n) => `${qos}-${n}`);
const missing = (qos: number, received: string[]) => sent(qos).filter((text) => !received.includes(text));
const repeated = (received: string[]) => received.filter((text, index) => received.indexOf(text) !== index);

describe("mutant brokers", () => {
  test("the broker without a mutant delivers everything once, in order, unchanged, to nobody else", async () => {
    const { one, two, all, astray } = await publishAll();
    expect(one).toEqual(sent(1));
    expect(two).toEqual(sent(2));
    expect(all).toHaveLength(2 * count + 20);
    expect(new Set(astray)).toEqual(new Set(["end"]));
  });

  test("drops-acked loses some acknowledged messages and nothing else", async () => {
    const { one, two } = await publishAll("drops-acked");
    const lost = [...missing(1, one), ...missing(2, two)];
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(count / 2);
    expect(one).toEqual(sent(1).filter((text) => !lost.includes(text)));
    expect(two).toEqual(sent(2).filter((text) => !lost.includes(text)));
  });

  test("doubles-qos2 repeats QoS 2 messages and loses none", async () => {
    const { one, two } = await publishAll("doubles-qos2");
    expect(one).toEqual(sent(1));
    expect(repeated(two).length).toBeGreaterThan(0);
    expect([...new Set(two)]).toEqual(sent(2));
  });

  test("reorders-topic swaps neighbours and loses none", async () => {
    const { one, two } = await publishAll("reorders-topic");
    expect(one).not.toEqual(sent(1));
    expect(two).not.toEqual(sent(2));
    expect(one.toSorted()).toEqual(sent(1).toSorted());
    expect(two.toSorted()).toEqual(sent(2).toSorted());
  });

  test("corrupts-payload changes bytes and hands messages to a stranger", async () => {
    const { all, astray } = await publishAll("corrupts-payload");
    const known = new Set([...sent(1), ...sent(2), "end"]);
    expect(all.filter((text) => !known.has(text)).length).toBeGreaterThan(0);
    expect(astray.filter((text) => /^[12]-/.test(text)).length).toBeGreaterThan(0);
  });

  test("unfixed-persistence forgets a PUBREC when another follows", async () => {
    // Two exchanges after PUBREC, then a cut: both must be released on resume, each under its own id.
    expect(await releasedOnResume()).toEqual([true, true]);
    expect(await releasedOnResume("unfixed-persistence")).not.toEqual([true, true]);
  });

  test("unfixed-persistence loses acknowledged messages without any fault", async () => {
    expect(await retainedAmongOthers()).toEqual(["1", "2", "3", "4", "5", "6", "last"]);
    expect((await retainedAmongOthers("unfixed-persistence")).length).toBeLessThan(7);
  });

  test("a mutant does the same wrong for the same seed, and another for another seed", async () => {
    const [first, again, other] = [
      await publishAll("drops-acked", "1"),
      await publishAll("drops-acked", "1"),
      await publishAll("drops-acked", "2"),
    ];
    expect(first.all).toEqual(again.all);
    expect(first.all).not.toEqual(other.all);
  });

  test("every mutant says in a sentence what it does", () => {
    for (const sentence of Object.values(brokerMutants)) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

async function releasedOnResume(mutant?: BrokerMutant): Promise<boolean[]> {
  const world = createWorld({ seed: "1" });
  const broker = await startEmbeddedBroker(world, { telemetry: silentTelemetry, ...(mutant && { mutant }) });
  const clients: RawClient[] = [];
  const join = async (clientId: string) => {
    const client = await RawClient.connect(broker.memoryEndpoint, { clientId });
    clients.push(client);
    return client;
  };
  try {
    const before = await join("device");
    await before.subscribe({ topic: "t", qos: 2 });
    const publisher = await join("publisher");
    const ids: number[] = [];
    for (const n of [1, 2]) {
      publisher.publish("t", `${n}`, { qos: 2, messageId: n });
      ids.push((await before.next("publish")).messageId ?? 0);
    }
    for (const messageId of ids) before.send({ cmd: "pubrec", messageId });
    for (const _ of ids) await before.next("pubrel");
    await before.cut();
    const device = await join("device");
    const resent = await device.untilQuiet();
    return ids.map((id) => resent.some((packet) => packet.cmd === "pubrel" && packet.messageId === id));
  } finally {
    await Promise.all(clients.map((client) => client.cut()));
    await broker.stop();
  }
}

/** Sends six QoS 2 messages in one write, every third retained, waits for all PUBRECs, and returns what was delivered. */
async function retainedAmongOthers(mutant?: BrokerMutant): Promise<string[]> {
  const world = createWorld({ seed: "1" });
  const broker = await startEmbeddedBroker(world, { telemetry: silentTelemetry, ...(mutant && { mutant }) });
  const subscriber = await RawClient.connect(broker.memoryEndpoint, { clientId: "subscriber", clean: true });
  const publisher = await RawClient.connect(broker.memoryEndpoint, { clientId: "publisher" });
  try {
    await subscriber.subscribe({ topic: "t/#", qos: 2 });
    publisher.send(
      ...[1, 2, 3, 4, 5, 6].map((n) => {
        const identity = { topic: "t/2", payload: `${n}`, messageId: n, retain: n % 3 === 1 };
        return { cmd: "publish", dup: false, qos: 2, ...identity } as const;
      }),
    );
    for (let n = 1; n <= 6; n += 1) await publisher.next("pubrec");
    publisher.publish("t/2", "last", { qos: 2, messageId: 100 });
    return (await subscriber.textsUntil("last")).toSorted();
  } finally {
    await Promise.all([subscriber.cut(), publisher.cut()]);
    await broker.stop();
  }
}
