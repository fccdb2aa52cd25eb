import { describe, expect, test } from "vitest";
import { reconnectBound } from "../../../../chaos/checkers/reconnect-bound.ts";
import {
  at,
  broker,
  connected,
  device,
  fault,
  historyOf,
  judged,
  lost,
  note,
  type Part,
  phase,
  reconnectAfterSilenceMs,
  stalled,
  state,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(reconnectBound, historyOf(...parts));
const severed = fault(1, "severs");
const silenced = fault(1, "silences");
const up: Part = [device("meter-1"), connected("meter-1")];
/** Healed at 10,001 ms; the bound without detection is 4,500 ms. */
const awayAtHealing: readonly Part[] = [
  up,
  at(5000, severed.put, lost("meter-1")),
  at(10_000, severed.taken),
];
const backAt = (ms: number): Part => at(ms, connected("meter-1"));

describe("reconnect-bound", () => {
  test("is valid when a device is back within the bound, and reports how long it took", () => {
    const verdict = judge(awayAtHealing, backAt(12_001));
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({
      reconnected: 1,
      medianMs: 2000,
      p99Ms: 2000,
      maxMs: 2000,
      late: 0,
    });
  });

  test("is invalid when a device is back too late", () => {
    const verdict = judge(awayAtHealing, backAt(14_502));
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]).toMatchObject({
      what: "meter-1 was back only 4501 ms after the fault severs-it had healed; the bound is 4500 ms",
      actor: "meter-1",
      fromMs: 10_001,
      untilMs: 14_502,
    });
  });

  test("is invalid when a device was not back when the bound had passed", () => {
    const verdict = judge(awayAtHealing, at(14_600, phase("stop")));
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]?.what).toContain("was still in the state disconnected 4599 ms after");
  });

  test("is unknown when the run ended before the bound", () => {
    expect(judge(awayAtHealing, at(11_000, phase("stop"))).outcome).toBe("unknown");
    expect(judge(awayAtHealing).outcome).toBe("unknown");
  });

  test("is unknown when no device had to reconnect", () => {
    expect(judge().outcome).toBe("unknown");
    expect(judge(up, at(5000, severed.put), at(6000, severed.taken), at(60_000, phase("stop"))).outcome).toBe(
      "unknown",
    );
  });

  test("gives a device that may still have to notice a silence the heartbeat timeout on top", () => {
    const stillConnected: Part = [
      up,
      at(5000, silenced.put),
      at(7000, silenced.taken),
      at(10_100, lost("meter-1")),
    ];
    const healedMs = 7001;
    expect(judge(stillConnected, backAt(healedMs + reconnectAfterSilenceMs)).outcome).toBe("valid");
    expect(judge(stillConnected, backAt(healedMs + reconnectAfterSilenceMs + 1)).outcome).toBe("invalid");
  });

  test("does not lay what happens long after healing on the fault", () => {
    const verdict = judge(
      awayAtHealing,
      backAt(11_000),
      at(40_000, lost("meter-1")),
      at(70_000, phase("stop")),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("names a device that had used up its retry budget", () => {
    const verdict = judge(
      up,
      at(5000, severed.put, lost("meter-1"), state("meter-1", "disconnected", "unavailable")),
      at(10_000, severed.taken),
      at(11_000, phase("stop")),
    );
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]?.what).toContain("used up its retry budget (state unavailable)");
  });

  test("does not judge a device whose link was disturbed again before it was back", () => {
    const second = fault(2, "severs");
    const verdict = judge(awayAtHealing, at(11_000, second.put), at(30_000, second.taken), backAt(31_000));
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ reconnected: 1, notJudged: 1, late: 0 });
    expect(verdict.counts.maxMs).toBe(31_000 - 30_001);
  });

  test("does not let a disturbance excuse a device that was late before it", () => {
    const verdict = judge(awayAtHealing, at(20_000, fault(2, "severs").put), backAt(21_000));
    expect(verdict.outcome).toBe("invalid");
  });

  test("waits for the last of several faults on a link to heal", () => {
    const other = fault(2, "delays");
    const verdict = judge(
      up,
      at(4000, other.put),
      at(5000, severed.put, lost("meter-1")),
      at(10_000, severed.taken),
      at(30_000, other.taken),
      backAt(31_000),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ reconnected: 1, notJudged: 1 });
  });

  test("leaves devices on other links and the backend alone", () => {
    const verdict = judge(
      awayAtHealing,
      device("meter-2", "link-2"),
      state("backend", "connecting", "backingOff"),
      backAt(11_000),
      at(60_000, phase("stop")),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("counts from when the broker is back, if it was away", () => {
    const away: Part = [awayAtHealing.slice(0, 2), at(9000, broker("lost")), at(10_000, severed.taken)];
    expect(judge(away, at(30_000, broker("back")), backAt(31_000)).outcome).toBe("valid");
    expect(judge(away, at(30_000, broker("back")), backAt(36_000)).outcome).toBe("invalid");
  });

  test("does not judge a device that is stopped, or a fault whose cure failed", () => {
    expect(
      judge(awayAtHealing, state("meter-1", "disconnected", "stopped"), at(60_000, phase("stop"))).outcome,
    ).toBe("unknown");
    const failed: Part = { ...severed.healed, error: "no answer" };
    const stuck = judge(
      up,
      at(5000, severed.put, lost("meter-1")),
      at(10_000, failed),
      at(60_000, note("interrupted")),
    );
    expect(stuck.outcome).toBe("unknown");
  });

  test("says in words how long it took and what is allowed, by what the faults did", () => {
    expect(judge(awayAtHealing, backAt(12_001)).summary).toBe(
      "1 reconnect: median 2.0 s, P99 2.0 s, max 2.0 s; at most 4.5 s allowed.",
    );
    const both = judge(
      awayAtHealing,
      backAt(10_051),
      at(20_000, fault(2, "silences").put, lost("meter-1"), fault(2, "silences").taken),
      backAt(22_000),
    );
    expect(both.summary).toBe(
      "2 reconnects: median 50 ms, P99 2.0 s, max 2.0 s; at most 4.5 s or 7.5 s allowed, by fault.",
    );
  });
});

describe("reconnect-bound, when the harness itself lagged", () => {
  test("cannot tell whether a device that was late then would have been in time", () => {
    const verdict = judge(awayAtHealing, at(14_900, stalled(3000)), backAt(15_000));
    expect(verdict.outcome).toBe("unknown");
    expect(verdict.summary).toBe(
      "1 reconnect came late, but the harness itself lagged; run it on a calmer machine, or with fewer devices.",
    );
    expect(verdict.counts).toMatchObject({ late: 0, stalled: 1 });
    expect(verdict.offenders).toEqual([]);
  });

  test("hears of the stall after what happened in it", () => {
    expect(judge(awayAtHealing, backAt(15_000), at(15_040, stalled(3000))).outcome).toBe("unknown");
  });

  test("counts the bound anew from the end of the stall", () => {
    const slept: Part = [awayAtHealing, at(14_000, stalled(3000))];
    expect(judge(slept, backAt(18_500)).outcome).toBe("unknown");
    expect(judge(slept, backAt(18_501)).outcome).toBe("invalid");
    expect(judge(slept, at(60_000, phase("stop"))).outcome).toBe("invalid");
  });

  test("judges what was late before the stall, or had the bound between two stalls", () => {
    expect(judge(awayAtHealing, at(19_000, stalled(3000)), backAt(19_100)).outcome).toBe("invalid");
    const twice = judge(awayAtHealing, at(11_000, stalled(500)), at(18_000, stalled(2000)), backAt(18_100));
    expect(twice.outcome).toBe("invalid");
  });

  test("judges stalls elsewhere as nothing, and a device that gave up as ever", () => {
    expect(judge(at(4000, stalled(3000)), awayAtHealing, backAt(14_502)).outcome).toBe("invalid");
    expect(judge(awayAtHealing, backAt(12_000), at(30_000, stalled(9000))).outcome).toBe("valid");
    const gone = judge(
      up,
      at(5000, severed.put, lost("meter-1"), state("meter-1", "disconnected", "unavailable")),
      at(10_000, severed.taken),
      at(11_000, stalled(500), phase("stop")),
    );
    expect(gone.outcome).toBe("invalid");
  });
});
