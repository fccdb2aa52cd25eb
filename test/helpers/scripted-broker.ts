import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import type { UrlEndpoint } from "../../src/endpoint.ts";

type PacketOf<Command> = Extract<Packet, { cmd: Command }>;

/** An answer to a packet, with the id that the packet had. */
interface Answer {
  readonly cmd: "puback" | "pubrec" | "pubrel" | "pubcomp" | "unsuback";
  readonly messageId: number | undefined;
  readonly reasonCode?: number;
}

/** The broker's end of one connection. It does nothing but what the test tells it. */
export interface ScriptedPeer {
  /** All packets that came, in order, taken or not. */
  readonly received: readonly Packet[];
  /** Takes the next packet; rejects when the connection ends first. */
  next(): Promise<Packet>;
  /** Takes the next packet, which must be of this kind. */
  expect<Command extends Packet["cmd"]>(command: Command): Promise<PacketOf<Command>>;
  send(packet: Packet | Answer): void;
  /** Sends several packets in one chunk. */
  sendAll(packets: readonly Packet[]): void;
  /** Sends bytes that need not be a packet. */
  sendRaw(bytes: Buffer): void;
  /** Takes CONNECT and answers it. */
  handshake(answer?: { sessionPresent?: boolean; returnCode?: number }): Promise<IConnectPacket>;
  /** Half-open: reads nothing more and keeps the connection. */
  freeze(): void;
  /** Ends the connection with FIN. */
  close(): void;
  /** Ends the connection with RST. */
  reset(): void;
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>;
}

export interface ScriptedBroker {
  readonly endpoint: UrlEndpoint;
  /** Connections so far. */
  readonly connections: number;
  /** Takes the next connection. */
  accept(): Promise<ScriptedPeer>;
  /** Takes the next connection and lets it in. */
  welcome(answer?: { sessionPresent?: boolean }): Promise<ScriptedPeer>;
  close(): Promise<void>;
}

/** An MQTT server whose every packet is written by the test. Listens on a free port. */
export async function startScriptedBroker(
  options: { readonly protocolVersion?: 4 | 5 } = {},
): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>();
  const peers = createInbox<ScriptedPeer>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    peers.put(createPeer(socket, options.protocolVersion ?? 4));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: { url: `mqtt://127.0.0.1:${port}` },
    get connections() {
      return connections;
    },
    accept: () => peers.take(),
    async welcome(answer) {
      const peer = await peers.take();
      await peer.handshake(answer);
      return peer;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function createPeer(socket: Socket, protocolVersion: 4 | 5): ScriptedPeer {
  const parser = mqttPacket.parser({ protocolVersion });
  const inbox = createInbox<Packet>();
  const received: Packet[] = [];
  const ended = Promise.withResolvers<void>();
  parser.on("packet", (packet: Packet) => {
    received.push(packet);
    inbox.put(packet);
  });
  socket.on("data", (chunk) => parser.parse(chunk));
  // A client that is cut off may reset the connection.
  socket.on("error", () => {});
  socket.on("close", () => {
    inbox.end(new Error(`The connection ended after ${received.map((packet) => packet.cmd).join(", ")}.`));
    ended.resolve();
  });

  async function expectPacket<Command extends Packet["cmd"]>(command: Command): Promise<PacketOf<Command>> {
    const packet = await inbox.take();
    if (packet.cmd !== command) throw new Error(`Expected ${command}, got ${JSON.stringify(packet)}.`);
    return packet as PacketOf<Command>;
  }

  function send(packet: Packet | Answer): void {
    socket.write(mqttPacket.generate(packet as Packet, { protocolVersion }));
  }

  return {
    received,
    ended: ended.promise,
    next: inbox.take,
    expect: expectPacket,
    send,
    sendAll: (packets) =>
      void socket.write(
        Buffer.concat(packets.map((packet) => mqttPacket.generate(packet, { protocolVersion }))),
      ),
    sendRaw: (bytes) => void socket.write(bytes),
    async handshake({ sessionPresent = false, returnCode = 0 } = {}) {
      const connect = await expectPacket("connect");
      const code = protocolVersion === 5 ? { reasonCode: returnCode } : { returnCode };
      send({ cmd: "connack", sessionPresent, ...code });
      return connect;
    },
    freeze: () => void socket.pause(),
    close: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

/** Things that come, and takers that wait for them, whichever is first. */
function createInbox<Item>() {
  const items: Item[] = [];
  const takers: { resolve: (item: Item) => void; reject: (error: Error) => void }[] = [];
  let failure: Error | undefined;
  return {
    put(item: Item) {
      const taker = takers.shift();
      if (taker === undefined) items.push(item);
      else taker.resolve(item);
    },
    end(error: Error) {
      failure = error;
      for (const taker of takers.splice(0)) taker.reject(error);
    },
    take: (): Promise<Item> =>
      new Promise((resolve, reject) => {
        const [item] = items.splice(0, 1);
        if (item !== undefined) resolve(item);
        else if (failure !== undefined) reject(failure);
        else takers.push({ resolve, reject });
      }),
  };
}
