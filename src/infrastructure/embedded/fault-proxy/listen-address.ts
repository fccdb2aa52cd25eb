import { lookup } from "node:dns/promises";
import { isIP, isIPv4 } from "node:net";

/** An address in the reference's form, taken apart; an empty host stands for all interfaces. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An address cannot be used. The message is the reference's, without its `listen tcp: ` before it. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** The service names that a port may be given by; the reference reads the machine's own list. */
const servicePorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  mqtt: 1883,
  "secure-mqtt": 8883,
};

/**
 * Takes `host:port` apart as Go's `net.SplitHostPort` does, with its error texts. An empty string is all interfaces
 * and any free port.
 */
export function parseAddress(address: string): HostPort {
  if (address === "") return { host: "", port: 0 };
  const { host, port } = splitHostPort(address);
  return { host, port: parsePort(port) };
}

function splitHostPort(address: string): { readonly host: string; readonly port: string } {
  const fail = (why: string) => new AddressError(`address ${address}: ${why} in address`);
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw fail("missing port");
  const bracketed = address.startsWith("[");
  const end = address.indexOf("]");
  if (bracketed) {
    if (end < 0) throw fail("missing ']'");
    if (end + 1 === address.length) throw fail("missing port");
    if (end + 1 !== colon) throw fail(address[end + 1] === ":" ? "too many colons" : "missing port");
  } else if (address.slice(0, colon).includes(":")) {
    throw fail("too many colons");
  }
  if (address.includes("[", bracketed ? 1 : 0)) throw fail("unexpected '['");
  if (address.includes("]", bracketed ? end + 1 : 0)) throw fail("unexpected ']'");
  const host = bracketed ? address.slice(1, end) : address.slice(0, colon);
  return { host, port: address.slice(colon + 1) };
}

function parsePort(port: string): number {
  if (port === "") return 0;
  if (/^[+-]?\d+$/.test(port)) {
    const number = Number(port);
    if (number < 0 || number > 65_535) throw new AddressError(`address ${port}: invalid port`);
    return number;
  }
  const known = Object.hasOwn(servicePorts, port.toLowerCase())
    ? servicePorts[port.toLowerCase()]
    : undefined;
  if (known === undefined) throw new AddressError(`lookup tcp/${port}: unknown port`);
  return known;
}

/** The address as the reference shows it: an IPv6 host in brackets. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Resolves the host, preferring IPv4 as the reference does; throws AddressError when it cannot be found. */
export async function resolveAddress(address: string): Promise<HostPort> {
  const { host, port } = parseAddress(address);
  if (host === "" || isIP(host) !== 0) return { host, port };
  // The resolver of the C library would take `127.1` and `300.1.1.1` in its own way; the reference knows no such host.
  const found = /^[\d.]+$/.test(host) ? [] : await lookup(host, { all: true }).catch(() => []);
  const addresses = found.map((entry) => entry.address);
  const chosen = addresses.find((candidate) => isIPv4(candidate)) ?? addresses[0];
  if (chosen === undefined) throw new AddressError(`lookup ${host}: no such host`);
  return { host: chosen, port };
}
