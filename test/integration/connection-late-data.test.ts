import { Duplex } from "node:stream";
import mqttPacket, { type Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { recordConnection } from "../unit/connection/recorded-connection.ts";

/** An endpoint in memory: each stream notes what was written to it, and gives what the test pushes. */
function createMemoryBroker() {
  const streams: { readonly stream: Duplex; readonly received: Packet[] }[] = [];
  const endpoint = {
    name: "memory:broker",
    open() {
      const received: Packet[] = [];
      const parser = mqttPacket.parser({ protocolVersion: 4 });
      parser.on("packet", (packet: Packet) => received.push(packet));
      const stream = new Duplex({
        read() {},
        write(chunk, _encoding, done) {
          parser.parse(chunk);
          done();
        },
      });
      streams.push({ stream, received });
      return stream;
    },
  };
  const push = (stream: Duplex | undefined, ...packets: readonly Packet[]) =>
    stream?.push(Buffer.concat(packets.map((packet) => mqttPacket.generate(packet))));
  return { endpoint, streams, push };
}

const connack = { cmd: "connack", sessionPresent: true, returnCode: 0 } as const;
const message = { cmd: "publish", topic: "t", dup: false, retain: false, payload: "x" } as const;

test("what follows in the same chunk after the connection was lost is neither handled nor answered later", async () => {
  const broker = createMemoryBroker();
  const device = recordConnection({ endpoint: broker.endpoint, session: "persistent" });
  device.connection.start();
  const [first] = broker.streams;
  // A look at each telling: cuts the link inside the delivery of the first message.
  const cut = device.until(() => {
    if (device.messages.length === 1) first?.stream.destroy();
    return device.messages.length > 0;
  });
  const qos2 = (messageId: number) => ({ ...message, qos: 2, messageId }) as const;
  const qos1 = (messageId: number) => ({ ...message, qos: 1, messageId }) as const;
  const many = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0 ? qos2(10 + index) : qos1(10 + index),
  );
  broker.push(first?.stream, connack, qos1(1), ...many);
  await cut;
  await device.untilState("connecting", 1);
  const second = broker.streams[1];
  broker.push(second?.stream, connack);
  await device.untilState("connected", 2);
  const before = device.messages.length;
  broker.push(second?.stream, qos1(1));
  await device.until(() => device.messages.length > before);
  await device.connection.stop();
  // Only the answer to what this connection brought.
  expect(second?.received).toMatchObject([
    { cmd: "connect" },
    { cmd: "puback", messageId: 1 },
    { cmd: "disconnect" },
  ]);
  expect(device.messages.slice(before)).toMatchObject([{ epoch: 2 }]);
});

test("a message is never told after the listener has cut the power", async () => {
  const broker = createMemoryBroker();
  const device = recordConnection({ endpoint: broker.endpoint });
  device.connection.start();
  let done = false;
  const cut = device.until(() => {
    if (device.messages.length === 0 || done) return done;
    done = true;
    device.connection.cutPower();
    return done;
  });
  const [first] = broker.streams;
  broker.push(first?.stream, connack, ...Array.from({ length: 50 }, () => ({ ...message, qos: 0 }) as const));
  await cut;
  await device.connection.cutPower();
  expect(device.messages).toHaveLength(1);
  expect(device.states()).toEqual(["connecting", "connected", "stopped"]);
});
