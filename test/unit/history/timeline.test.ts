import { describe, expect, test } from "vitest";
import type { Offender } from "../../../src/history/checker.ts";
import { formatTimeline, gatherTimelines, maxTimelineEntries } from "../../../src/history/timeline.ts";
import {
  at,
  connected,
  delivery,
  device,
  drained,
  fault,
  foreignDelivery,
  gap,
  historyOf,
  logged,
  lost,
  note,
  type Part,
  phase,
  processed,
  publish,
  stalled,
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

  test("shows the other message of an order that was broken, with what became of both", async () => {
    const lines = await linesOf(
      {
        what: "reordered",
        message: { source: "meter-1", stream: "readings", sequence: 7 },
        related: [{ source: "meter-1", stream: "readings", sequence: 8 }],
        actor: "backend",
        untilMs: 1003,
      },
      at(1000, publish("meter-1", 7).began, publish("meter-1", 8).began),
      delivery("backend", 8),
      delivery("backend", 6),
      delivery("backend", 7),
    );
    expect(lines).toEqual([
      "  1.000 s  meter-1  → publish meter-1/readings#7 (QoS 1)",
      "  1.001 s  meter-1  → publish meter-1/readings#8 (QoS 1)",
      "  1.002 s  backend  ← meter-1/readings#8 (QoS 1, connection 1)",
      "  1.004 s  backend  ← meter-1/readings#7 (QoS 1, connection 1)",
    ]);
  });

  test("leaves out what belongs to no story: phases, attempts, the end of the run", async () => {
    const fall = fault(1, "severs");
    const lines = await linesOf(
      seventh,
      device("meter-1"),
      at(1000, publish("meter-1", 7).ok()),
      at(2000, fall.injecting, fall.injected, lost("meter-1"), phase("heal")),
      at(3000, fall.healing, state("meter-1", "disconnected", "connecting"), fall.healed),
      at(3500, connected("meter-1"), phase("drain")),
      at(4000, drained({ source: "meter-1", receiver: "backend" }), note("drain-bound-hit"), phase("stop")),
      at(5000, state("meter-1", "connected", "stopped")),
    );
    expect(lines).toEqual([
      "  1.000 s  meter-1  → publish meter-1/readings#7 (QoS 1)",
      "  1.001 s  meter-1  ✓ acknowledged meter-1/readings#7",
      "  2.001 s           ! injected severs-it on link-1 (severs)",
      "  2.002 s  meter-1  · connected → disconnected (connectionLost)",
      "  3.002 s           ! healed severs-it on link-1 (severs)",
      "  3.500 s  meter-1  · connecting → connected (connackReceived)",
      "  4.000 s           – drained for 10 ms: 1 stream did not come to an end",
    ]);
  });

  test("keeps both stages of an injection when the device fell in between", async () => {
    const fall = fault(1, "severs");
    const lines = await linesOf(
      { what: "late", actor: "meter-1", fromMs: 0 },
      device("meter-1"),
      connected("meter-1"),
      fall.injecting,
      lost("meter-1"),
      fall.injected,
    );
    expect(lines.map((line) => line.slice(11).trim())).toEqual([
      "meter-1  · connecting → connected (connackReceived)",
      "! injecting severs-it on link-1 (severs)",
      "meter-1  · connected → disconnected (connectionLost)",
      "! injected severs-it on link-1 (severs)",
    ]);
  });

  test("marks a changed payload, and shows what came in unreadable on the topic of a lost message", async () => {
    const story = publish("meter-1", 7);
    expect(
      await linesOf(
        seventh,
        story.ok(),
        delivery("backend", 7, { checksum: 8 }),
        foreignDelivery("backend", "x"),
      ),
    ).toContain("  0.002 s  backend  ← meter-1/readings#7 (QoS 1, payload changed, connection 1)");
    const lines = await linesOf(seventh, story.ok(), foreignDelivery("backend", "meter-1/readings"));
    expect(lines.at(-1)).toBe(
      "  0.002 s  backend  ← 3 unreadable bytes on meter-1/readings (QoS 0, connection 1)",
    );
  });

  test("says when the harness itself lagged", async () => {
    const lines = await linesOf({ what: "late", actor: "meter-1", fromMs: 0 }, at(4000, stalled(3000.4)));
    expect(lines).toEqual(["  4.000 s    ! the harness itself lagged for 3000 ms"]);
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
