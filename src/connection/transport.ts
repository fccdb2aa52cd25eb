import type { Duplex } from "node:stream";
import type { Endpoint } from "../endpoint.ts";
import { StormfleetError } from "../errors.ts";
import { tcpTransport } from "./tcp-transport.ts";

/** Opens a new byte stream to the server. Failures are errors of the stream, never thrown. */
export type OpenStream = () => Duplex;

/**
 * How to open streams to an endpoint. Throws CONF_1002 for a URL that cannot be read, has credentials, or has a scheme
 * other than `mqtt`; nothing is opened yet.
 */
export function createTransport(endpoint: Endpoint): OpenStream {
  if ("open" in endpoint) return endpoint.open;
  const url = URL.parse(endpoint.url);
  if (url === null || url.hostname === "") throw refuse(endpoint.url, "it is not a URL with a host");
  if (url.username !== "" || url.password !== "")
    throw refuse(`${url.protocol}//…@${url.host}`, "credentials do not belong into the URL");
  switch (url.protocol) {
    case "mqtt:":
      return tcpTransport(url);
    default:
      throw refuse(endpoint.url, `the scheme "${url.protocol.slice(0, -1)}" is not known`);
  }
}

function refuse(url: string, why: string): StormfleetError {
  return new StormfleetError("CONF_1002", `Cannot connect to "${url}": ${why}.`, {
    hint: "Write mqtt://host:port.",
  });
}
