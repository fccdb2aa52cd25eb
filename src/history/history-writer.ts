import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { messageOf, StormfleetError } from "../errors.ts";
import type { HistoryEntry, HistoryHeader } from "./entry.ts";
import { makeFolder } from "./make-folder.ts";

/** The history's name in the folder of its run. */
export const historyFileName = "history.ndjson";

/** Appends entries to a history file while the run goes on. */
export interface HistoryWriter {
  /**
   * Takes an entry. Never throws, so that a full disk does not look like a fault of the system under test; the first
   * failure is kept and `close` throws it.
   */
  append(entry: HistoryEntry): void;
  /** Writes what is left and closes the file. Safe to call twice. Throws HIST_1004 when any write failed. */
  close(): void;
}

// At most this many entries are lost when the process is killed; the write is amortised over them.
const entriesPerWrite = 256;

/** Entries that are rare and that a reader of a broken-off history needs: the buffer is written when one comes. */
const landmarks: ReadonlySet<HistoryEntry["type"]> = new Set(["phase", "drained", "fault", "note"]);

/**
 * Makes the folder and begins `history.ndjson` in it: the header's line first, then one entry per line. A history that
 * is there is overwritten.
 *
 * Writes are synchronous: the buffer stays bounded however slow the disk is, and a killed process leaves whole lines.
 *
 * @throws StormfleetError HIST_1004 when the file cannot be made.
 */
export function openHistoryWriter(folder: string, header: HistoryHeader): HistoryWriter {
  const path = join(folder, historyFileName);
  const file = attempt(path, () => {
    makeFolder(folder);
    const opened = openSync(path, "w");
    writeAll(opened, `${JSON.stringify(header)}\n`);
    return opened;
  });
  let buffer: HistoryEntry[] = [];
  let failure: unknown;
  let closed = false;

  const flush = () => {
    const entries = buffer;
    buffer = [];
    if (failure !== undefined || entries.length === 0) return;
    try {
      attempt(path, () => writeAll(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")));
    } catch (error) {
      failure = error;
    }
  };

  return {
    append(entry) {
      if (closed || failure !== undefined) return;
      buffer.push(entry);
      if (buffer.length >= entriesPerWrite || landmarks.has(entry.type)) flush();
    },
    close() {
      if (!closed) {
        flush();
        closed = true;
        attempt(path, () => closeSync(file));
      }
      if (failure !== undefined) throw failure;
    },
  };
}

/**
 * Writes a whole history to `history.ndjson` in the folder and gives back the file's path.
 *
 * @throws StormfleetError HIST_1004 when it cannot be written.
 */
export async function writeHistory(
  folder: string,
  header: HistoryHeader,
  entries: Iterable<HistoryEntry> | AsyncIterable<HistoryEntry>,
): Promise<string> {
  const writer = openHistoryWriter(folder, header);
  try {
    for await (const entry of entries) writer.append(entry);
  } finally {
    writer.close();
  }
  return join(folder, historyFileName);
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new StormfleetError("HIST_1004", `The history cannot be written to ${path}: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** A write may take only a part, as on a disk that is nearly full; the rest is tried again until an error says why. */
function writeAll(file: number, lines: string): void {
  const bytes = Buffer.from(lines);
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
