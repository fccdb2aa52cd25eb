import { type AddressInfo, connect, createServer, type ListenOptions, type Server, Socket } from "node:net";
import {
  AddressError,
  formatAddress,
  type HostPort,
  parseAddress,
  resolveAddress,
} from "./listen-address.ts";
import { tcpProxySocket } from "./proxy-socket.ts";
import type { ProxyListener, ProxyTransport } from "./proxy-transport.ts";

// As the reference's sockets, and `allowHalfOpen` because a FIN travels through the toxics before it is answered.
const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 15_000,
} as const;

/** The kernel cuts it to its own maximum. */
const backlog = 4096;

const bindErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
};

/** Listens and dials over TCP. */
export const tcpTransport: ProxyTransport = {
  resolve: async (listen) => formatAddress(await resolveAddress(listen)),

  async listen(listen, onSocket) {
    const address = await resolveAddress(listen).catch(withListenPrefix);
    const server = createServer({ ...socketOptions, pauseOnConnect: true });
    await bind(server, address);
    server.on("connection", (socket) => onSocket(tcpProxySocket(socket)));
    return listenerOf(server);
  },

  dial(upstream, { onConnect, onFail }) {
    const socket = openSocket(upstream);
    const proxySocket = tcpProxySocket(socket);
    socket.once("connect", () => {
      socket.off("error", onFail);
      onConnect();
    });
    socket.once("error", onFail);
    return proxySocket;
  },
};

function openSocket(upstream: string): Socket {
  try {
    const { host, port } = parseAddress(upstream);
    return connect({ ...socketOptions, host: host === "" ? "localhost" : host, port });
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
}

function withListenPrefix(error: unknown): never {
  if (error instanceof AddressError) throw new AddressError(`listen tcp: ${error.message}`);
  throw error;
}

async function bind(server: Server, { host, port }: HostPort): Promise<void> {
  const common: ListenOptions = { port, backlog, exclusive: true };
  const isAny = host === "" || host === "0.0.0.0" || host === "::";
  try {
    // The reference serves both families for every way to say "all interfaces".
    await listening(server, isAny ? { ...common, host: "::", ipv6Only: false } : { ...common, host });
  } catch (error) {
    if (!isAny || codeOf(error) !== "EAFNOSUPPORT") throw bindError(error, formatAddress({ host, port }));
    await listening(server, { ...common, host: "0.0.0.0" });
  }
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function bindError(error: unknown, address: string): AddressError {
  const code = codeOf(error);
  const reason = bindErrors[code] ?? (error instanceof Error ? error.message : code);
  return new AddressError(`listen tcp ${address}: bind: ${reason}`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function listenerOf(server: Server): ProxyListener {
  // Running out of file descriptors must not end the process; the client sees a connection that does not open.
  server.on("error", () => {});
  const { address, port } = server.address() as AddressInfo;
  return {
    address: formatAddress({ host: address, port }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
