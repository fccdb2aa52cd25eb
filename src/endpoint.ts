import type { Duplex } from "node:stream";

/**
 * Where a server is: a URL for real sockets, or a function that opens an in-memory byte stream.
 *
 * Whoever connects accepts both, so that the same code runs over TCP and in virtual time.
 */
export type Endpoint = UrlEndpoint | StreamEndpoint;

export interface UrlEndpoint {
  /** `mqtt://host:port` (later also mqtts, ws, wss). Without credentials. */
  readonly url: string;
}

export interface StreamEndpoint {
  /** For messages and logs, such as `memory:broker`. */
  readonly name: string;
  /** Opens a new connection. A refused connection is a stream that is destroyed with an error. */
  readonly open: () => Duplex;
}

/** The endpoint in words. */
export function describeEndpoint(endpoint: Endpoint): string {
  return "url" in endpoint ? endpoint.url : endpoint.name;
}
