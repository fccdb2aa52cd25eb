import { describe, expect, test } from "vitest";
import { detectionBound } from "../../../../chaos/checkers/detection-bound.ts";
import {
  at,
  broker,
  connected,
  device,
  fault,
  historyOf,
  judged,
  lost,
  type Part,
  phase,
  stalled,
  state,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(detectionBound, historyOf(...parts));
const up: Part = [device("meter-1"), connected("meter-1")];
const silenced = fault(1, "silences");
/** Injected at 10,001 ms; to be noticed by 13,501 ms. */
const silence: Part = [up, at(10_000, silenced.put)];
const alarmAt = (ms: number): Part => at(ms, lost("meter-1", "heartbeatTimedOut"));

describe("detection-bound", () => {
  test("is valid when a silent link is noticed within the heartbeat timeout", () => {
    const verdict = judge(silence, alarmAt(13_001), at(20_000, silenced.taken));
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ detected: 1, maxMs: 3000, late: 0, falseAlarms: 0 });
  });

  test("is invalid when it is noticed too late, or never", () => {
    const late = judge(silence, alarmAt(13_600));
    expect(late.outcome).toBe("invalid");
    expect(late.offenders[0]).toMatchObject({
      what: "meter-1 noticed the fault silences-it after 3599 ms; the bound is 3500 ms",
      actor: "meter-1",
      fromMs: 10_001,
    });
    const never = judge(silence, at(30_000, silenced.taken));
    expect(never.outcome).toBe("invalid");
    expect(never.offenders[0]?.what).toContain("did not notice the fault silences-it for 19999 ms");
  });

  test("is unknown when no device was ever connected", () => {
    expect(judge().outcome).toBe("unknown");
    expect(judge(device("meter-1"), silenced.put).outcome).toBe("unknown");
  });

  test("does not judge a silence that was healed before the bound", () => {
    const verdict = judge(silence, at(12_000, silenced.taken), at(60_000, phase("stop")));
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ notJudged: 1, detected: 0 });
  });

  test("counts what is noticed while the fault is still being put in, and forgets an injection that failed", () => {
    const severed = fault(1, "severs");
    const during = judge(up, at(10_000, severed.injecting, lost("meter-1"), severed.injected));
    expect(during.counts).toMatchObject({ detected: 1, late: 0 });
    const failed: Part = { ...severed.healed, error: "no answer" };
    expect(judge(up, at(10_000, severed.injecting, failed), at(60_000, phase("stop"))).outcome).toBe("valid");
  });

  test("keeps watching when another fault on the link heals", () => {
    const other = fault(2, "silences");
    const both: Part = [silence, at(10_100, other.put), at(11_000, other.taken)];
    expect(judge(both, alarmAt(13_100)).outcome).toBe("valid");
    expect(judge(both, alarmAt(14_000)).outcome).toBe("invalid");
  });

  test("does not judge a silence that the history ends in", () => {
    expect(judge(silence, at(11_000, phase("stop"))).outcome).toBe("valid");
  });

  test("watches devices that connect just as their link goes silent", () => {
    const during: Part = [device("meter-1"), at(10_000, silenced.put), at(10_100, connected("meter-1"))];
    expect(judge(during, alarmAt(13_590)).outcome).toBe("valid");
    expect(judge(during, alarmAt(13_700)).outcome).toBe("invalid");
  });

  test("leaves devices on other links alone, and faults that spare some connections", () => {
    expect(
      judge(
        silence,
        alarmAt(11_000),
        device("meter-2", "link-2"),
        connected("meter-2"),
        at(60_000, phase("stop")),
      ).outcome,
    ).toBe("valid");
    const partial = fault(1, "silences", { parameters: { toxicity: 0.5 } });
    expect(judge(up, at(10_000, partial.put), at(60_000, partial.taken)).outcome).toBe("valid");
  });

  test("does not demand that a delayed link is noticed", () => {
    const delayed = fault(1, "delays", { parameters: { roundTripMs: 100 } });
    expect(judge(up, at(10_000, delayed.put), at(60_000, delayed.taken)).outcome).toBe("valid");
  });

  test("does not take the stop of a device for a detection", () => {
    const verdict = judge(silence, at(11_000, state("meter-1", "connected", "stopped")));
    expect(verdict.counts.detected).toBe(0);
  });

  test("is invalid when a device gives up a connection whose link was alive", () => {
    const verdict = judge(up, alarmAt(20_000));
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.counts.falseAlarms).toBe(1);
    expect(verdict.offenders[0]?.what).toContain("though its link was alive");
  });

  test("excuses an alarm soon after a cut, a silence or a loss of the broker", () => {
    const cut = fault(1, "cuts");
    expect(judge(up, at(10_000, cut.put, cut.taken), alarmAt(13_000)).outcome).toBe("valid");
    expect(judge(up, at(10_000, cut.put, cut.taken), alarmAt(20_000)).outcome).toBe("invalid");
    expect(judge(up, at(10_000, broker("lost")), alarmAt(20_000)).outcome).toBe("valid");
    expect(judge(up, at(10_000, broker("lost")), at(18_000, broker("back")), alarmAt(20_000)).outcome).toBe(
      "valid",
    );
  });

  test("judges an alarm under latency by what the latency adds to a round trip", () => {
    const alarmUnder = (parameters: Readonly<Record<string, unknown>>) =>
      judge(up, at(10_000, fault(1, "delays", { parameters }).put), alarmAt(20_000));
    expect(alarmUnder({ roundTripMs: 1900 }).outcome).toBe("invalid");
    expect(alarmUnder({ latencyMs: 800, jitterMs: 100 }).outcome).toBe("invalid");
    const unclear = alarmUnder({ roundTripMs: 2000 });
    expect(unclear.outcome).toBe("valid");
    expect(unclear.counts).toMatchObject({ falseAlarms: 0, notJudged: 1 });
    expect(alarmUnder({ rateKBps: 1 }).outcome).toBe("valid");
  });

  test("says in words how long it took and what is allowed", () => {
    expect(judge(silence, alarmAt(13_001), at(20_000, silenced.taken)).summary).toBe(
      "1 dead link noticed: median 3.0 s, P99 3.0 s, max 3.0 s; at most 3.5 s allowed; no false alarm.",
    );
    expect(judge(up).summary).toBe("1 connection, no dead link, no false alarm.");
    expect(
      judge(silence, alarmAt(13_600), at(20_000, silenced.taken, connected("meter-1")), alarmAt(50_000))
        .summary,
    ).toBe("1 dead link not noticed within 3.5 s, 1 live link was called dead.");
  });
});

