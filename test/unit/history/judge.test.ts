import { describe, expect, test } from "vitest";
import { ackedNotLost } from "../../../chaos/checkers/acked-not-lost.ts";
import { topicOrder } from "../../../chaos/checkers/topic-order.ts";
import { defineChecker } from "../../../src/history/checker.ts";
import { combineOutcomes, judgeHistory } from "../../../src/history/judge.ts";
import {
  broker,
  delivery,
  drained,
  headerWith,
  historyOf,
  note,
  type Part,
  phase,
  publish,
  subscribed,
} from "../../helpers/history-builder.ts";

const good: Part = [subscribed("backend"), publish("meter-1", 7).ok(), delivery("backend", 7), drained()];
const bad: Part = [subscribed("backend"), publish("meter-1", 7).ok(), drained()];

async function outcomeOf(parts: readonly Part[], isTorn = false) {
  const { header, entries } = historyOf(...parts);
  const [verdict] = await judgeHistory(header, entries, [ackedNotLost], { isTorn: () => isTorn });
  return verdict;
}

describe("combineOutcomes", () => {
  test("puts invalid over unknown over valid, and knows nothing of nothing", () => {
    expect(combineOutcomes(["valid", "unknown", "invalid"])).toBe("invalid");
    expect(combineOutcomes(["valid", "unknown", "valid"])).toBe("unknown");
    expect(combineOutcomes(["valid", "valid"])).toBe("valid");
    expect(combineOutcomes([])).toBe("unknown");
  });
});

describe("judgeHistory", () => {
  test("gives all verdicts in the checkers' order from one pass over a stream", async () => {
    const { header, entries } = historyOf(good);
    let passes = 0;
    async function* stream() {
      passes += 1;
      yield* entries;
    }
    const verdicts = await judgeHistory(header, stream(), [topicOrder, ackedNotLost]);
    expect(verdicts.map(({ checker, outcome }) => [checker, outcome])).toEqual([
      ["topic-order", "valid"],
      ["acked-not-lost", "valid"],
    ]);
    expect(verdicts[1]?.statements).toBe(ackedNotLost.statements);
    expect(passes).toBe(1);
  });

  test("gives unknown for a checker that throws, with the reason, and lets the others judge", async () => {
    const fails = (where: "judge" | "see" | "conclude") =>
      defineChecker({
        name: where,
        guarantee: "",
        statements: [],
        judge() {
          if (where === "judge") throw new Error("no judge");
          return {
            see() {
              if (where === "see") throw new Error("cannot see");
            },
            conclude() {
              throw new Error("cannot conclude");
            },
          };
        },
      });
    const { header, entries } = historyOf(good);
    const checkers = [fails("judge"), fails("see"), fails("conclude"), ackedNotLost];
    const verdicts = await judgeHistory(header, entries, checkers);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(["unknown", "unknown", "unknown", "valid"]);
    expect(verdicts[0]?.summary).toContain("before the first entry: no judge");
    expect(verdicts[1]?.summary).toContain("at 0 ms (backend → subscribe # (QoS 2)): cannot see");
    expect(verdicts[2]?.summary).toContain("at the end: cannot conclude");
  });

  test("throws what the entries throw", async () => {
    const failing = (async function* () {
      yield* historyOf(good).entries;
      throw new Error("damaged");
    })();
    await expect(judgeHistory(headerWith(), failing, [ackedNotLost])).rejects.toThrow("damaged");
  });

  test("calls nothing valid whose history lacks a part, and says which", async () => {
    expect((await outcomeOf([good]))?.outcome).toBe("valid");
    expect((await outcomeOf([phase("warm-up"), good, phase("stop")]))?.outcome).toBe("valid");
    expect((await outcomeOf([good], true))?.summary).toContain("last line is torn");
    expect((await outcomeOf([good, note("interrupted")]))?.summary).toContain("the run was interrupted");
    expect((await outcomeOf([good, note("method-failed")]))?.summary).toContain(
      "not all injected and healed",
    );
    expect((await outcomeOf([good, broker("lost")]))?.summary).toContain("the broker went away");
    expect((await outcomeOf([phase("storm"), good]))?.summary).toContain('ends in the phase "storm"');
    for (const parts of [
      [good, note("interrupted")],
      [good, note("method-failed")],
      [good, broker("lost")],
      [phase("storm"), good],
    ]) {
      expect((await outcomeOf(parts))?.outcome).toBe("unknown");
    }
  });

  test("does not mind a broker that came back, that stops with the run, or other notes", async () => {
    expect((await outcomeOf([good, broker("lost"), broker("back")]))?.outcome).toBe("valid");
    expect((await outcomeOf([good, phase("stop"), broker("lost")]))?.outcome).toBe("valid");
    expect((await outcomeOf([good, note("steady-state-failed")]))?.outcome).toBe("valid");
  });

  test("keeps an invalid that is proven", async () => {
    expect((await outcomeOf([bad, note("interrupted"), broker("lost")], true))?.outcome).toBe("invalid");
  });
});
