import { describe, expect, test } from "vitest";
import { exactlyOnce } from "../../../../chaos/checkers/exactly-once.ts";
import {
  delivery,
  drained,
  historyOf,
  judged,
  type Part,
  publish,
  subscribed,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(exactlyOnce, historyOf(...parts));
const twice = { qos: 2 } as const;

describe("exactly-once", () => {
  test("is valid when each message of QoS 2 came once", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7, twice).ok(),
      delivery("backend", 7, twice),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ delivered: 1, doubled: 0, lost: 0 });
  });

  test("is invalid when a message of QoS 2 came twice, whatever the connection", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7, twice).ok(),
      delivery("backend", 7, twice),
      delivery("backend", 7, { ...twice, epoch: 2 }),
      drained(),
    );
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.counts).toMatchObject({ doubled: 1, lost: 0 });
    expect(verdict.offenders[0]?.what).toBe(
      "meter-1/readings#7 was delivered to backend once more at 0.006 s",
    );
  });

  test("is invalid when an acknowledged message of QoS 2 never came", () => {
    const verdict = judge(subscribed("backend"), publish("meter-1", 7, twice).ok(), drained());
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.counts).toMatchObject({ doubled: 0, lost: 1 });
    expect(verdict.offenders[0]?.what).toContain("never reached backend");
  });

  test("is unknown without any message of QoS 2", () => {
    expect(judge().outcome).toBe("unknown");
    const onlyQos1 = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      drained(),
    );
    expect(onlyQos1.outcome).toBe("unknown");
  });

  test("is unknown when the drain was cut short, but a repeat stays proven", () => {
    const open = [subscribed("backend"), publish("meter-1", 7, twice).ok()];
    expect(judge(open).outcome).toBe("unknown");
    const doubled = [
      publish("meter-1", 8, twice).ok(),
      delivery("backend", 8, twice),
      delivery("backend", 8, twice),
    ];
    expect(judge(open, doubled).outcome).toBe("invalid");
  });

  test("counts repeats at QoS 1 and lets them pass", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      delivery("backend", 7, { dup: true }),
      publish("meter-1", 8, twice).ok(),
      delivery("backend", 8, twice),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts.qos1Repeats).toBe(1);
  });

  test("lets a message come once per receiver", () => {
    const verdict = judge(
      subscribed("backend"),
      subscribed("archive"),
      publish("meter-1", 7, twice).ok(),
      delivery("backend", 7, twice),
      delivery("archive", 7, twice),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("judges the delivery of a publish whose end nobody knows", () => {
    const began = [subscribed("backend"), publish("meter-1", 7, twice).info(), delivery("backend", 7, twice)];
    expect(judge(began, drained()).outcome).toBe("valid");
    expect(judge(began, delivery("backend", 7, twice), drained()).outcome).toBe("invalid");
  });

  test("allows a copy for each time the device published it", () => {
    const again = [
      subscribed("backend"),
      publish("meter-1", 7, twice).info(),
      publish("meter-1", 7, twice).ok(),
      delivery("backend", 7, twice),
      delivery("backend", 7, twice),
    ];
    expect(judge(again, drained()).outcome).toBe("valid");
    expect(judge(again, delivery("backend", 7, twice), drained()).outcome).toBe("invalid");
  });

  test("allows a copy for each overlapping subscription and for a retained message", () => {
    const verdict = judge(
      subscribed("backend", "meter-1/#"),
      subscribed("backend", "+/readings"),
      publish("meter-1", 7, twice).ok(),
      delivery("backend", 7, twice),
      delivery("backend", 7, twice),
      delivery("backend", 7, { ...twice, retain: true }),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("owes nothing at QoS 2 to a receiver that was granted QoS 1", () => {
    const verdict = judge(
      subscribed("backend", "#", { qos: 1 }),
      publish("meter-1", 7, twice).ok(),
      delivery("backend", 7),
      drained(),
    );
    expect(verdict.outcome).toBe("unknown");
  });
});
