import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** How the other side ended a connection. */
export type Ending = "fin" | "reset";

/** One end of a TCP connection that remembers what came and when. */
export class Peer {
  readonly socket: Socket;
  /** Lengths of what arrived in one piece, with the time of it. */
  readonly pieces: { readonly bytes: number; readonly atMs: number }[] = [];
  /** Resolves when the other side has ended or reset the connection. */
  readonly ending: Promise<Ending>;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data) => {
      this.pieces.push({ bytes: data.length, atMs: performance.now() });
      this.#received.push(data);
      this.#receivedBytes += data.length;
    });
    this.ending = new Promise((resolve) => {
      socket.on("end", () => resolve("fin"));
      // EPIPE: the reset was met by a write first.
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNRESET" || error.code === "EPIPE") resolve("reset");
      });
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  send(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Sends so many bytes in writes of 64 KiB, all at once. */
  sendMany(bytes: number): void {
    const piece = Buffer.alloc(64 * 1024, "piece after piece; ");
    for (let sent = 0; sent < bytes; sent += piece.length) this.socket.write(piece);
  }

  /** Waits until the kernel has taken nothing for a while, and returns how many bytes are still here. */
  async stalled(): Promise<number> {
    let last = -1;
    for (let still = 0; still < 5; still += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { writableLength } = this.socket;
      if (writableLength !== last) still = 0;
      last = writableLength;
    }
    return last;
  }

  /** Waits for so many bytes in all and returns everything received as text. */
  async text(bytes: number): Promise<string> {
    await this.waitForBytes(bytes);
    return this.received.toString("latin1");
  }

  /** Resolves with the time at which the last of so many bytes arrived. */
  async waitForBytes(bytes: number): Promise<number> {
    while (this.#receivedBytes < bytes) await once(this.socket, "data");
    let sum = 0;
    for (const piece of this.pieces) {
      sum += piece.bytes;
      if (sum >= bytes) return piece.atMs;
    }
    throw new Error("The pieces do not add up.");
  }
}

/** A server for proxies to dial. */
export interface Upstream {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** The next connection, in the order they came. */
  accepted(): Promise<Peer>;
  stop(): Promise<void>;
}

/** Listens on any free port; with `echo` it sends back what it gets. */
export async function startUpstream(options: { readonly echo?: boolean } = {}): Promise<Upstream> {
  const waiting: ((peer: Peer) => void)[] = [];
  const arrived: Peer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    const peer = new Peer(socket);
    if (options.echo) socket.pipe(socket);
    const taker = waiting.shift();
    if (taker) taker(peer);
    else arrived.push(peer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async accepted() {
      return arrived.shift() ?? new Promise((resolve) => waiting.push(resolve));
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Connects to `host:port`; rejects with the error of a refused connection. */
export async function dial(address: string): Promise<Peer> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const socket = connect({
    host: host === "::" ? "127.0.0.1" : host,
    port: Number(address.slice(colon + 1)),
    allowHalfOpen: true,
    noDelay: true,
  });
  await once(socket, "connect");
  return new Peer(socket);
}
