import type { Clock } from "../../../time/clock.ts";
import type { ConnectionSide } from "./connection-side.ts";
import { SinkWriter } from "./sink-writer.ts";
import { SourceReader } from "./source-reader.ts";
import { type ChunkTarget, type StageOptions, type Toxic, ToxicStage } from "./toxic-stage.ts";

export interface ChainOptions {
  readonly clock: Clock;
  readonly source: ConnectionSide;
  readonly sink: ConnectionSide;
  readonly toxics: readonly Toxic[];
  readonly stageOptionsOf: (toxic: Toxic) => StageOptions;
  /** The source has ended, after so many bytes. */
  readonly onReceived: (bytes: number) => void;
  /** The sink was closed by the end of this direction, after so many bytes; not when writing to it had failed. */
  readonly onSent: (bytes: number) => void;
}

/**
 * One direction of a connection: source → stages in order of creation → sink.
 *
 *     source ──▶ latency ──▶ bandwidth ──▶ sink
 *       ▲ pause      ▲ onRoom     ▲ onRoom   │ drain
 *       └────────────┴────────────┴──────────┘
 */
export class ToxicChain {
  readonly #options: ChainOptions;
  readonly #source: SourceReader;
  readonly #sink: SinkWriter;
  readonly #stages: ToxicStage[] = [];

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#sink = new SinkWriter(options.sink, options.onSent);
    this.#source = new SourceReader(options.clock, options.source, this.#sink, options.onReceived);
    this.#link(undefined, this.#sink);
    for (const toxic of options.toxics) this.#append(toxic);
    for (const stage of this.#stages) stage.start();
    this.#source.start();
  }

  /** Puts a toxic nearest to the sink; the stage before it is restarted. */
  add(toxic: Toxic): void {
    const before = this.#stages.at(-1);
    // What it held still goes to the sink: only new data meets the new toxic.
    before?.interrupt();
    const stage = this.#append(toxic);
    if (before?.closed || (!before && this.#source.ended)) stage.dispose();
    stage.start();
    before?.start();
    this.#source.nextHasRoom();
  }

  /** Restarts the stage of a toxic that was changed. */
  update(toxic: Toxic): void {
    const stage = this.#stages.find((candidate) => candidate.toxic === toxic);
    if (!stage || stage.closed) return;
    stage.interrupt();
    stage.start();
  }

  /** Takes a toxic out: what it held goes on, and the stage before it is restarted. */
  remove(toxic: Toxic): void {
    const index = this.#stages.findIndex((candidate) => candidate.toxic === toxic);
    const stage = this.#stages[index];
    if (!stage) return;
    const wasClosed = stage.closed;
    stage.remove();
    this.#stages.splice(index, 1);
    // A closed stage stays behind its predecessor, to swallow what still comes.
    if (wasClosed || stage.closed) return;
    const before = this.#stages[index - 1];
    this.#link(before, stage.next);
    before?.interrupt();
    before?.start();
    this.#source.nextHasRoom();
  }

  /** The connection is gone: stops every timer. */
  dispose(): void {
    for (const stage of this.#stages) stage.dispose();
    this.#source.finish();
    this.#sink.end();
  }

  #append(toxic: Toxic): ToxicStage {
    const before = this.#stages.at(-1);
    const stage = new ToxicStage(toxic, this.#sink, this.#options.stageOptionsOf(toxic));
    this.#link(stage, this.#sink);
    this.#link(before, stage);
    this.#stages.push(stage);
    return stage;
  }

  #link(before: ToxicStage | undefined, target: ChunkTarget): void {
    const sender = before ?? this.#source;
    sender.next = target;
    target.onRoom = sender.nextHasRoom;
  }
}
