import { describe, expect, test } from "vitest";
import { topicOrder } from "../../../../chaos/checkers/topic-order.ts";
import {
  delivery,
  historyOf,
  judged,
  type MessageOptions,
  type Part,
  publish,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(topicOrder, historyOf(...parts));
const published = (...sequences: readonly number[]): Part =>
  sequences.map((each) => publish("meter-1", each).ok());
const came = (sequences: readonly number[], options: MessageOptions = {}): Part =>
  sequences.map((each) => delivery("backend", each, options));

describe("topic-order", () => {
  test("is valid when first deliveries come in order", () => {
    const verdict = judge(published(1, 2, 3), came([1, 2, 3]));
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ deliveries: 3, repeats: 0, reordered: 0 });
  });

  test("is invalid when a message first comes after a later one", () => {
    const verdict = judge(published(1, 2, 3), came([1, 3, 2]));
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]).toMatchObject({ message: { sequence: 2 }, actor: "backend" });
    expect(verdict.offenders[0]?.what).toContain("after #3 of the same topic and QoS 1");
  });

  test("is unknown for an empty history", () => {
    expect(judge().outcome).toBe("unknown");
    expect(judge(published(1, 2)).outcome).toBe("unknown");
  });

  test("lets repeats step back, as MQTT 5.0 allows 1,2,3,2,3,4", () => {
    const verdict = judge(published(1, 2, 3, 4), came([1, 2, 3, 2, 3, 4]));
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts.repeats).toBe(2);
  });

  test("lets messages be missing", () => {
    expect(judge(published(1, 2, 3), came([1, 3])).outcome).toBe("valid");
  });

  test("judges QoS 0 too", () => {
    const qos0 = [1, 2].map((each) => publish("meter-1", each, { qos: 0 }).info());
    expect(judge(qos0, came([2, 1], { qos: 0 })).outcome).toBe("invalid");
  });

  test("keeps topics, levels of QoS, streams and receivers apart", () => {
    const verdict = judge(
      publish("meter-1", 1, { topic: "a" }).ok(),
      publish("meter-1", 2, { topic: "b" }).ok(),
      publish("meter-1", 3, { topic: "a", qos: 2 }).ok(),
      publish("meter-1", 4, { topic: "a" }).ok(),
      publish("meter-2", 9, { topic: "a" }).ok(),
      delivery("backend", 9, { topic: "a", from: "meter-2" }),
      delivery("backend", 4, { topic: "a" }),
      delivery("backend", 2, { topic: "b" }),
      delivery("backend", 3, { topic: "a", qos: 2 }),
      delivery("archive", 1, { topic: "a" }),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("keeps apart what was published at different QoS, though a QoS 0 subscription makes it one", () => {
    const verdict = judge(
      publish("meter-1", 1, { qos: 2 }).ok(),
      publish("meter-1", 2, { qos: 0 }).info(),
      came([2, 1], { qos: 0 }),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("does not judge what was published again, or after a later one", () => {
    const again = judge(published(1, 2), publish("meter-1", 1).ok(), came([2, 1]));
    expect(again.counts).toMatchObject({ notJudged: 1, reordered: 0 });
    const late = judge(published(2, 1), came([2, 1]));
    expect(late.counts).toMatchObject({ notJudged: 1, reordered: 0 });
  });

  test("does not judge retained copies and messages that nobody published", () => {
    const verdict = judge(published(1, 2), came([2]), delivery("backend", 1, { retain: true }), came([7]));
    expect(verdict.outcome).toBe("valid");
  });
});
