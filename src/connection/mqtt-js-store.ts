import { Readable } from "node:stream";
import type { PacketStore, StoredPacket } from "./session-store.ts";

interface AnyPacket {
  readonly messageId?: number;
}

type Done = (error?: Error, packet?: StoredPacket) => void;

/** The part of MQTT.js's store interface that it uses, described here because only mqtt-client.ts knows MQTT.js. */
export interface MqttJsStore {
  put(packet: AnyPacket, done: Done): this;
  get(packet: AnyPacket, done: Done): this;
  del(packet: AnyPacket, done: Done): this;
  createStream(): Readable;
  close(done: Done): void;
}

/** Lets MQTT.js keep its packets in a packet store. */
export function toMqttJsStore(packets: PacketStore): MqttJsStore {
  const adapted: MqttJsStore = {
    put(packet, done) {
      packets.put(packet as StoredPacket);
      done();
      return adapted;
    },
    get({ messageId = 0 }, done) {
      const packet = packets.get(messageId);
      if (packet === undefined) done(new Error("missing packet"));
      else done(undefined, packet);
      return adapted;
    },
    del({ messageId = 0 }, done) {
      const packet = packets.get(messageId);
      packets.delete(messageId);
      done(undefined, packet);
      return adapted;
    },
    // MQTT.js asks for this after CONNACK, to replay. It finds nothing: the publisher does it (see mqtt-client.ts).
    createStream: () =>
      new Readable({
        objectMode: true,
        read() {
          this.push(null);
        },
      }),
    close: (done) => done(),
  };
  return adapted;
}
