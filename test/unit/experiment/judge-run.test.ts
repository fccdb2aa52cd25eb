import { describe, expect, test } from "vitest";
import { ackedNotLost } from "../../../chaos/checkers/acked-not-lost.ts";
import { exactlyOnce } from "../../../chaos/checkers/exactly-once.ts";
import { defineChecker } from "../../../src/define.ts";
import { judgeRun } from "../../../src/experiment/judge-run.ts";
import {
  at,
  delivery,
  drained,
  historyOf,
  note,
  phase,
  publish,
  stalled,
  subscribed,
} from "../../helpers/history-builder.ts";

const acked = (sequence: number) => publish("meter-1", sequence, { qos: 2 }).ok();
const arrived = (sequence: number) => delivery("backend", sequence, { qos: 2 });

describe("judging a run", () => {
  test("gathers verdicts, counts, notes and the time of the last entry, but not its own judge", async () => {
    const { header, entries } = historyOf(
      phase("storm"),
      subscribed("backend"),
      [acked(1), arrived(1)],
      publish("meter-1", 2).info(),
      note("steady-state-failed", "1 of 2 devices was away."),
      drained(),
      at(5000, phase("stop")),
    );
    const judged = await judgeRun(header, () => entries, [exactlyOnce, ackedNotLost]);
    expect(judged).toMatchObject({
      header,
      outcome: "valid",
      notes: ["1 of 2 devices was away."],
      counts: { published: 2, acknowledged: 1, delivered: 1 },
      elapsedMs: 5000,
      stories: [],
    });
    expect(judged.verdicts.map(({ checker, outcome }) => [checker, outcome])).toEqual([
      ["exactly-once", "valid"],
      ["acked-not-lost", "valid"],
    ]);
  });

  test("notes that the harness lagged once that could use up the slack of 500 ms", async () => {
    const notesAfter = async (...stalls: readonly number[]) => {
      const { header, entries } = historyOf(stalls.map((forMs) => at(10_000, stalled(forMs))));
      return (await judgeRun(header, () => entries, [exactlyOnce])).notes;
    };
    expect(await notesAfter(499)).toEqual([]);
    expect(await notesAfter(300, 3210)).toEqual([
      "The harness itself lagged 2 times, for up to 3.2 s: the machine slept or was too busy.",
    ]);
  });

  test("tells the stories of the first three offenders of each checker, under its name", async () => {
    const doubled = [1, 2, 3, 4].map((sequence) => [acked(sequence), arrived(sequence), arrived(sequence)]);
    const { header, entries } = historyOf(subscribed("backend"), doubled, acked(5), drained());
    const { outcome, stories } = await judgeRun(header, () => entries, [ackedNotLost, exactlyOnce]);
    expect(outcome).toBe("invalid");
    expect(stories.map(({ checker }) => checker)).toEqual([
      "acked-not-lost",
      "exactly-once",
      "exactly-once",
      "exactly-once",
    ]);
    expect(stories[0]?.what).toContain("meter-1/readings#5");
    expect(stories[1]?.what).toContain("meter-1/readings#1");
    expect(stories[1]?.timeline.length).toBeGreaterThan(2);
  });

  test("reads the history once for the verdicts and once for the stories", async () => {
    const { header, entries } = historyOf(subscribed("backend"), acked(1), arrived(1), drained());
    let passes = 0;
    const pass = async function* () {
      passes += 1;
      yield* entries;
    };
    const { outcome } = await judgeRun(header, pass, [exactlyOnce]);
    expect(outcome).toBe("valid");
    expect(passes).toBeLessThanOrEqual(2);
  });

  test("says that a history is torn, and does not call it valid", async () => {
    const { header, entries } = historyOf(subscribed("backend"), acked(1), arrived(1), drained());
    const { outcome, notes } = await judgeRun(header, () => entries, [exactlyOnce], { isTorn: () => true });
    expect(outcome).toBe("unknown");
    expect(notes).toEqual(["The last line of the history is torn; it was left out."]);
  });

  test("lets invalid dominate unknown, and unknown valid", async () => {
    const says = (name: string, outcome: "valid" | "invalid" | "unknown") =>
      defineChecker({
        name,
        guarantee: "",
        statements: [],
        judge: () => ({
          see() {},
          conclude: () => ({ outcome, summary: "", counts: {}, offenders: [], offenderCount: 0 }),
        }),
      });
    const { header, entries } = historyOf();
    const outcomeOf = async (...outcomes: ("valid" | "invalid" | "unknown")[]) =>
      (
        await judgeRun(
          header,
          () => entries,
          outcomes.map((outcome, index) => says(`c${index}`, outcome)),
        )
      ).outcome;
    expect(await outcomeOf("valid", "unknown")).toBe("unknown");
    expect(await outcomeOf("unknown", "invalid", "valid")).toBe("invalid");
    expect(await outcomeOf("valid", "valid")).toBe("valid");
    expect(await outcomeOf()).toBe("unknown");
  });
});
