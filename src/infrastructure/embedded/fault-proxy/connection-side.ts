import type { Duplex } from "node:stream";
import type { ProxySocket } from "./proxy-socket.ts";

const nothing = Buffer.alloc(0);

/** One side of a proxied connection and the way it is closed: with FIN, or with RST once it lingers for zero. */
export class ConnectionSide {
  readonly stream: Duplex;
  /** Every close by the proxy is a RST from now on (SO_LINGER on, 0). */
  resetsOnClose = false;
  readonly #socket: ProxySocket;
  #closing = false;

  constructor(socket: ProxySocket) {
    this.#socket = socket;
    this.stream = socket.stream;
  }

  /** Closes both directions after what was written has been handed over. There is no half-close. */
  close(): void {
    if (this.#closing || this.stream.destroyed) return;
    this.#closing = true;
    if (this.resetsOnClose) this.#resetWhenFlushed();
    else this.stream.once("finish", () => this.stream.destroy()).end();
  }

  /** Closes at once; what is queued is lost. */
  abort(): void {
    if (this.resetsOnClose) this.#socket.reset();
    else this.stream.destroy();
  }

  // Never `end` a socket that shall be reset: after it the peer sees only the FIN.
  #resetWhenFlushed(): void {
    if (this.stream.writableLength === 0) this.#socket.reset();
    else this.stream.write(nothing, () => this.#socket.reset());
  }
}
