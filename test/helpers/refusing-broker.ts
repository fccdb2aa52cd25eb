import { createServer, type Socket } from "node:net";

/** A broker that answers every CONNECT with "not authorized" (MQTT 3.1.1, section 3.2.2.3). */
export interface RefusingBroker extends AsyncDisposable {
  readonly endpoint: { readonly url: string };
}

export async function startRefusingBroker(): Promise<RefusingBroker> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.once("data", () => socket.end(Buffer.from([0x20, 0x02, 0x00, 0x05])));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: { url: `mqtt://127.0.0.1:${port}` },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
