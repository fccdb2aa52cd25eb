import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** One side of a proxied connection: a byte stream that can also be torn down as a RST would. */
export interface ProxySocket {
  readonly stream: Duplex;
  /** Tears the stream down so that the peer sees ECONNRESET, dropping what is queued. */
  reset(): void;
}

// An error comes with a close, and that is what counts: the reference takes a RST as an end, too.
const ignoreError = () => {};

/** A TCP socket as one side of a connection. */
export function tcpProxySocket(socket: Socket): ProxySocket {
  socket.on("error", ignoreError);
  return {
    stream: socket,
    reset() {
      if (!socket.destroyed) socket.resetAndDestroy();
    },
  };
}

/**
 * Any duplex stream as one side of a connection. A stream that has `resetAndDestroy` is reset with it; any other is
 * destroyed with an error whose code is ECONNRESET.
 */
export function streamProxySocket(stream: Duplex): ProxySocket {
  stream.on("error", ignoreError);
  return {
    stream,
    reset() {
      if (stream.destroyed) return;
      if (canReset(stream)) stream.resetAndDestroy();
      else stream.destroy(Object.assign(new Error("The connection was reset."), { code: "ECONNRESET" }));
    },
  };
}

function canReset(stream: Duplex): stream is Duplex & { resetAndDestroy(): unknown } {
  return "resetAndDestroy" in stream && typeof stream.resetAndDestroy === "function";
}
