import { expect, test } from "vitest";
import type { HistoryEntry } from "../../../src/history/entry.ts";
import { createRecorder } from "../../../src/history/recorder.ts";
import { realClock } from "../../../src/time/real-clock.ts";

function clockAt(times: number[]) {
  return { ...realClock, monotonicMs: () => times.shift() ?? Number.NaN };
}

test("stamps entries with the milliseconds since the start, rounded to a microsecond", () => {
  const recorder = createRecorder(clockAt([100, 100.123456, 250]));
  recorder.record({ type: "phase", phase: "storm" });
  recorder.record({ type: "phase", phase: "heal" });
  expect([...recorder.entries]).toEqual([
    { type: "phase", phase: "storm", atMs: 0.123 },
    { type: "phase", phase: "heal", atMs: 150 },
  ]);
  expect(recorder.size).toBe(2);
});

test("tells the time that an entry recorded now would have", () => {
  expect(createRecorder(clockAt([100, 101.5])).elapsedMs()).toBe(1.5);
});

test("hands each entry to the sink, in order", () => {
  const seen: HistoryEntry[] = [];
  const recorder = createRecorder(realClock, { sink: (entry) => seen.push(entry) });
  recorder.record({ type: "completed", op: 1, actor: "meter-1" });
  recorder.record({ type: "completed", op: 2, actor: "meter-1" });
  expect(seen).toEqual([...recorder.entries]);
});

test("numbers operations from 1", () => {
  const recorder = createRecorder(realClock);
  expect([recorder.nextOp(), recorder.nextOp(), recorder.nextOp()]).toEqual([1, 2, 3]);
});

test("keeps nothing when the sink does", () => {
  const seen: HistoryEntry[] = [];
  const recorder = createRecorder(realClock, { sink: (entry) => seen.push(entry), keep: false });
  recorder.record({ type: "completed", op: 1, actor: "meter-1" });
  expect(seen).toHaveLength(1);
  expect([...recorder.entries]).toEqual([]);
});
