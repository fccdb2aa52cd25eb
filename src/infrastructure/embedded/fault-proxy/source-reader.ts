import type { Clock } from "../../../time/clock.ts";
import type { ConnectionSide } from "./connection-side.ts";
import type { SinkWriter } from "./sink-writer.ts";
import type { ChunkTarget } from "./toxic-stage.ts";

/** The reference reads so much at once; the patterns of bandwidth and slicer depend on it. */
const greatestChunkBytes = 32 * 1024;

/** The beginning of a chain: reads the source, cuts and stamps what it reads, and pauses while the chain is full. */
export class SourceReader {
  next: ChunkTarget;
  ended = false;
  readonly #clock: Clock;
  readonly #side: ConnectionSide;
  readonly #sink: SinkWriter;
  readonly #onReceived: (bytes: number) => void;
  #receivedBytes = 0;
  #paused = false;

  constructor(clock: Clock, side: ConnectionSide, sink: SinkWriter, onReceived: (bytes: number) => void) {
    this.#clock = clock;
    this.#side = side;
    this.#sink = sink;
    this.#onReceived = onReceived;
    this.next = sink;
  }

  start(): void {
    const { stream } = this.#side;
    stream.on("end", () => this.finish());
    // A reset and a close by ourselves count as an end, too.
    stream.on("close", () => this.finish());
    stream.on("data", (data: Buffer) => this.#read(data));
    // A socket that was accepted paused stays so in spite of the listener.
    stream.resume();
    if (stream.closed || stream.readableEnded) this.finish();
  }

  /** The source gives no more data. */
  finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.#onReceived(this.#receivedBytes);
    this.next.end();
  }

  /** To be called when `next` has room again, or is another one. */
  readonly nextHasRoom = (): void => {
    if (!this.#paused || this.next.full()) return;
    this.#paused = false;
    this.#side.stream.resume();
  };

  #read(data: Buffer): void {
    this.#receivedBytes += data.length;
    // Without toxics nothing is cut, stamped or queued.
    if (this.next === this.#sink) this.#sink.write(data);
    else this.#pushCut(data);
    if (!this.next.full()) return;
    this.#paused = true;
    this.#side.stream.pause();
  }

  #pushCut(data: Buffer): void {
    const stampMs = this.#clock.monotonicMs();
    for (let from = 0; from < data.length; from += greatestChunkBytes) {
      this.next.push({ data: data.subarray(from, from + greatestChunkBytes), stampMs });
    }
  }
}
