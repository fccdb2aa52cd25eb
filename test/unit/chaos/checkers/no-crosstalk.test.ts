import { describe, expect, test } from "vitest";
import { noCrosstalk } from "../../../../chaos/checkers/no-crosstalk.ts";
import {
  delivery,
  foreignDelivery,
  historyOf,
  judged,
  type Part,
  publish,
  subscribed,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(noCrosstalk, historyOf(...parts));
const whatIsWrong = (...parts: readonly Part[]) => judge(...parts).offenders.map(({ what }) => what);

describe("no-crosstalk", () => {
  test("is valid when every delivery was published before, unchanged, and subscribed to", () => {
    const verdict = judge(
      subscribed("backend", "+/readings"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      delivery("backend", 7),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toEqual({ deliveries: 2, foreign: 0 });
  });

  test("is unknown when nothing was delivered", () => {
    expect(judge().outcome).toBe("unknown");
    expect(judge(subscribed("backend"), publish("meter-1", 7).ok()).outcome).toBe("unknown");
  });

  test("is invalid for a payload without an identity", () => {
    expect(whatIsWrong(subscribed("backend"), foreignDelivery("backend", "a/b"))).toEqual([
      "backend received 3 bytes on a/b that nobody of this run published (at 0.003 s)",
    ]);
  });

  test("is invalid for a message that was not published, or only later", () => {
    const wrong = ["meter-1/readings#7 reached backend, but it was not published before (at 0.003 s)"];
    expect(whatIsWrong(subscribed("backend"), delivery("backend", 7))).toEqual(wrong);
    expect(whatIsWrong(subscribed("backend"), delivery("backend", 7), publish("meter-1", 7).ok())).toEqual(
      wrong,
    );
  });

  test("is invalid for another topic, another size or another checksum", () => {
    const start = [subscribed("backend"), publish("meter-1", 7).ok()];
    expect(whatIsWrong(start, delivery("backend", 7, { topic: "x" }))[0]).toContain(
      "on another topic than x",
    );
    expect(whatIsWrong(start, delivery("backend", 7, { bytes: 63 }))[0]).toContain("with 64 bytes, not 63");
    expect(whatIsWrong(start, delivery("backend", 7, { checksum: 9 }))[0]).toContain("payload was changed");
  });

  test("knows an empty payload from no publish", () => {
    const empty = { bytes: 0, checksum: 0 };
    expect(
      judge(subscribed("backend"), publish("meter-1", 7, empty).ok(), delivery("backend", 7, empty)).outcome,
    ).toBe("valid");
  });

  test("is invalid for a receiver that did not subscribe to the topic", () => {
    const publishes = [subscribed("meter-2", "meter-2/#"), publish("meter-1", 7).ok()];
    expect(whatIsWrong(publishes, delivery("meter-2", 7))).toEqual([
      "meter-2 received a message on meter-1/readings, which it did not subscribe to (at 0.005 s)",
    ]);
  });

  test("takes any content under which a message was published more than once", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7, { checksum: 1 }).info(),
      publish("meter-1", 7, { checksum: 2 }).ok(),
      delivery("backend", 7, { checksum: 2 }),
      delivery("backend", 7, { checksum: 1 }),
    );
    expect(verdict.outcome).toBe("valid");
  });
});
