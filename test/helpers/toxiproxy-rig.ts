import { request } from "node:http";
import { dial, type Peer, startUpstream, type Upstream } from "./toxiproxy-peer.ts";
import type { RunningToxiproxy, ToxiproxyImplementation } from "./toxiproxy-server.ts";

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Without the member `Logger`, an accident of the reference. */
  readonly text: string;
}

export interface ProxyJson {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics: readonly ToxicJson[];
}

export interface ToxicJson {
  readonly attributes: Readonly<Record<string, number>>;
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly toxicity: number;
}

/** A client and the connection that the proxy opened for it. */
export interface Pair {
  readonly client: Peer;
  readonly server: Peer;
}

/** A running Toxiproxy with what a test needs around it; `cleanUp` after each test, `stop` at the end. */
export class ToxiproxyRig {
  readonly implementation: ToxiproxyImplementation;
  #running: RunningToxiproxy | undefined;
  #proxyCount = 0;
  #cleanUps: (() => unknown)[] = [];

  constructor(implementation: ToxiproxyImplementation) {
    this.implementation = implementation;
  }

  get url(): string {
    if (!this.#running) throw new Error("The rig was not started.");
    return this.#running.url;
  }

  async start(): Promise<void> {
    this.#running = await this.implementation.start();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  async cleanUp(): Promise<void> {
    const cleanUps = this.#cleanUps.reverse();
    this.#cleanUps = [];
    for (const undo of cleanUps) await undo();
  }

  onCleanUp(undo: () => unknown): void {
    this.#cleanUps.push(undo);
  }

  /** Any request, also those that `fetch` would tidy up. */
  call(
    method: string,
    path: string,
    body = "",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          method,
          path,
          host: hostname,
          port,
          agent: false,
          headers: { "User-Agent": "node", "Content-Length": String(Buffer.byteLength(body)), ...headers },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () => {
            const text = Buffer.concat(parts).toString("utf8").replaceAll(',"Logger":{}', "");
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** A request that must succeed, with JSON both ways. */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, body === undefined ? "" : JSON.stringify(body));
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return (answer.text === "" ? undefined : JSON.parse(answer.text)) as T;
  }

  /** A name that no other test uses. */
  newName(): string {
    this.#proxyCount += 1;
    return `stormfleet-${process.pid}-${this.#proxyCount}`;
  }

  /** A proxy on a free port that is deleted at the end of the test. */
  async createProxy(fields: {
    readonly upstream: string;
    readonly name?: string;
    readonly enabled?: boolean;
    readonly listen?: string;
  }) {
    const body = { name: this.newName(), listen: "127.0.0.1:0", ...fields };
    const proxy = await this.json<ProxyJson>("POST", "/proxies", body);
    this.deleteLater(proxy.name);
    return proxy;
  }

  deleteLater(name: string): void {
    this.onCleanUp(() => this.call("DELETE", `/proxies/${encodeURIComponent(name)}`));
  }

  async startUpstream(options: { readonly echo?: boolean } = {}): Promise<Upstream> {
    const upstream = await startUpstream(options);
    this.onCleanUp(() => upstream.stop());
    return upstream;
  }

  async dial(address: string): Promise<Peer> {
    const peer = await dial(address);
    this.onCleanUp(() => peer.socket.destroy());
    return peer;
  }

  /** A proxy in front of a server of its own. */
  async createLink(...toxics: readonly Partial<ToxicJson>[]): Promise<ProxiedLink> {
    const upstream = await this.startUpstream();
    const proxy = await this.createProxy({ upstream: upstream.address });
    const link = new ProxiedLink(this, proxy, upstream);
    for (const toxic of toxics) await link.addToxic(toxic);
    return link;
  }
}

/** A proxy in front of a server. */
export class ProxiedLink {
  readonly rig: ToxiproxyRig;
  readonly proxy: ProxyJson;
  readonly upstream: Upstream;

  constructor(rig: ToxiproxyRig, proxy: ProxyJson, upstream: Upstream) {
    this.rig = rig;
    this.proxy = proxy;
    this.upstream = upstream;
  }

  get path(): string {
    return `/proxies/${this.proxy.name}`;
  }

  async connect(): Promise<Pair> {
    const client = await this.rig.dial(this.proxy.listen);
    return { client, server: await this.upstream.accepted() };
  }

  addToxic(toxic: Partial<ToxicJson>): Promise<ToxicJson> {
    return this.rig.json("POST", `${this.path}/toxics`, toxic);
  }

  updateToxic(name: string, change: unknown): Promise<ToxicJson> {
    return this.rig.json("PATCH", `${this.path}/toxics/${name}`, change);
  }

  removeToxic(name: string): Promise<void> {
    return this.rig.json("DELETE", `${this.path}/toxics/${name}`);
  }

  update(change: unknown): Promise<ProxyJson> {
    return this.rig.json("PATCH", this.path, change);
  }
}
