import { type Duplex, PassThrough } from "node:stream";
import type { StreamEndpoint } from "../../../endpoint.ts";
import { streamProxySocket } from "./proxy-socket.ts";
import type { ProxyTransport } from "./proxy-transport.ts";

/**
 * Proxies without sockets: clients are handed to `FaultProxy.accept`, and the `upstream` of a proxy is the name of
 * one of these endpoints. `listen` is a label and is not looked at.
 *
 * @example
 * createFaultProxy({ clock, random, telemetry, transport: createStreamTransport([broker]) });
 */
export function createStreamTransport(endpoints: readonly StreamEndpoint[]): ProxyTransport {
  const endpointsByName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  return {
    resolve: async (listen) => listen,
    listen: async (listen) => ({ address: listen, close: async () => {} }),
    dial(upstream, { onConnect, onFail }) {
      const stream = open(endpointsByName.get(upstream), upstream);
      const socket = streamProxySocket(stream);
      // A refused connection is a stream that was destroyed.
      queueMicrotask(() => (stream.destroyed ? onFail(refused(upstream)) : onConnect()));
      return socket;
    },
  };
}

function open(endpoint: StreamEndpoint | undefined, upstream: string): Duplex {
  return endpoint ? endpoint.open() : new PassThrough().destroy(refused(upstream));
}

function refused(upstream: string): Error {
  return new Error(`The endpoint "${upstream}" does not exist or refused the connection.`);
}
