import type { ConnectionSide } from "./connection-side.ts";
import type { ChunkTarget } from "./toxic-stage.ts";
import type { Chunk } from "./toxics/toxic.ts";

/** The end of a chain: writes to the sink's stream, and closes it completely at the end. */
export class SinkWriter implements ChunkTarget {
  onRoom: () => void = () => {};
  readonly #side: ConnectionSide;
  readonly #onSent: (bytes: number) => void;
  #sentBytes = 0;
  #ended = false;

  constructor(side: ConnectionSide, onSent: (bytes: number) => void) {
    this.#side = side;
    this.#onSent = onSent;
    side.stream.on("drain", () => this.onRoom());
  }

  write(data: Buffer): void {
    const { stream } = this.#side;
    if (this.#ended || stream.destroyed || stream.writableEnded) return;
    this.#sentBytes += data.length;
    stream.write(data);
  }

  push(chunk: Chunk): void {
    this.write(chunk.data);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#side.stream.errored) this.#onSent(this.#sentBytes);
    this.#side.close();
  }

  full(): boolean {
    const { stream } = this.#side;
    return this.#ended || stream.writableNeedDrain || stream.destroyed;
  }
}
