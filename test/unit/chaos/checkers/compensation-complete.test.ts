import { describe, expect, test } from "vitest";
import { compensationComplete } from "../../../../chaos/checkers/compensation-complete.ts";
import {
  drained,
  gap,
  historyOf,
  judged,
  logged,
  type Part,
  processed,
} from "../../../helpers/history-builder.ts";

const judge = (...parts: readonly Part[]) => judged(compensationComplete, historyOf(...parts));
const whatIsWrong = (...parts: readonly Part[]) => judge(...parts).offenders.map(({ what }) => what);
const notDrained = { source: "compensation", stream: "downlink", receiver: "lamp-1" };

describe("compensation-complete", () => {
  test("is valid when each logged message was processed once and in order", () => {
    const verdict = judge(
      logged("lamp-1", 1, 2),
      processed("lamp-1", 1, 2),
      logged("lamp-1", 3),
      processed("lamp-1", 3),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts).toMatchObject({ logged: 3, processed: 3, lost: 0 });
  });

  test("is unknown for an empty history", () => {
    expect(judge().outcome).toBe("unknown");
  });

  test("is invalid when a message was never processed though the drain was complete", () => {
    const verdict = judge(logged("lamp-1", 1, 2), processed("lamp-1", 1), drained());
    expect(verdict.outcome).toBe("invalid");
    expect(verdict.offenders[0]).toMatchObject({
      what: "#2 was logged for lamp-1, which never processed it",
      actor: "lamp-1",
      logId: 2,
    });
  });

  test("is unknown when the newest messages are missing and the drain was not complete for the device", () => {
    const open = [logged("lamp-1", 1, 2), processed("lamp-1", 1)];
    expect(judge(open).summary).toContain("did not drain");
    expect(judge(open, drained(notDrained)).outcome).toBe("unknown");
    expect(judge(open, drained({ ...notDrained, receiver: "lamp-2" })).outcome).toBe("invalid");
  });

  test("is invalid without any drain when the device went on past a message", () => {
    expect(whatIsWrong(logged("lamp-1", 1, 2, 3), processed("lamp-1", 1, 3))).toEqual([
      "#2 was logged for lamp-1, which went on to #3 without it",
    ]);
  });

  test("is invalid when a message was processed twice", () => {
    expect(whatIsWrong(logged("lamp-1", 1), processed("lamp-1", 1, 1), drained())).toEqual([
      "lamp-1 processed #1 of its log once more (at 0.002 s)",
    ]);
  });

  test("is invalid when messages were processed out of order", () => {
    expect(whatIsWrong(logged("lamp-1", 1, 2), processed("lamp-1", 2, 1), drained())).toEqual([
      "lamp-1 processed #1 after #2 (at 0.003 s)",
    ]);
  });

  test("is invalid when the payload was changed or the log does not hold the message", () => {
    const changed: Part = { type: "processed", actor: "lamp-1", id: 1, via: "live", checksum: 99 };
    expect(whatIsWrong(logged("lamp-1", 1), changed, drained())[0]).toContain("with a changed payload");
    expect(whatIsWrong(processed("lamp-1", 1), drained())[0]).toContain("its log does not hold");
  });

  test("excuses what lies in a reported gap", () => {
    const verdict = judge(logged("lamp-1", 1, 2, 3), gap("lamp-1", 1, 2), processed("lamp-1", 3), drained());
    expect(verdict.outcome).toBe("valid");
    expect(verdict.counts.inGaps).toBe(2);
    expect(verdict.summary).toContain("2 of them in reported gaps");
  });

  test("is invalid when a gap covers what is processed later, or what was never logged", () => {
    expect(
      whatIsWrong(logged("lamp-1", 1, 2), gap("lamp-1", 1, 2), processed("lamp-1", 2), drained())[0],
    ).toContain("had been reported to it as gone");
    expect(whatIsWrong(logged("lamp-1", 1), gap("lamp-1", 1, 5), drained())[0]).toContain(
      "its log ends at #1",
    );
  });

  test("keeps devices apart", () => {
    const verdict = judge(
      logged("lamp-1", 1, 2),
      logged("lamp-2", 1),
      processed("lamp-2", 1),
      processed("lamp-1", 1, 2),
      drained(),
    );
    expect(verdict.outcome).toBe("valid");
  });

  test("does not judge what was logged after the drain", () => {
    const verdict = judge(logged("lamp-1", 1), processed("lamp-1", 1), drained(), logged("lamp-1", 2));
    expect(verdict.outcome).toBe("valid");
  });
});
