import { describe, expect, test } from "vitest";
import { gracefulDegradation } from "../../../../chaos/checkers/graceful-degradation.ts";
import { connected, historyOf, judged, lost, type Part, state } from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) =>
  judged(gracefulDegradation, historyOf(...parts), { retryBudget: 2 });
const retry = (attempt: number): Part => [
  state("meter-1", "disconnected", "backingOff", { attempt }),
  state("meter-1", "backingOff", "connecting"),
];
const giveUp: Part = state("meter-1", "connecting", "unavailable", { code: "CONN_1006" });
const outage: Part = [connected("meter-1"), lost("meter-1"), retry(0), retry(1), giveUp];

describe("graceful-degradation", () => {
  test("is valid when a device gives up after its budget and rests", () => {
    const verdict = judge(outage);
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ unavailable: 1, retries: 2 });
  });

  test("is unknown when no device gave up", () => {
    expect(judge().outcome).toBe("unknown");
    expect(judge(connected("meter-1"), lost("meter-1"), retry(0), connected("meter-1")).outcome).toBe(
      "unknown",
    );
  });

  test("is invalid when a device gives up too early", () => {
    const verdict = judge(connected("meter-1"), lost("meter-1"), retry(0), giveUp);
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]?.what).toContain("gave up after 1 retry; its budget is 2");
  });

  test("is invalid when a device retries past its budget", () => {
    const verdict = judge(connected("meter-1"), lost("meter-1"), retry(0), retry(1), retry(2));
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]?.what).toContain("began retry 3; its budget is 2");
  });

  test("is invalid when a device does not rest once it gave up", () => {
    const verdict = judge(outage, state("meter-1", "unavailable", "connecting"), giveUp);
    expect(verdict.offenders.map(({ what }) => what)).toEqual([
      "meter-1 went from unavailable to connecting without being told to (at 0.007 s)",
      "meter-1 became unavailable once more (at 0.008 s)",
    ]);
  });

  test("begins anew when the device is connected again by hand", () => {
    const byHand = state("meter-1", "unavailable", "connecting", { cause: "connectRequested" });
    expect(judge(outage, byHand, retry(0), retry(1), giveUp).outcome).toBe("valid");
  });

  test("does not take a broker's refusal for a used-up budget", () => {
    const refused = state("meter-1", "connecting", "unavailable", { code: "CONN_1003" });
    const verdict = judge(refused);
    expect(verdict.outcome).toBe("unknown");
    expect(verdict.counts.refused).toBe(1);
  });

  test("judges only the resting when the header tells no budget", () => {
    const early: Part = [connected("meter-1"), lost("meter-1"), giveUp];
    expect(judged(gracefulDegradation, historyOf(early)).outcome).toBe("valid");
    expect(judged(gracefulDegradation, historyOf(early, giveUp)).outcome).toBe("invalid");
  });
});
