import type { Duplex } from "node:stream";
import type { Telemetry } from "../../../observability/telemetry.ts";
import type { Clock } from "../../../time/clock.ts";
import type { Random } from "../../../time/random.ts";
import { streamProxySocket } from "./proxy-socket.ts";
import type { ProxyTransport } from "./proxy-transport.ts";
import { missingField, proxyAlreadyExists, proxyNotFound, Refusal } from "./refusal.ts";
import { createSerialQueue } from "./serial-queue.ts";
import { tcpTransport } from "./tcp-transport.ts";
import type { CheckedHeader, ToxicChange, ToxicHeader, ToxicTemplate } from "./toxic-list.ts";
import { type ProxyAddresses, type ProxyContext, ToxicProxy } from "./toxic-proxy.ts";
import type { Toxic } from "./toxic-stage.ts";
import type { TrafficMeter } from "./traffic-meter.ts";

export interface FaultProxyOptions {
  readonly clock: Clock;
  /** Forked by proxy, connection and toxic: the same seed draws the same toxicity, jitter and slices. */
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Default: TCP. */
  readonly transport?: ProxyTransport;
  /** Counts bytes, when given. */
  readonly traffic?: TrafficMeter | undefined;
}

/** A new proxy, in the words of the control API. */
export interface ProxyTemplate {
  readonly name: string;
  /** `host:port`, port 0 for any free one. Default: all interfaces, any port. */
  readonly listen?: string | undefined;
  /** `host:port`; looked at when a client connects, and not before. */
  readonly upstream: string;
  /** Default true. */
  readonly enabled?: boolean | undefined;
}

/** What to change; missing members keep their value. */
export interface ProxyChange {
  readonly listen?: string | undefined;
  readonly upstream?: string | undefined;
  readonly enabled?: boolean | undefined;
}

export interface ToxicView {
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly toxicity: number;
  /** In the order of the control API. */
  readonly attributes: Readonly<Record<string, number>>;
}

export interface ProxyView {
  readonly name: string;
  /** Where it listens, resolved once it was started. */
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics: readonly ToxicView[];
}

export interface PopulateResult {
  /** The proxies done, in order; all of them when there is no refusal. */
  readonly proxies: readonly ProxyView[];
  /** Why it ended early. */
  readonly refusal?: Refusal;
}

/**
 * A Toxiproxy in this process, without its HTTP API. Methods that are refused throw a Refusal (a StormfleetError
 * with INFRA_1005, or INFRA_1002 for an address) with Toxiproxy's status and sentence.
 */
export interface FaultProxy {
  /** 400 for a missing name or upstream, 409 for a name that is taken, 500 when it cannot listen. */
  createProxy(template: ProxyTemplate): Promise<ProxyView>;
  /** 404, or 500 when it cannot listen: then it is disabled, with the new addresses. */
  updateProxy(name: string, change: ProxyChange): Promise<ProxyView>;
  /** Closes all connections and forgets the proxy. 404. */
  deleteProxy(name: string): Promise<void>;
  /** Creates what is missing, replaces what differs, keeps the rest. */
  populate(templates: readonly ProxyTemplate[]): Promise<PopulateResult>;
  /** Enables every proxy and removes all toxics. 500 when one cannot start. */
  reset(): Promise<void>;
  /** 404. */
  proxy(name: string): ProxyView;
  /** In order of creation. */
  proxies(): readonly ProxyView[];
  /** Acts on open and later connections when it returns. 404, 400, 409. */
  addToxic(proxyName: string, template: ToxicTemplate): ToxicView;
  /** What a toxic of this header would be; throws as `addToxic` does. */
  checkToxic(proxyName: string, header: ToxicHeader): CheckedHeader;
  /** Restarts the toxic on every connection, also for an empty change. 404, 400. */
  updateToxic(proxyName: string, toxicName: string, change: ToxicChange): ToxicView;
  /** 404. */
  removeToxic(proxyName: string, toxicName: string): void;
  /** 404. */
  toxic(proxyName: string, toxicName: string): ToxicView;
  /** Takes a stream as a client's connection; it is closed when the proxy is disabled. 404. */
  accept(proxyName: string, client: Duplex): void;
  /** Closes everything. The fault proxy takes no more work. */
  stop(): Promise<void>;
}

/** Makes a fault proxy without proxies. */
export function createFaultProxy(options: FaultProxyOptions): FaultProxy {
  const { clock, random, telemetry, transport = tcpTransport, traffic } = options;
  return new EmbeddedFaultProxy({ clock, random, telemetry, transport, traffic });
}

