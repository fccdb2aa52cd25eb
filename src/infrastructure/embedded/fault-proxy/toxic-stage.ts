import type { Clock } from "../../../time/clock.ts";
import type { Random } from "../../../time/random.ts";
import { startExactWait } from "./exact-wait.ts";
import { type Chunk, passThrough, type Stage, type ToxicRun, type ToxicType } from "./toxics/toxic.ts";

/** A toxic of a proxy, as every connection of it sees it; an update changes it in place. */
export interface Toxic {
  readonly name: string;
  readonly type: ToxicType;
  /** Which chain it belongs to. */
  readonly direction: "upstream" | "downstream";
  /** The direction as the creator spelled it, which the API echoes. */
  readonly stream: string;
  /** The share of connections it acts on: 1 and above all, 0 and below none. */
  toxicity: number;
  attributes: Readonly<Record<string, number>>;
}

/** What takes chunks: a stage, or the socket at the end of the chain. */
export interface ChunkTarget {
  /** Takes a chunk always; `full` only asks the sender to wait. */
  push(chunk: Chunk): void;
  /** The stream ends behind what was pushed. */
  end(): void;
  /** True while it wants no more; `onRoom` is called after it has said so and can take more again. */
  full(): boolean;
  onRoom: () => void;
}

export interface StageOptions {
  readonly clock: Clock;
  /** Called once, when the stage first needs randomness. */
  readonly forkRandom: () => Random;
  /** The toxic acts on this connection from now on (it may have been drawn anew). */
  readonly onActing: (toxic: Toxic) => void;
}

const idle: ToxicRun = { chunk: () => {} };

/**
 * The place of one toxic in one direction of one connection: keeps what queues before it, starts the toxic or a
 * pass-through by the toxicity drawn, and restarts it.
 */
export class ToxicStage implements Stage, ChunkTarget {
  readonly toxic: Toxic;
  readonly clock: Clock;
  /** Where chunks go from here. */
  next: ChunkTarget;
  onRoom: () => void = () => {};
  /** No data passes any more, and what lies behind has been told. */
  closed = false;

  readonly #options: StageOptions;
  #random: Random | undefined;
  #run: ToxicRun = idle;
  #queue: Chunk[] = [];
  #busy = false;
  #pumping = false;
  #ended = false;
  #endGiven = false;
  #senderWaits = false;
  #afterRoom: (() => void) | undefined;
  #cancelWait: (() => void) | undefined;

  constructor(toxic: Toxic, next: ChunkTarget, options: StageOptions) {
    this.toxic = toxic;
    this.next = next;
    this.clock = options.clock;
    this.#options = options;
  }

  get random(): Random {
    this.#random ??= this.#options.forkRandom();
    return this.#random;
  }

  /** Draws the toxicity and begins, with what queues here. */
  start(): void {
    if (this.closed) return;
    const acts = this.#draw();
    if (acts) this.#options.onActing(this.toxic);
    this.#run = acts ? this.toxic.type.start(this.toxic.attributes, this) : passThrough(this);
    this.#busy = false;
    this.#endGiven = false;
    this.#pump();
  }

  /** Ends the run; what the toxic held goes on to `next` at once, room or not. What queues here stays. */
  interrupt(): void {
    const run = this.#run;
    this.#run = idle;
    this.#busy = true;
    this.#stopWaiting();
    run.interrupt?.();
  }

  /** Takes the stage out of its chain: everything in it goes on to `next`. */
  remove(): void {
    this.interrupt();
    if (this.closed) return;
    if (this.toxic.type.closesOnRemoval) this.close();
    else this.#flush();
  }

  /** Drops everything without a word to anybody: the connection is gone. */
  dispose(): void {
    this.closed = true;
    this.#run = idle;
    this.#queue = [];
    this.#stopWaiting();
  }

  push(chunk: Chunk): void {
    if (this.closed) return;
    this.#queue.push(chunk);
    this.#pump();
  }

  end(): void {
    this.#ended = true;
    this.#pump();
  }

  full(): boolean {
    const full = this.closed || (this.#busy && this.#queue.length >= (this.toxic.type.queueLimit ?? 0));
    if (full) this.#senderWaits = true;
    return full;
  }

  send(chunk: Chunk): boolean {
    this.next.push(chunk);
    return !this.next.full();
  }

  whenRoom(callback: () => void): void {
    if (this.next.full()) this.#afterRoom = callback;
    else callback();
  }

  finish(): void {
    this.#busy = false;
    this.#pump();
  }

  passOn(chunk: Chunk): void {
    if (this.send(chunk)) this.finish();
    else this.#afterRoom = () => this.finish();
  }

  wait(delayMs: number, callback: () => void): void {
    this.#cancelWait?.();
    this.#cancelWait = startExactWait(this.clock, delayMs, callback);
  }

  yield(callback: () => void): void {
    this.#cancelWait?.();
    const handle = this.clock.setImmediate(callback);
    this.#cancelWait = () => this.clock.clearImmediate(handle);
  }

  close(): void {
    if (this.closed) return;
    this.dispose();
    this.next.end();
  }

  /** To be called by `next` when it has room again. */
  readonly nextHasRoom = (): void => {
    const callback = this.#afterRoom;
    this.#afterRoom = undefined;
    callback?.();
  };

  #draw(): boolean {
    const { toxicity } = this.toxic;
    if (toxicity >= 1) return true;
    return toxicity > 0 && this.random.next() < toxicity;
  }

  #flush(): void {
    for (const chunk of this.#queue.splice(0)) this.next.push(chunk);
    if (this.#ended) this.next.end();
  }

  #stopWaiting(): void {
    this.#afterRoom = undefined;
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  // A loop, not a recursion through `finish`: a queue may hold a thousand chunks that all pass at once.
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#busy && !this.closed && this.#takeNext());
    this.#pumping = false;
    if (this.#senderWaits && !this.full()) {
      this.#senderWaits = false;
      this.onRoom();
    }
  }

  /** Gives the run the next thing that waits; false when there is none. */
  #takeNext(): boolean {
    const chunk = this.#queue.shift();
    if (chunk) {
      this.#busy = true;
      this.#run.chunk(chunk);
      return true;
    }
    if (!this.#ended || this.#endGiven) return false;
    this.#endGiven = true;
    if (this.#run.end) this.#run.end();
    else this.close();
    return true;
  }
}
