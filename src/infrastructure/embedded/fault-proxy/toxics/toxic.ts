import type { Clock } from "../../../../time/clock.ts";
import type { Random } from "../../../../time/random.ts";

/** A piece of a link's byte stream on its way through the toxics; at most 32 KiB when it enters. */
export interface Chunk {
  readonly data: Buffer;
  /** When it arrived, on the clock's monotonic scale. A latency toxic moves the stamp by its wait. */
  stampMs: number;
}

/**
 * One connection's place for one toxic: what a running toxic may do.
 *
 * The stage hands over one chunk at a time and waits for `finish` or `passOn` before it hands over the next; so a
 * toxic that keeps its chunk pushes back on the sender.
 */
export interface Stage {
  readonly clock: Clock;
  /** Seeded by proxy, connection and toxic. */
  readonly random: Random;
  /** Hands a chunk to what lies behind; false when that has no room for more now. */
  send(chunk: Chunk): boolean;
  /** Runs the callback as soon as there is room behind: at once, or later. */
  whenRoom(callback: () => void): void;
  /** Done with the chunk in hand: the next one may come at once. */
  finish(): void;
  /** Sends the chunk and is done with it when there is room behind. */
  passOn(chunk: Chunk): void;
  /** Runs the callback after at least `delayMs`. A stage has one wait; a new one replaces the last. */
  wait(delayMs: number, callback: () => void): void;
  /** Runs the callback after pending I/O; takes the place of a wait. */
  yield(callback: () => void): void;
  /** Ends this direction here: what lies behind sees the end after what it was sent; nothing passes any more. */
  close(): void;
}

/** A toxic at work in one stage. Waits are cancelled by the stage when the run is interrupted. */
export interface ToxicRun {
  /** Takes a chunk; answers with `finish` or `passOn`, now or later. */
  chunk(chunk: Chunk): void;
  /** The end of the stream came behind the data. Without it the end passes at once. */
  end?(): void;
  /** The stage is restarted or removed: sends on, with `send`, whatever is held. */
  interrupt?(): void;
}

/** A kind of toxic, under its name in the control API. */
export interface ToxicType<Attribute extends string = string> {
  readonly type: string;
  /** Names in the order in which the API shows them. All are integers, 0 where not given. */
  readonly attributes: readonly Attribute[];
  /** How many chunks may queue before the stage; 0 (the default) couples it to its predecessor. */
  readonly queueLimit?: number;
  /** Bytes are missing once it has acted, so removing it closes the connection. */
  readonly closesOnRemoval?: boolean;
  /** A connection that starts under it is closed with RST from then on. */
  readonly resetsPeers?: boolean;
  /** Begins to act in a stage: when a connection starts, the toxic is added, or the stage is restarted. */
  start(attributes: Readonly<Record<Attribute, number>>, stage: Stage): ToxicRun;
}

/** Lets all data through. */
export function passThrough(stage: Stage): ToxicRun {
  return { chunk: (chunk) => stage.passOn(chunk) };
}