class EmbeddedFaultProxy implements FaultProxy {
  readonly #context: ProxyContext;
  readonly #proxies = new Map<string, ToxicProxy>();
  /** Changes of proxies happen one after another; toxics are changed at once. */
  readonly #inTurn = createSerialQueue();
  #stopped = false;

  constructor(context: ProxyContext) {
    this.#context = context;
  }

  createProxy(template: ProxyTemplate): Promise<ProxyView> {
    return this.#change(async () => {
      requireFields(template);
      if (this.#proxies.has(template.name)) throw proxyAlreadyExists();
      return viewOf(await this.#create(template));
    });
  }

  updateProxy(name: string, change: ProxyChange): Promise<ProxyView> {
    return this.#change(async () => {
      const proxy = this.#get(name);
      const { listen = proxy.listen, upstream = proxy.upstream, enabled = proxy.enabled } = change;
      await proxy.update({ listen, upstream }, enabled);
      return viewOf(proxy);
    });
  }

  deleteProxy(name: string): Promise<void> {
    return this.#change(async () => {
      await this.#get(name).stop();
      this.#proxies.delete(name);
    });
  }

  async populate(templates: readonly ProxyTemplate[]): Promise<PopulateResult> {
    const proxies: ProxyView[] = [];
    try {
      templates.forEach((template, index) => {
        requireFields(template, ` at proxy ${index + 1}`);
      });
      await this.#change(async () => {
        for (const template of templates) proxies.push(viewOf(await this.#createOrReplace(template)));
      });
      return { proxies };
    } catch (error) {
      if (error instanceof Refusal) return { proxies, refusal: error };
      throw error;
    }
  }

  reset(): Promise<void> {
    return this.#change(async () => {
      for (const proxy of this.#proxies.values()) {
        await proxy.start();
        proxy.removeToxics();
      }
    });
  }

  proxy(name: string): ProxyView {
    return viewOf(this.#get(name));
  }

  proxies(): readonly ProxyView[] {
    return [...this.#proxies.values()].map(viewOf);
  }

  addToxic(proxyName: string, template: ToxicTemplate): ToxicView {
    return toxicViewOf(this.#get(proxyName).addToxic(template));
  }

  checkToxic(proxyName: string, header: ToxicHeader): CheckedHeader {
    return this.#get(proxyName).toxics.check(header);
  }

  updateToxic(proxyName: string, toxicName: string, change: ToxicChange): ToxicView {
    return toxicViewOf(this.#get(proxyName).updateToxic(toxicName, change));
  }

  removeToxic(proxyName: string, toxicName: string): void {
    this.#get(proxyName).removeToxic(toxicName);
  }

  toxic(proxyName: string, toxicName: string): ToxicView {
    return toxicViewOf(this.#get(proxyName).toxics.get(toxicName));
  }

  accept(proxyName: string, client: Duplex): void {
    this.#get(proxyName).accept(streamProxySocket(client));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    // Twice: what is open closes now, and what a change under way still opens closes after it.
    const stopAll = () => Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
    await stopAll();
    await this.#inTurn(stopAll);
    this.#proxies.clear();
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(() => {
      if (this.#stopped) throw new Refusal(503, "the fault proxy was stopped");
      return work();
    });
  }

  #get(name: string): ToxicProxy {
    const proxy = this.#proxies.get(name);
    if (!proxy) throw proxyNotFound();
    return proxy;
  }

  async #create(template: ProxyTemplate): Promise<ToxicProxy> {
    const proxy = new ToxicProxy(template.name, addressesOf(template), this.#context);
    if (template.enabled ?? true) await proxy.start();
    this.#proxies.set(template.name, proxy);
    return proxy;
  }

  async #createOrReplace(template: ProxyTemplate): Promise<ToxicProxy> {
    const existing = this.#proxies.get(template.name);
    if (existing) {
      if (!(await existing.differsFrom(addressesOf(template)))) return existing;
      await existing.stop();
    }
    return this.#create(template);
  }
}

function addressesOf({ listen = "", upstream }: ProxyTemplate): ProxyAddresses {
  return { listen, upstream };
}

function requireFields({ name, upstream }: ProxyTemplate, where = ""): void {
  if (name === "") throw missingField(`name${where}`);
  if (upstream === "") throw missingField(`upstream${where}`);
}

function viewOf(proxy: ToxicProxy): ProxyView {
  const { name, listen, upstream, enabled } = proxy;
  return { name, listen, upstream, enabled, toxics: proxy.toxics.shown.map(toxicViewOf) };
}

function toxicViewOf({ name, type, stream, toxicity, attributes }: Toxic): ToxicView {
  return { name, type: type.type, stream, toxicity, attributes };
}
