import { describe, expect, test } from "vitest";
import { uplinkDrain } from "../../../../chaos/checkers/uplink-drain.ts";
import {
  delivery,
  drained,
  dropped,
  historyOf,
  judged,
  type Part,
  publish,
  stored,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(uplinkDrain, historyOf(...parts));

describe("uplink-drain", () => {
  test("is valid when what was stored is published and comes in order", () => {
    const verdict = judge(
      stored("meter-1", 1, 2),
      publish("meter-1", 1).ok(),
      publish("meter-1", 2).ok(),
      delivery("backend", 1),
      delivery("backend", 2),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ stored: 2, published: 2, lost: 0, reordered: 0 });
  });

  test("is unknown for an empty history", () => {
    expect(judge().outcome).toBe("unknown");
  });

  test("is invalid when a stored message vanished without a report", () => {
    const verdict = judge(
      stored("meter-1", 1, 2),
      publish("meter-1", 2).ok(),
      delivery("backend", 2),
      drained(),
    );
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]).toMatchObject({
      what: "meter-1/readings#1 was stored at 0.000 s and neither published nor reported as dropped",
      message: { sequence: 1 },
      actor: "meter-1",
    });
  });

  test("is invalid when a refused message was neither published again nor dropped", () => {
    expect(judge(stored("meter-1", 1), publish("meter-1", 1).fail(), drained()).outcome).toBe("invalid");
  });

  test("lets the store drop what it reports", () => {
    const verdict = judge(
      stored("meter-1", 1, 2),
      dropped("meter-1", 1),
      publish("meter-1", 2).ok(),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ dropped: 1, published: 1 });
  });

  test("is invalid when messages come in another order than they were stored in", () => {
    const verdict = judge(
      stored("meter-1", 1, 2),
      publish("meter-1", 2).ok(),
      publish("meter-1", 1).ok(),
      delivery("backend", 2),
      delivery("backend", 1),
      drained(),
    );
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]).toMatchObject({
      what: "meter-1/readings#1 was published, and reached backend at 0.007 s, after #2, which was stored later",
      message: { sequence: 1 },
      related: [{ source: "meter-1", stream: "readings", sequence: 2 }],
    });
  });

  test("does not blame the device for messages that it published in order", () => {
    const first = publish("meter-1", 1);
    const second = publish("meter-1", 2);
    const verdict = judge(
      stored("meter-1", 1, 2),
      first.ok(),
      second.ok(),
      delivery("backend", 2),
      delivery("backend", 1),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("does not take a foreign payload with a number of the future for the device's", () => {
    const verdict = judge(
      stored("meter-1", 1, 2, 3),
      delivery("backend", 3, { checksum: 9 }),
      [1, 2, 3].map((sequence) => [publish("meter-1", sequence).ok(), delivery("backend", sequence)]),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ published: 3, reordered: 0 });
  });

  test("counts a publish that was refused as none, and one that may have taken effect as the first", () => {
    const retried = (end: "fail" | "info") => [
      stored("meter-1", 1, 2),
      publish("meter-1", 1)[end](),
      publish("meter-1", 2).ok(),
      publish("meter-1", 1).ok(),
      delivery("backend", 2),
      delivery("backend", 1),
      drained(),
    ];
    expect(judge(retried("fail")).outcome).toBe("invalid");
    expect(judge(retried("info")).outcome).toBe("valid");
  });

  test("goes by the order of storing, not by the sequence numbers, and ignores repeats", () => {
    const verdict = judge(
      stored("meter-1", 2, 1),
      publish("meter-1", 2).ok(),
      publish("meter-1", 1).ok(),
      delivery("backend", 2),
      delivery("backend", 1),
      delivery("backend", 2),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("is unknown when nobody knows how the publish ended, unless the message came", () => {
    const open = [stored("meter-1", 1), publish("meter-1", 1).info()];
    expect(judge(open, drained()).outcome).toBe("unknown");
    expect(judge(open, delivery("backend", 1), drained()).outcome).toBe("valid");
  });

  test("is unknown when the device had not drained its store by the bound", () => {
    const open = stored("meter-1", 1);
    expect(judge(open).outcome).toBe("unknown");
    expect(judge(open, drained({ source: "meter-1", receiver: "backend" })).outcome).toBe("unknown");
    expect(judge(open, drained({ source: "meter-2", receiver: "backend" })).outcome).toBe("invalid");
  });

  test("takes a message of QoS 0 as published once it was sent", () => {
    expect(judge(stored("meter-1", 1), publish("meter-1", 1, { qos: 0 }).info(), drained()).outcome).toBe(
      "valid",
    );
  });
});
