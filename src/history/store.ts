/** Histories on disk: one entry per line, written while a run goes on, read back as a stream. */

export { readHistory, type StoredHistory } from "./history-reader.ts";
export { type HistoryWriter, historyFileName, openHistoryWriter, writeHistory } from "./history-writer.ts";