describe("detection-bound, when the harness itself lagged", () => {
  test("blames no device for an alarm then, whichever of the two entries comes first", () => {
    for (const parts of [
      [at(19_990, stalled(2500)), alarmAt(20_000)],
      [alarmAt(20_000), at(20_030, stalled(2500))],
    ]) {
      const verdict = judge(up, parts);
      expect(verdict.outcome).toBe("unknown");
      expect(verdict.summary).toBe(
        "1 alarm or delay while the harness itself lagged; run it on a calmer machine, or with fewer devices.",
      );
      expect(verdict.counts).toMatchObject({ falseAlarms: 0, stalled: 1 });
    }
  });

  test("blames a device for an alarm when the stall was over for longer than answers may be missing", () => {
    expect(judge(up, at(16_000, stalled(2500)), alarmAt(20_000)).outcome).toBe("invalid");
    expect(judge(up, alarmAt(20_000), at(23_000, stalled(2500))).outcome).toBe("invalid");
  });

  test("counts the bound of a dead link anew from the end of the stall", () => {
    const slept: Part = [silence, at(13_000, stalled(2500))];
    expect(judge(slept, alarmAt(16_500)).outcome).toBe("unknown");
    expect(judge(slept, alarmAt(16_501)).outcome).toBe("invalid");
    expect(judge(slept, at(30_000, silenced.taken)).outcome).toBe("invalid");
  });

  test("is invalid all the same when something else is proven", () => {
    const slept: Part = [up, at(19_990, stalled(2500)), alarmAt(20_000), connected("meter-1")];
    const verdict = judge(slept, alarmAt(40_000));
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.counts).toMatchObject({ falseAlarms: 1, stalled: 1 });
  });
});
