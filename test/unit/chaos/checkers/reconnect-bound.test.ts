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
});
