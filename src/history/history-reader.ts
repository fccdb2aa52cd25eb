import { stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, StormfleetError } from "../errors.ts";
import { type HistoryEntry, type HistoryHeader, historyVersion } from "./entry.ts";
import { faultOfEntry, faultOfHeader } from "./entry-schema.ts";
import { historyFileName } from "./history-writer.ts";
import { type Line, LineTooLong, linesOf } from "./lines.ts";

/** A history in a file. It is read anew, with bounded memory, each time its entries are iterated. */
export interface StoredHistory {
  readonly path: string;
  readonly header: HistoryHeader;
  /**
   * The entries in order. The iteration throws HIST_1003 with the number of the line where the file is damaged.
   */
  readonly entries: AsyncIterable<HistoryEntry>;
  /** Whether the last line was torn, as a killed process leaves it. Known once the entries were read to the end. */
  readonly torn: boolean;
}

// The longest entry is that of a drain which misses everything: some hundred bytes per device.
const defaultMaxLineBytes = 16 * 1024 * 1024;

/**
 * Opens the history at a path: its file, or the folder of its run.
 *
 * A torn last line is tolerated. Lines are at most `maxLineBytes` long (default 16 MiB).
 *
 * @throws StormfleetError HIST_1001 when there is none, HIST_1002 when another version wrote it, HIST_1003 when its
 *   header is damaged.
 */
export async function readHistory(
  path: string,
  options: { readonly maxLineBytes?: number } = {},
): Promise<StoredHistory> {
  const maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes;
  const file = await locate(path);
  const header = await readHeader(file, maxLineBytes);
  let torn = false;
  return {
    path: file,
    header,
    entries: { [Symbol.asyncIterator]: () => readEntries(file, maxLineBytes, (found) => (torn = found)) },
    get torn() {
      return torn;
    },
  };
}

async function locate(path: string): Promise<string> {
  try {
    const file = (await stat(path)).isDirectory() ? join(path, historyFileName) : path;
    if ((await stat(file)).size > 0) return file;
  } catch (error) {
    throw noHistory(path, messageOf(error), error);
  }
  throw noHistory(path, "the file is empty");
}

async function readHeader(path: string, maxLineBytes: number): Promise<HistoryHeader> {
  for await (const [line] of readable(path, maxLineBytes)) {
    if (line !== undefined) return parseHeader(path, line);
  }
  throw noHistory(path, "the file is empty");
}

function parseHeader(path: string, line: Line): HistoryHeader {
  const value = parse(line.text) as Readonly<Record<string, unknown>> | undefined | null;
  if (value === undefined && !line.ended) throw noHistory(path, "its only line is torn");
  if (value?.stormfleet !== "history") throw damaged(path, line.number, "is not the header of a history");
  if (value.version !== historyVersion) {
    throw new StormfleetError(
      "HIST_1002",
      `The history ${path} has the format's version ${JSON.stringify(value.version)}; this is a reader of version ${historyVersion}.`,
    );
  }
  const wrong = faultOfHeader(value);
  if (wrong !== null) throw damaged(path, line.number, wrong);
  return value as unknown as HistoryHeader;
}

async function* readEntries(
  path: string,
  maxLineBytes: number,
  setTorn: (torn: boolean) => void,
): AsyncGenerator<HistoryEntry> {
  setTorn(false);
  for await (const lines of readable(path, maxLineBytes)) {
    for (const line of lines) {
      if (!line.ended) setTorn(true);
      if (line.number === 1) continue;
      const value = parse(line.text);
      const wrong = value === undefined ? "is not JSON" : faultOfEntry(value);
      if (wrong === null) yield value as HistoryEntry;
      else if (line.ended) throw damaged(path, line.number, wrong);
    }
  }
}

async function* readable(path: string, maxLineBytes: number): AsyncGenerator<readonly Line[]> {
  try {
    yield* linesOf(path, maxLineBytes);
  } catch (error) {
    if (error instanceof LineTooLong) {
      throw damaged(path, error.number, `is longer than ${maxLineBytes} bytes`, error);
    }
    if (error instanceof StormfleetError) throw error;
    throw noHistory(path, messageOf(error), error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noHistory(path: string, why: string, cause?: unknown): StormfleetError {
  return new StormfleetError("HIST_1001", `There is no history to read at ${path}: ${why}.`, { cause });
}

function damaged(path: string, lineNumber: number, why: string, cause?: unknown): StormfleetError {
  return new StormfleetError("HIST_1003", `The history ${path} is damaged: line ${lineNumber} ${why}.`, {
    cause,
  });
}
