import { describe, expect, test } from "vitest";
import type { Offender } from "../../../src/history/checker.ts";
import { formatTimeline, gatherTimelines, maxTimelineEntries } from "../../../src/history/timeline.ts";
import {
  at,
  connected,
  delivery,
  device,
  fault,
  gap,
  historyOf,
  logged,
  lost,
  type Part,
  phase,
  processed,
  publish,
  state,
  subscribed,
} from "../../helpers/history-builder.ts";

const seventh: Offender = {
  what: "lost",
  message: { source: "meter-1", stream: "readings", sequence: 7 },
  actor: "backend",
};

async function linesOf(offender: Offender, ...parts: readonly Part[]) {
  const [timeline] = await gatherTimelines(historyOf(...parts).entries, [offender]);
  return timeline === undefined ? [] : formatTimeline(timeline);
}

describe("a timeline", () => {
  test("tells a message's story with the states and faults around it, in columns", async () => {
    const silenced = fault(1, "silences");
    const story = publish("meter-1", 7, { qos: 2 });
    const lines = await linesOf(
      seventh,
      device("meter-1"),
      device("meter-2", "link-2"),
      connected("meter-1"),
      connected("meter-2"),
      connected("backend"),
      subscribed("backend"),
      at(500, publish("meter-1", 6).ok(), delivery("backend", 6)),
      at(1000, fault(9, "cuts", { links: ["link-2"] }).put, silenced.put),
      at(12_345, story.began, story.acked),
      at(13_000, delivery("backend", 7, { qos: 2, dup: true, epoch: 2 }), story.completed),
      at(14_000, lost("meter-2"), lost("meter-1", "heartbeatTimedOut"), silenced.healing),
    );
    expect(lines).toEqual([
      "   0.002 s  meter-1  · connecting → connected (connackReceived)",
      "   0.004 s  backend  · connecting → connected (connackReceived)",
      "   1.003 s           ! injected silences-it on link-1 (silences)",
      "  12.345 s  meter-1  → publish meter-1/readings#7 (QoS 2)",
      "  12.346 s  meter-1  ✓ acknowledged meter-1/readings#7",
      "  13.000 s  backend  ← meter-1/readings#7 (QoS 2, dup, connection 2)",
      "  13.001 s  meter-1  ✓ completed meter-1/readings#7",
      "  14.001 s  meter-1  · connected → disconnected (heartbeatTimedOut)",
      "  14.002 s           ! healing silences-it on link-1 (silences)",
    ]);
  });

  test("ends with the offender's window", async () => {
    const lines = await linesOf(
      { ...seventh, untilMs: 20 },
      publish("meter-1", 7).ok(),
      at(20, lost("meter-1")),
      at(21, lost("backend")),
    );
    expect(lines).toHaveLength(3);
  });

  test("is about a stretch of time when there is no message", async () => {
    const lines = await linesOf(
      { what: "late", actor: "meter-1", fromMs: 1000, untilMs: 2000 },
      device("meter-1"),
      connected("meter-1"),
      at(900, lost("meter-1")),
      at(950, phase("storm")),
      at(1500, state("meter-1", "disconnected", "backingOff", { attempt: 0 })),
      at(2500, connected("meter-1")),
    );
    expect(lines).toEqual([
      "  0.900 s  meter-1  · connected → disconnected (connectionLost)",
      "  1.500 s  meter-1  · disconnected → backingOff (handshakeFailed, retry 1)",
    ]);
  });

  test("tells the story of a compensated message by its id in the log", async () => {
    const lines = await linesOf(
      { what: "missing", actor: "lamp-1", logId: 2 },
      logged("lamp-1", 1, 2, 3),
      logged("lamp-2", 2),
      { type: "invoke", action: "resume", op: 900, actor: "lamp-1", lastMessageId: 0 },
      { type: "ok", action: "resume", op: 900, actor: "lamp-1", replayed: 2, headMessageId: 3 },
      gap("lamp-1", 1, 2),
      processed("lamp-1", 3),
      processed("lamp-1", 2),
    );
    expect(lines.map((line) => line.slice(line.indexOf("lamp-1")))).toEqual([
      "lamp-1  – #2 was logged for it",
      "lamp-1  → resume after #0",
      "lamp-1  ✓ acknowledged resume (op 900)",
      "lamp-1  ← was told that #1 to #2 are gone",
      "lamp-1  ✓ processed #2 (replay)",
    ]);
  });

  test("stays within its bound, keeps the message before all, and says what it left out", async () => {
    const flapping = Array.from({ length: 100 }, () => [lost("meter-1"), connected("meter-1")]);
    const lines = await linesOf(
      seventh,
      publish("meter-1", 7).ok(),
      flapping,
      delivery("backend", 7),
      flapping,
      delivery("backend", 7),
    );
    expect(lines.length).toBeLessThanOrEqual(maxTimelineEntries + 1);
    expect(lines.filter((line) => line.includes("readings#7"))).toHaveLength(4);
    expect(lines.at(-2)).toContain("← meter-1/readings#7");
    expect(lines.at(-1)).toMatch(/^ {2}… and \d+ more$/);
  });

  test("is gathered for all offenders in one pass", async () => {
    const { entries } = historyOf(publish("meter-1", 7).ok(), publish("meter-1", 8).ok());
    let passes = 0;
    async function* stream() {
      passes += 1;
      yield* entries;
    }
    const eighth: Offender = { what: "x", message: { source: "meter-1", stream: "readings", sequence: 8 } };
    const timelines = await gatherTimelines(stream(), [eighth, seventh]);
    expect(timelines.map(({ offender, entries: own }) => [offender, own.length])).toEqual([
      [eighth, 2],
      [seventh, 2],
    ]);
    expect(passes).toBe(1);
    expect(await gatherTimelines(stream(), [])).toEqual([]);
    expect(passes).toBe(1);
  });
});
