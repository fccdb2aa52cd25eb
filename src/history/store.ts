/** Histories on disk: one entry per line, written while a run goes on, read back as a stream. */

export { readHistory } from "./history-reader.ts";
export { historyFileName, openHistoryWriter, writeHistory } from "./history-writer.ts";
