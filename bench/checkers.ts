import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalog } from "../src/catalog.ts";
import type { HistoryEntry, HistoryHeader } from "../src/history/entry.ts";
import { judgeHistory } from "../src/history/judge.ts";
import { readHistory, writeHistory } from "../src/history/store.ts";
import { realClock } from "../src/time/real-clock.ts";

// How long all checkers take for a million entries in one pass, from memory and from disk.
// Run: npx node bench/checkers.ts

const { checkers } = catalog;
const total = 1_000_000;
const devices = 1000;

const header: HistoryHeader = {
  stormfleet: "history",
  version: 1,
  run: "bench",
  experiment: "bench",
  seed: "1",
  startedAt: "2026-01-01T00:00:00.000Z",
  backend: "none",
  protocol: "3.1.1",
  devices,
  durationMs: 1,
  checkers: [],
  settings: {
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 3000,
    handshakeTimeoutMs: 3000,
    backoffBaseMs: 250,
    backoffMaxMs: 2000,
    backoffLongestMs: 2000,
    slackMs: 500,
  },
};

function* entries(): Generator<HistoryEntry> {
  let count = 0;
  const actors = Array.from({ length: devices }, (_, index) => `meter-${index}`);
  const at = () => {
    count += 1;
    return count / 100;
  };
  for (const actor of actors) {
    yield { type: "device", actor, model: "meter", link: "link-1", clientId: actor, atMs: at() };
    yield {
      type: "state",
      actor,
      from: "connecting",
      to: "connected",
      cause: "connackReceived",
      epoch: 1,
      atMs: at(),
    };
    yield { type: "eligible", actor, filter: `fleet/down/${actor}/#`, qos: 2, persistent: true, atMs: at() };
  }
  yield {
    type: "invoke",
    action: "subscribe",
    op: 0,
    actor: "backend",
    filter: "fleet/up/#",
    qos: 2,
    atMs: at(),
  };
  yield { type: "eligible", actor: "backend", filter: "fleet/up/#", qos: 2, persistent: true, atMs: at() };
  for (let op = 1; count < total; op += 1) {
    const actor = actors[op % devices] ?? "";
    const message = { source: actor, stream: "readings", sequence: Math.floor(op / devices) + 1 };
    const content = {
      topic: `fleet/up/${actor}/readings`,
      qos: (op % 2) + 1 === 1 ? 1 : 2,
      retain: false,
      bytes: 120,
      checksum: op,
    } as const;
    yield { type: "uplink", event: "stored", actor, message, atMs: at() };
    yield {
      type: "invoke",
      action: "publish",
      op,
      actor,
      message,
      ...content,
      epoch: 1,
      traceId: "0123456789abcdef",
      atMs: at(),
    };
    yield { type: "ok", action: "publish", op, actor, atMs: at() };
    yield { type: "delivery", actor: "backend", message, ...content, dup: false, epoch: 1, atMs: at() };
  }
  yield { type: "drained", waitedMs: 1, boundMs: 1, missing: [], atMs: at() };
}

async function measured<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const startMs = realClock.monotonicMs();
  const result = await work();
  const seconds = (realClock.monotonicMs() - startMs) / 1000;
  process.stdout.write(`${what}: ${seconds.toFixed(2)} s\n`);
  return result;
}

const history = [...entries()];
const folder = mkdtempSync(join(tmpdir(), "stormfleet-bench-"));
try {
  const judge = (from: Iterable<HistoryEntry> | AsyncIterable<HistoryEntry>) =>
    judgeHistory(header, from, checkers);
  const verdicts = await measured(`judge ${history.length} entries from memory`, () => judge(history));
  for (const { checker, outcome, summary } of verdicts)
    process.stdout.write(`  ${checker}: ${outcome}. ${summary}\n`);
  for (const checker of checkers)
    await measured(`  ${checker.name} alone`, () => judgeHistory(header, history, [checker]));
  await measured("write them", () => writeHistory(folder, header, history));
  const stored = await readHistory(folder);
  await measured("read and judge them", () => judge(stored.entries));
  process.stdout.write(`resident: ${Math.round(process.memoryUsage.rss() / 1e6)} MB\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
