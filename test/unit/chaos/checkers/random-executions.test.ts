import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalog } from "../../../../src/catalog.ts";
import type { DeliveryEntry, HistoryEntry } from "../../../../src/history/entry.ts";
import { describeMessage } from "../../../../src/history/entry.ts";
import { judgeHistory } from "../../../../src/history/judge.ts";
import { type BuiltHistory, historyOf, stored } from "../../../helpers/history-builder.ts";
import { play, steps } from "./random-execution.ts";

const { checkers } = catalog;

async function invalidOnes({ header, entries }: BuiltHistory): Promise<readonly string[]> {
  const verdicts = await judgeHistory(header, entries, checkers);
  return verdicts.filter(({ outcome }) => outcome === "invalid").map(({ checker }) => checker);
}

/** Deliveries at the backend, which keeps its session, of acknowledged messages, that came once. */
function soundDeliveries(entries: readonly HistoryEntry[]): readonly DeliveryEntry[] {
  const acknowledged = new Set(entries.flatMap((entry) => (entry.type === "ok" ? [entry.op] : [])));
  const owed = new Set(
    entries.flatMap((entry) =>
      entry.type === "invoke" && entry.action === "publish" && acknowledged.has(entry.op)
        ? [describeMessage(entry.message)]
        : [],
    ),
  );
  const atBackend = entries.filter((entry) => entry.type === "delivery" && entry.actor === "backend");
  const names = atBackend.map((entry) => nameOf(entry));
  return atBackend.filter((entry): entry is DeliveryEntry => {
    const name = nameOf(entry);
    return owed.has(name) && names.indexOf(name) === names.lastIndexOf(name);
  });
}

function nameOf(entry: HistoryEntry): string {
  return entry.type === "delivery" && entry.message !== null ? describeMessage(entry.message) : "";
}

function pick<Item>(items: readonly Item[], number: number): Item {
  const item = items[number % items.length];
  if (item === undefined) throw new Error("The execution holds nothing to mutate.");
  return item;
}

const without = (entries: readonly HistoryEntry[], gone: HistoryEntry) =>
  entries.filter((entry) => entry !== gone);

function insertedAfter(entries: readonly HistoryEntry[], place: HistoryEntry, entry: HistoryEntry) {
  return entries.toSpliced(entries.indexOf(place) + 1, 0, { ...entry, atMs: place.atMs });
}

/** Checks that a mutation of any correct execution is caught by these checkers and by no other. */
async function isCaught(
  mutate: (
    entries: readonly HistoryEntry[],
    choice: number,
  ) => { entries: readonly HistoryEntry[]; by: string[] },
) {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (plan, choice) => {
      const history = play(plan);
      const { entries, by } = mutate(history.entries, choice);
      expect(await invalidOnes({ ...history, entries })).toEqual(by);
    }),
    { numRuns: 150 },
  );
}

describe("random executions", () => {
  test("exercise all checkers but that of the retry budget", async () => {
    const { header, entries } = play([
      { kind: "store", count: 1 },
      { kind: "outage", effect: "silences", noticedAfterMs: 2000, lastsMs: 5000, backAfterMs: 1000 },
    ]);
    const verdicts = await judgeHistory(header, entries, checkers);
    expect(verdicts.filter(({ outcome }) => outcome !== "valid").map(({ checker }) => checker)).toEqual([
      "graceful-degradation",
    ]);
  });

  test("raise nothing when they are correct", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const { header, entries } = play(plan);
        const verdicts = await judgeHistory(header, entries, checkers);
        for (const { checker, outcome, summary } of verdicts) {
          const expected = summary.startsWith("Nothing to judge") ? "unknown" : "valid";
          expect([checker, outcome, summary]).toEqual([checker, expected, summary]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("are caught when an acknowledged message is dropped", async () => {
    await isCaught((entries, choice) => {
      const gone = pick(
        soundDeliveries(entries).filter(({ qos }) => qos > 0),
        choice,
      );
      const by = gone.qos === 2 ? ["acked-not-lost", "exactly-once"] : ["acked-not-lost"];
      return { entries: without(entries, gone), by };
    });
  });

  test("are caught when a QoS 2 delivery is doubled", async () => {
    await isCaught((entries, choice) => {
      const atQos2 = soundDeliveries(entries).filter(({ qos }) => qos === 2);
      const doubled = pick(atQos2, choice);
      const later = pick(atQos2.slice(atQos2.indexOf(doubled)), choice);
      return { entries: insertedAfter(entries, later, doubled), by: ["exactly-once"] };
    });
  });

  test("are caught when two first deliveries of a topic are swapped", async () => {
    await isCaught((entries, choice) => {
      const sound = soundDeliveries(entries);
      const pairs = sound.flatMap((first, index) => {
        const second = sound
          .slice(index + 1)
          .find((other) => other.topic === first.topic && other.qos === first.qos);
        return second === undefined ? [] : [{ first, second }];
      });
      const { first, second } = pick(pairs, choice);
      // Moved behind the other one, not both exchanged: a delivery must not come before its own publish.
      const entriesAfter = insertedAfter(without(entries, first), second, first);
      return { entries: entriesAfter, by: ["topic-order"] };
    });
  });

  test("are caught when a compensated message is skipped", async () => {
    await isCaught((entries, choice) => {
      const skipped = pick(
        entries.filter(({ type }) => type === "processed"),
        choice,
      );
      return { entries: without(entries, skipped), by: ["compensation-complete"] };
    });
  });

  test("are caught when a payload is changed on the way", async () => {
    await isCaught((entries, choice) => {
      const changed = pick(soundDeliveries(entries), choice);
      const broken = insertedAfter(entries, changed, { ...changed, checksum: changed.checksum + 1 });
      return { entries: without(broken, changed), by: ["no-crosstalk"] };
    });
  });

  test("are caught when a stored message is neither published nor dropped", async () => {
    await isCaught((entries) => {
      const forgotten = historyOf(stored("forgetful", 1)).entries;
      return { entries: [...forgotten, ...entries], by: ["uplink-drain"] };
    });
  });
});
