import { describe, expect, test } from "vitest";
import { ackedNotLost } from "../../../../chaos/checkers/acked-not-lost.ts";
import {
  connected,
  delivery,
  drained,
  historyOf,
  judged,
  lost,
  type Part,
  publish,
  subscribed,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(ackedNotLost, historyOf(...parts));

describe("acked-not-lost", () => {
  test("is valid when every acknowledged message arrived", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ acknowledged: 1, delivered: 1, lost: 0 });
    expect(verdict.summary).toBe("1 acknowledged message: all of 1 owed delivery came.");
  });

  test("is invalid when an acknowledged message never arrived and the drain was complete", () => {
    const verdict = judge(subscribed("backend"), publish("meter-1", 7).ok(), drained());
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenderCount).toBe(1);
    expect(verdict.offenders[0]).toMatchObject({
      what: "meter-1/readings#7 was acknowledged at 0.004 s and never reached backend",
      message: { source: "meter-1", stream: "readings", sequence: 7 },
      actor: "backend",
      fromMs: 3,
    });
  });

  test("is unknown for an empty history", () => {
    expect(judge().outcome).toBe("unknown");
    expect(judge().summary).toContain("Nothing to judge");
  });

  test("holds a lost sentinel against the broker only when a later one of its stream came", () => {
    const late = drained({ source: "meter-1", receiver: "backend" });
    const sentinel = (sequence: number) => publish("meter-1", sequence, { sentinel: true }).ok();
    const came = (sequence: number) => delivery("backend", sequence, { sentinel: true });
    const both = [subscribed("backend"), sentinel(7), sentinel(8)];
    expect(judge(both, came(8), drained()).offenders).toMatchObject([{ message: { sequence: 7 } }]);
    expect(judge(both, late, came(8)).offenders).toMatchObject([{ message: { sequence: 7 } }]);
    // The earlier one came late: the later one may still be on its way.
    expect(judge(both, came(7), late).outcome).toBe("unknown");
    expect(judge(both, late, came(7)).outcome).toBe("unknown");
  });

  test("is unknown when the run did not drain", () => {
    const verdict = judge(subscribed("backend"), publish("meter-1", 7).ok());
    expect(verdict.outcome).toBe("unknown");
    expect(verdict.summary).toContain("the run did not drain");
  });

  test("is unknown when the drain's bound was hit for that stream and receiver", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      drained({ source: "meter-1", receiver: "backend" }),
    );
    expect(verdict.outcome).toBe("unknown");
    expect(verdict.counts).toMatchObject({ lost: 0, undecided: 1 });
    expect(verdict.summary).toContain("bound was hit");
  });

  test("is invalid when the bound was hit for another stream only", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      drained({ source: "meter-2", receiver: "backend" }),
    );
    expect(verdict.outcome).toBe("invalid");
  });

  test("is invalid when the missing sentinel came after the bound and the message did not", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      drained({ source: "meter-1", receiver: "backend" }),
      delivery("backend", 8, { sentinel: true }),
    );
    expect(verdict.outcome).toBe("invalid");
  });

  test("never calls a publish lost whose end nobody knows", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).info(),
      publish("meter-1", 8).ok(),
      delivery("backend", 8),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ unknownPublishes: 1, acknowledged: 1 });
  });

  test("owes nothing for refused publishes and for QoS 0", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).fail(),
      publish("meter-1", 8, { qos: 0 }).info(),
      drained(),
    );
    expect(verdict.outcome).toBe("unknown");
    expect(verdict.counts).toMatchObject({ acknowledged: 0, lost: 0 });
  });

  test("counts a delivery that came before the acknowledgement", () => {
    const seventh = publish("meter-1", 7);
    const verdict = judge(
      subscribed("backend"),
      seventh.began,
      delivery("backend", 7),
      seventh.acked,
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts.delivered).toBe(1);
  });

  test("does not mind repeats at QoS 1", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      delivery("backend", 7, { dup: true }),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts.delivered).toBe(1);
  });

  test("owes a message to a persistent receiver that was away when it was published", () => {
    const away = [subscribed("backend"), connected("backend"), lost("backend"), publish("meter-1", 7).ok()];
    expect(judge(away, drained()).outcome).toBe("invalid");
    expect(judge(away, connected("backend"), delivery("backend", 7), drained()).outcome).toBe("valid");
  });

  test("owes nothing to a clean receiver that was away, or went away before the delivery", () => {
    const clean = subscribed("watcher", "#", { persistent: false });
    const wentAway = judge(clean, publish("meter-1", 7).ok(), lost("watcher"), drained());
    expect(wentAway.counts).toMatchObject({ lost: 0, excused: 1 });
    const wasAway = judge(clean, lost("watcher"), publish("meter-1", 7).ok(), drained());
    expect(wasAway.counts).toMatchObject({ lost: 0, excused: 0 });
    expect(wasAway.outcome).toBe("unknown");
  });

  test("owes a message to a clean receiver that stayed connected", () => {
    const verdict = judge(
      subscribed("watcher", "#", { persistent: false }),
      publish("meter-1", 7).ok(),
      drained(),
    );
    expect(verdict.outcome).toBe("invalid");
  });

  test("owes a clean receiver again from when it has subscribed anew", () => {
    const clean = subscribed("watcher", "#", { persistent: false });
    const verdict = judge(
      clean,
      lost("watcher"),
      connected("watcher"),
      clean,
      publish("meter-1", 7).ok(),
      drained(),
    );
    expect(verdict.outcome).toBe("invalid");
  });

  test("owes nothing to a receiver that became eligible after the publish began", () => {
    const seventh = publish("meter-1", 7);
    const verdict = judge(seventh.began, subscribed("backend"), seventh.acked, drained());
    expect(verdict.outcome).toBe("unknown");
    expect(verdict.counts.acknowledged).toBe(1);
  });

  test("owes nothing to subscriptions at QoS 0, on other topics, or shared with others", () => {
    const verdict = judge(
      subscribed("at-qos-0", "#", { qos: 0 }),
      subscribed("elsewhere", "meter-2/+"),
      subscribed("sharing", "$share/group/#"),
      publish("meter-1", 7).ok(),
      drained(),
    );
    expect(verdict.counts).toMatchObject({ acknowledged: 1, lost: 0 });
    expect(verdict.outcome).toBe("unknown");
  });

  test("names the receiver that did not get what another one got", () => {
    const verdict = judge(
      subscribed("backend"),
      subscribed("archive", "+/readings"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      drained(),
    );
    expect(verdict.offenders.map(({ actor }) => actor)).toEqual(["archive"]);
    expect(verdict.counts).toMatchObject({ delivered: 1, lost: 1 });
  });

  test("does not judge what was published after the drain", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      drained(),
      publish("meter-1", 8).ok(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("does not call lost what was acknowledged only after the drain", () => {
    const seventh = publish("meter-1", 7);
    const verdict = judge(subscribed("backend"), seventh.began, drained(), seventh.acked);
    expect(verdict.outcome).toBe("unknown");
  });

  test("takes a message that was published again for one message", () => {
    const verdict = judge(
      subscribed("backend"),
      publish("meter-1", 7).info(),
      publish("meter-1", 7).ok(),
      delivery("backend", 7),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("keeps the first ten offenders in the order of publishing and counts all", () => {
    const publishes = Array.from({ length: 25 }, (_, index) => publish("meter-1", index + 1).ok());
    const verdict = judge(subscribed("backend"), publishes, drained());
    expect(verdict.offenderCount).toBe(25);
    expect(verdict.offenders.map(({ message }) => message?.sequence)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(verdict.summary).toContain("25 of 25 owed deliveries");
  });
});
