import type { Clock } from "../../../time/clock.ts";
import type { Random } from "../../../time/random.ts";
import { ConnectionSide } from "./connection-side.ts";
import type { ProxySocket } from "./proxy-socket.ts";
import { ToxicChain } from "./toxic-chain.ts";
import type { StageOptions, Toxic } from "./toxic-stage.ts";

/** `upstream`: client → server, `downstream`: server → client. */
export type Direction = "upstream" | "downstream";

export interface ConnectionOptions {
  readonly clock: Clock;
  /** The proxy's; called once, when a toxic of this connection first needs randomness. */
  readonly forkRandom: () => Random;
  /** The proxy's toxics in order of creation, when the connection starts. */
  readonly toxics: readonly Toxic[];
  readonly onReceived: (direction: Direction, bytes: number) => void;
  readonly onSent: (direction: Direction, bytes: number) => void;
  /** Both sides are closed. */
  readonly onClosed: () => void;
}

/** A client and the server it was connected to, joined by two chains of toxics. */
export class ProxyConnection {
  readonly #options: ConnectionOptions;
  readonly #sides: readonly [client: ConnectionSide, server: ConnectionSide];
  readonly #chains: Readonly<Record<Direction, ToxicChain>>;
  #random: Random | undefined;
  #closed = false;

  constructor(client: ProxySocket, server: ProxySocket, options: ConnectionOptions) {
    this.#options = options;
    const sides = [new ConnectionSide(client), new ConnectionSide(server)] as const;
    this.#sides = sides;
    this.#chains = {
      upstream: this.#createChain("upstream", sides[0], sides[1]),
      downstream: this.#createChain("downstream", sides[1], sides[0]),
    };
    for (const side of sides) side.stream.once("close", () => this.#onSideClosed());
  }

  addToxic(toxic: Toxic): void {
    this.#chains[toxic.direction].add(toxic);
  }

  updateToxic(toxic: Toxic): void {
    this.#chains[toxic.direction].update(toxic);
  }

  removeToxic(toxic: Toxic): void {
    this.#chains[toxic.direction].remove(toxic);
  }

  /** Closes both sides at once, past the chains; data that sits in a toxic is lost. */
  abort(): void {
    for (const side of this.#sides) side.abort();
  }

  #createChain(direction: Direction, source: ConnectionSide, sink: ConnectionSide): ToxicChain {
    const { clock, toxics, onReceived, onSent } = this.#options;
    return new ToxicChain({
      clock,
      source,
      sink,
      toxics: toxics.filter((toxic) => toxic.direction === direction),
      stageOptionsOf: (toxic) => this.#stageOptionsOf(toxic),
      onReceived: (bytes) => onReceived(direction, bytes),
      onSent: (bytes) => onSent(direction, bytes),
    });
  }

  #stageOptionsOf(toxic: Toxic): StageOptions {
    // As in the reference, a connection that was already open when the toxic came is closed with FIN.
    const resets = toxic.type.resetsPeers === true && this.#options.toxics.includes(toxic);
    return {
      clock: this.#options.clock,
      forkRandom: () => this.#forkRandom(toxic.name),
      onActing: () => {
        if (resets) for (const side of this.#sides) side.resetsOnClose = true;
      },
    };
  }

  #forkRandom(name: string): Random {
    this.#random ??= this.#options.forkRandom();
    return this.#random.fork(name);
  }

  #onSideClosed(): void {
    if (this.#closed || !this.#sides.every((side) => side.stream.destroyed)) return;
    this.#closed = true;
    for (const chain of Object.values(this.#chains)) chain.dispose();
    this.#options.onClosed();
  }
}
