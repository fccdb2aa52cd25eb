import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import mqttPacket, { type IConnectPacket, type Packet, type QoS } from "mqtt-packet";
import type { Endpoint } from "../../src/endpoint.ts";

type Command = Packet["cmd"];
type PacketOf<Cmd extends Command> = Extract<Packet, { cmd: Cmd }>;

/** A client that sends exactly the packets it is told to, several in one write if need be, and acknowledges nothing. */
export class RawClient {
  readonly #stream: Duplex;
  readonly #packets: Packet[] = [];
  #waiting: ((packet: Packet) => void) | undefined;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  constructor(endpoint: Endpoint) {
    this.#stream = openStream(endpoint);
    const parser = mqttPacket.parser();
    parser.on("packet", (packet: Packet) => {
      if (this.#waiting) this.#waiting(packet);
      else this.#packets.push(packet);
    });
    this.#stream.on("data", (chunk) => parser.parse(chunk));
    this.#stream.on("error", () => {});
    this.closed = new Promise((resolve) => this.#stream.once("close", () => resolve()));
  }

  /** Connects and returns the client with its CONNACK read. */
  static async connect(endpoint: Endpoint, connect: Partial<IConnectPacket> & { readonly clientId: string }) {
    const client = new RawClient(endpoint);
    client.send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: false,
      keepalive: 0,
      ...connect,
    });
    const { sessionPresent, returnCode } = await client.next("connack");
    return Object.assign(client, { sessionPresent, returnCode });
  }

  /** Sends all packets in one write. */
  send(...packets: readonly Packet[]): void {
    this.#stream.write(Buffer.concat(packets.map((packet) => mqttPacket.generate(packet))));
  }

  publish(
    topic: string,
    payload: string,
    options: { qos: QoS; messageId?: number; dup?: boolean; retain?: boolean },
  ) {
    this.send({ cmd: "publish", topic, payload, dup: false, retain: false, ...options });
  }

  async subscribe(...subscriptions: readonly { readonly topic: string; readonly qos: QoS }[]) {
    this.send({ cmd: "subscribe", messageId: 60_000, subscriptions: [...subscriptions] });
    return (await this.next("suback")).granted;
  }

  /** The next packet, which must be of this kind. */
  async next<Cmd extends Command>(cmd: Cmd): Promise<PacketOf<Cmd>> {
    const packet = this.#packets.shift() ?? (await this.#arrival());
    if (packet.cmd !== cmd) throw new Error(`Expected ${cmd}, got ${JSON.stringify(packet)}`);
    return packet as PacketOf<Cmd>;
  }

  /** The texts of all PUBLISH packets up to the one with `last`; other packets are skipped. */
  async textsUntil(last: string): Promise<string[]> {
    const texts: string[] = [];
    while (texts.at(-1) !== last) {
      const packet = this.#packets.shift() ?? (await this.#arrival());
      if (packet.cmd === "publish") texts.push(packet.payload.toString());
    }
    return texts;
  }

  /** Asks for a PINGRESP and returns what came before it: the way to see that nothing more is coming. */
  async untilQuiet(): Promise<Packet[]> {
    this.send({ cmd: "pingreq" });
    const before: Packet[] = [];
    for (;;) {
      const packet = this.#packets.shift() ?? (await this.#arrival());
      if (packet.cmd === "pingresp") return before;
      before.push(packet);
    }
  }

  /** Drops the connection without DISCONNECT. */
  async cut(): Promise<void> {
    this.#stream.destroy();
    await this.closed;
  }

  /** Says DISCONNECT and waits until the server closes. */
  async disconnect(): Promise<void> {
    this.send({ cmd: "disconnect" });
    await this.closed;
  }

  #arrival(): Promise<Packet> {
    return new Promise((resolve, reject) => {
      this.#waiting = (packet) => {
        this.#waiting = undefined;
        resolve(packet);
      };
      this.closed.then(() => reject(new Error("The connection was closed.")));
    });
  }
}

function openStream(endpoint: Endpoint): Duplex {
  if (!("url" in endpoint)) return endpoint.open();
  const { hostname, port } = new URL(endpoint.url);
  return connectSocket({ host: hostname, port: Number(port), noDelay: true });
}
