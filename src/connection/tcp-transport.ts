import { connect } from "node:net";
import type { OpenStream } from "./transport.ts";

const mqttPort = 1883;

/** Plain TCP without Nagle's delay, to the host and port of a URL (default port 1883). */
export function tcpTransport(url: URL): OpenStream {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? mqttPort : Number(url.port);
  return () => connect({ host, port, noDelay: true });
}
