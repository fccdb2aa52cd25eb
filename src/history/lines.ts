import { type FileHandle, open } from "node:fs/promises";

/** A line of a file, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** False for a last line that no line end follows: it may be torn. */
  readonly ended: boolean;
}

/** A line was longer than the bound. */
export class LineTooLong extends Error {
  readonly number: number;

  constructor(number: number, maxLineBytes: number) {
    super(`line ${number} is longer than ${maxLineBytes} bytes`);
    this.number = number;
  }
}

const chunkBytes = 256 * 1024;
const lineFeed = 0x0a;

/**
 * Reads a file line by line with bounded memory; gives the lines of one chunk at a time, which is several times faster
 * than one by one. Lines end with a line feed. The file is closed when the iteration ends, also early.
 *
 * @throws LineTooLong, and the file system's own errors.
 */
export async function* linesOf(path: string, maxLineBytes: number): AsyncGenerator<readonly Line[]> {
  const file = await open(path, "r");
  try {
    yield* splitLines(file, maxLineBytes);
  } finally {
    await file.close();
  }
}

async function* splitLines(file: FileHandle, maxLineBytes: number): AsyncGenerator<readonly Line[]> {
  let rest = Buffer.alloc(0);
  let number = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    // Cutting at line ends only never splits a character of several bytes.
    const end = chunk.lastIndexOf(lineFeed) + 1;
    if (end > 0) {
      const whole = Buffer.concat([rest, chunk.subarray(0, end - 1)]).toString("utf8");
      const texts = whole.split("\n");
      const long = texts.findIndex((text) => text.length > maxLineBytes);
      // What stands before a line that is too long is sound and comes out first.
      const sound = long === -1 ? texts : texts.slice(0, long);
      const first = number + 1;
      yield sound.map((text, index) => ({ number: first + index, text, ended: true }));
      number += sound.length;
      if (long !== -1) throw new LineTooLong(number + 1, maxLineBytes);
      rest = Buffer.from(chunk.subarray(end));
    } else rest = Buffer.concat([rest, chunk]);
    if (rest.length > maxLineBytes) throw new LineTooLong(number + 1, maxLineBytes);
  }
  if (rest.length > 0) yield [{ number: number + 1, text: rest.toString("utf8"), ended: false }];
}
