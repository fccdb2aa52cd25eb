import type { ProxySocket } from "./proxy-socket.ts";

/** A listener of one proxy. */
export interface ProxyListener {
  /** Where it really listens. */
  readonly address: string;
  /** Accepts no more at once; resolves when the listener and what it accepted are gone. */
  close(): Promise<void>;
}

export interface DialHandlers {
  readonly onConnect: () => void;
  readonly onFail: (error: Error) => void;
}

/** How a fault proxy reaches its clients and servers: TCP, or streams in memory. */
export interface ProxyTransport {
  /** The listen address in the form in which a running proxy shows it. Throws AddressError. */
  resolve(listen: string): Promise<string>;
  /** Begins to accept; sockets are handed over unread. Throws AddressError with the reference's full text. */
  listen(listen: string, onSocket: (socket: ProxySocket) => void): Promise<ProxyListener>;
  /** Opens a connection to a server. Exactly one handler is called, later, unless the socket is destroyed first. */
  dial(upstream: string, handlers: DialHandlers): ProxySocket;
}
