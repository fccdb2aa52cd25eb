import { type Proxy as RemoteProxy, Toxiproxy } from "toxiproxy-node-client";
import type { Endpoint } from "../endpoint.ts";
import { messageOf, StormfleetError } from "../errors.ts";
import { createSerialQueue } from "./embedded/fault-proxy/serial-queue.ts";
import type { Cure, Link } from "./infrastructure.ts";

export interface ToxiproxyLinksOptions {
  /** The control API, such as `http://127.0.0.1:8474`. */
  readonly controlUrl: string;
  /** The broker as Toxiproxy reaches it, `host:port`. */
  readonly upstream: string;
  /** The links' names, in order. */
  readonly names: readonly string[];
  /** Keeps these proxies apart from others on the same server. */
  readonly namePrefix: string;
  /** The host that Toxiproxy listens on. Default `127.0.0.1`. */
  readonly listenHost?: string;
  /** One port per link, where only some can be reached. Default: any free ones. */
  readonly listenPorts?: readonly number[];
  /** Where the devices find a proxy that listens at this `host:port`. */
  endpointOf(listen: string): Endpoint;
}

export interface ToxiproxyLinks {
  /** The links by name, in the order asked for. */
  readonly links: ReadonlyMap<string, Link>;
  /** Deletes the proxies that were created here, newest first. Safe to call twice. */
  remove(): Promise<void>;
}

/**
 * Makes one proxy per link on a Toxiproxy server, the embedded one or a real one; proxies of others are not touched.
 *
 * Throws INFRA_1005 with the server's sentence when it refuses or does not answer; then nothing is left behind.
 */
export async function createToxiproxyLinks(options: ToxiproxyLinksOptions): Promise<ToxiproxyLinks> {
  const toxiproxy = createClient(options.controlUrl);
  const created: RemoteProxy[] = [];
  const links = new Map<string, Link>();
  const remove = () => removeProxies(created);
  try {
    for (const [index, name] of options.names.entries()) {
      const body = {
        name: proxyNameOf(options.namePrefix, name, index),
        listen: `${options.listenHost ?? "127.0.0.1"}:${options.listenPorts?.[index] ?? 0}`,
        upstream: options.upstream,
      };
      const proxy = await attempt(`create the link "${name}"`, () => toxiproxy.createProxy(body));
      created.push(proxy);
      links.set(name, createLink(name, proxy, options.endpointOf(proxy.listen)));
    }
  } catch (error) {
    // What stopped the creation is what the caller must hear, not that the server is still away.
    await remove().catch(() => {});
    throw error;
  }
  return { links, remove };
}

/** The client puts names into paths as they are, so only what needs no escape is kept; the index keeps them unique. */
function proxyNameOf(prefix: string, name: string, index: number): string {
  return `${prefix}${index + 1}-${name}`.replace(/[^\w.-]/g, "_");
}

function createLink(name: string, proxy: RemoteProxy, endpoint: Endpoint): Link {
  let toxicCount = 0;
  return {
    name,
    endpoint,
    async addToxic({ type, stream, attributes, toxicity = 1 }) {
      toxicCount += 1;
      // A name of its own, so that two faults of one type can share the link.
      const body = { name: `${type}-${toxicCount}`, type, stream, toxicity, attributes };
      const toxic = await attempt(`add ${type} to the link "${name}"`, () => proxy.addToxic(body));
      return once(() => attempt(`remove ${type} from the link "${name}"`, () => unlessGone(toxic.remove())));
    },
    disable: createDisable(name, proxy),
  };
}

/** Several faults may disable a link at the same time; the last cure opens it again. */
function createDisable(name: string, proxy: RemoteProxy): () => Promise<Cure> {
  const inTurn = createSerialQueue();
  let disableCount = 0;
  const change = (by: 1 | -1) =>
    inTurn(async () => {
      const enabled = disableCount + by === 0;
      const body = { enabled, listen: proxy.listen, upstream: proxy.upstream };
      await attempt(`${enabled ? "enable" : "disable"} the link "${name}"`, () => proxy.update(body));
      disableCount += by;
    });
  return async () => {
    await change(1);
    return once(() => change(-1));
  };
}

/** What is gone already (by a reset from elsewhere, say) need not be removed. */
async function unlessGone(removal: Promise<void>): Promise<void> {
  await removal.catch((error: unknown) => {
    if (!(error instanceof ApiFailure && error.status === 404)) throw error;
  });
}

async function removeProxies(created: RemoteProxy[]): Promise<void> {
  const failures: unknown[] = [];
  for (let proxy = created.pop(); proxy; proxy = created.pop()) {
    const { name } = proxy;
    await attempt(`remove the proxy "${name}"`, () => unlessGone(proxy.remove())).catch((error: unknown) => {
      failures.push(error);
    });
  }
  if (failures.length === 0) return;
  const cause = new AggregateError(failures, failures.map(messageOf).join(" "));
  throw new StormfleetError("INFRA_1005", cause.message, { cause });
}

/** Called again after a success it does nothing; after a failure it tries again. */
function once(cure: Cure): Cure {
  let cured: Promise<void> | undefined;
  return () => {
    cured ??= cure().catch((error: unknown) => {
      cured = undefined;
      throw error;
    });
    return cured;
  };
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = `The fault proxy could not ${what}: ${reasonOf(error)}.`;
    throw new StormfleetError("INFRA_1005", message, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : "";
  return `${messageOf(error)}${cause}`;
}

/** The server answered with an error; the message is its sentence. */
class ApiFailure extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The client keeps only the status of a failure; this makes it keep the server's sentence as well. */
function createClient(controlUrl: string): Toxiproxy {
  // With a slash at the end the server would redirect, and a redirected POST arrives as a GET.
  const toxiproxy = new Toxiproxy(controlUrl.replace(/\/+$/, ""));
  Object.assign(toxiproxy.getApi(), { doFetch: fetchOrFail });
  return toxiproxy;
}

async function fetchOrFail(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.ok) return response;
  throw new ApiFailure(
    response.status,
    sentenceOf(await response.text()) ?? `HTTP status ${response.status}`,
  );
}

function sentenceOf(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null && "error" in parsed
      ? String(parsed.error)
      : undefined;
  } catch {
    return undefined;
  }
}
