import type { Telemetry } from "../../../observability/telemetry.ts";
import type { Clock } from "../../../time/clock.ts";
import type { Random } from "../../../time/random.ts";
import { AddressError } from "./listen-address.ts";
import { type Direction, ProxyConnection } from "./proxy-connection.ts";
import type { ProxySocket } from "./proxy-socket.ts";
import type { ProxyListener, ProxyTransport } from "./proxy-transport.ts";
import { cannotListen } from "./refusal.ts";
import { type ToxicChange, ToxicList, type ToxicTemplate } from "./toxic-list.ts";
import type { Toxic } from "./toxic-stage.ts";
import type { TrafficMeter } from "./traffic-meter.ts";

/** What every proxy of a fault proxy shares. */
export interface ProxyContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly transport: ProxyTransport;
  readonly traffic: TrafficMeter | undefined;
}

export interface ProxyAddresses {
  readonly listen: string;
  readonly upstream: string;
}

/** One proxy: a listener, its open connections, and the toxics that all of them get. */
export class ToxicProxy {
  readonly name: string;
  readonly toxics = new ToxicList();
  readonly #context: ProxyContext;
  readonly #connections = new Set<ProxyConnection>();
  readonly #dialling = new Set<{ readonly client: ProxySocket; readonly server: ProxySocket }>();
  #addresses: ProxyAddresses;
  #listener: ProxyListener | undefined;
  #random: Random | undefined;
  #connectionCount = 0;

  constructor(name: string, addresses: ProxyAddresses, context: ProxyContext) {
    this.name = name;
    this.#addresses = addresses;
    this.#context = context;
  }

  get listen(): string {
    return this.#addresses.listen;
  }

  get upstream(): string {
    return this.#addresses.upstream;
  }

  get enabled(): boolean {
    return this.#listener !== undefined;
  }

  /** Begins to listen; does nothing when it already does. Throws INFRA_1002. */
  async start(): Promise<void> {
    if (this.#listener) return;
    const listening = this.#context.transport.listen(this.listen, (client) => this.accept(client));
    const listener = await listening.catch(refuseAddress);
    this.#listener = listener;
    this.#addresses = { listen: listener.address, upstream: this.upstream };
    this.#tell("started");
  }

  /** Stops listening and closes every connection at once. Toxics stay. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    if (!listener) return;
    this.#listener = undefined;
    const closed = listener.close();
    for (const { client, server } of this.#dialling) {
      client.stream.destroy();
      server.stream.destroy();
    }
    this.#dialling.clear();
    for (const connection of [...this.#connections]) connection.abort();
    await closed;
    this.#tell("stopped");
  }

  /** Whether the addresses, the listen one once resolved, are others than those in use. Throws INFRA_1002. */
  async differsFrom({ listen, upstream }: ProxyAddresses): Promise<boolean> {
    const resolved = await this.#context.transport.resolve(listen).catch(refuseAddress);
    return resolved !== this.listen || upstream !== this.upstream;
  }

  /** Takes other addresses and the state asked for; what does not change is left alone. Throws INFRA_1002. */
  async update(addresses: ProxyAddresses, enabled: boolean): Promise<void> {
    if (await this.differsFrom(addresses)) {
      await this.stop();
      this.#addresses = addresses;
    }
    if (enabled) await this.start();
    else await this.stop();
  }

  addToxic(template: ToxicTemplate): Toxic {
    const toxic = this.toxics.add(template);
    for (const connection of this.#connections) connection.addToxic(toxic);
    this.#tell("toxic-added", toxic);
    return toxic;
  }

  updateToxic(name: string, change: ToxicChange): Toxic {
    const toxic = this.toxics.update(name, change);
    for (const connection of this.#connections) connection.updateToxic(toxic);
    this.#tell("toxic-updated", toxic);
    return toxic;
  }

  removeToxic(name: string): void {
    const toxic = this.toxics.remove(name);
    for (const connection of this.#connections) connection.removeToxic(toxic);
    this.#tell("toxic-removed", toxic);
  }

  /** Removes all toxics, in the order shown. */
  removeToxics(): void {
    for (const toxic of this.toxics.shown) this.removeToxic(toxic.name);
  }

  /** Connects a client to the server. A client of a disabled proxy is closed. */
  accept(client: ProxySocket): void {
    if (!this.#listener) {
      client.stream.destroy();
      return;
    }
    // Others are served while this dial hangs, and a stop ends it.
    const server = this.#context.transport.dial(this.upstream, {
      onConnect: () => {
        if (this.#dialling.delete(sockets)) this.#connect(client, server);
      },
      onFail: (error) => {
        this.#dialling.delete(sockets);
        client.stream.destroy();
        this.#emit("upstream-unreachable", { upstream: this.upstream, reason: error.message });
      },
    });
    const sockets = { client, server };
    this.#dialling.add(sockets);
  }

  #connect(client: ProxySocket, server: ProxySocket): void {
    const { clock, traffic } = this.#context;
    this.#connectionCount += 1;
    const name = `connection-${this.#connectionCount}`;
    const labels = { listener: this.listen, proxy: this.name, upstream: this.upstream };
    const connection: ProxyConnection = new ProxyConnection(client, server, {
      clock,
      forkRandom: () => this.#forkRandom(name),
      toxics: this.toxics.all,
      onReceived: (direction: Direction, bytes) => traffic?.received({ ...labels, direction }, bytes),
      onSent: (direction: Direction, bytes) => traffic?.sent({ ...labels, direction }, bytes),
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  #forkRandom(name: string): Random {
    this.#random ??= this.#context.random.fork(this.name);
    return this.#random.fork(name);
  }

  #tell(event: string, toxic?: Toxic): void {
    if (!this.#context.telemetry.enabled) return;
    const { listen, upstream } = this;
    const { name, stream, toxicity, attributes } = toxic ?? {};
    this.#emit(
      event,
      toxic ? { toxic: name, type: toxic.type.type, stream, toxicity, attributes } : { listen, upstream },
    );
  }

  #emit(event: string, data: Readonly<Record<string, unknown>>): void {
    this.#context.telemetry.emit({ name: `proxy.${event}`, subject: this.name, data });
  }
}

function refuseAddress(error: unknown): never {
  throw error instanceof AddressError ? cannotListen(error.message) : error;
}
