import { describe, expect, test } from "vitest";
import { type ErrorCode, errorTable, messageOf, StormfleetError } from "../../src/errors.ts";

const rows = Object.entries(errorTable) as [ErrorCode, (typeof errorTable)[ErrorCode]][];

describe("the error table", () => {
  test("numbers its codes from 1001 within each area, without holes", () => {
    const byArea = new Map<string, number[]>();
    for (const [code] of rows) {
      expect(code).toMatch(/^(CONF|INFRA|CONN|BIZ|COMP|HIST|RUN)_\d{4}$/);
      const [area = "", number] = code.split("_");
      byArea.set(area, [...(byArea.get(area) ?? []), Number(number)]);
    }
    for (const numbers of byArea.values()) expect(numbers).toEqual(numbers.map((_, index) => 1001 + index));
  });

  test.for(rows)("%s says in sentences what happened and what to do", ([, { meaning, hint, exitCode }]) => {
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    // A way forward begins with what to do, or with what is done for the reader.
    expect(hint).toMatch(
      /^(Run|Correct|Pass|Look|Choose|Check|Raise|Wait|Register|See|Judge|Restore|Please|It is tried|The device asks) .*\.$/,
    );
    expect(exitCode).toBeGreaterThanOrEqual(64);
    expect(exitCode).toBeLessThanOrEqual(78);
  });

  test("has no two errors of one meaning", () => {
    const meanings = rows.map(([, { meaning }]) => meaning);
    expect(new Set(meanings).size).toBe(meanings.length);
  });
});

describe("an error", () => {
  test("takes level, hint and exit code from the table unless it knows a better hint", () => {
    const plain = new StormfleetError("CONN_1004", "No heartbeat.");
    expect(plain).toMatchObject({ name: "StormfleetError", code: "CONN_1004", level: "WARN", exitCode: 69 });
    expect(plain.hint).toBe(errorTable.CONN_1004.hint);
    expect(plain.cause).toBeUndefined();
    expect("cause" in plain).toBe(false);
    const cause = new Error("deeper");
    const rich = new StormfleetError("CONF_1001", "No.", { hint: "Try calm.", cause, traceId: "t" });
    expect(rich).toMatchObject({ hint: "Try calm.", cause, traceId: "t" });
    expect(rich).toBeInstanceOf(Error);
  });

  test("has a message, whatever was thrown", () => {
    expect(messageOf(new Error("plain"))).toBe("plain");
    expect(messageOf("text")).toBe("text");
    expect(messageOf(undefined)).toBe("undefined");
    expect(messageOf(new AggregateError([new Error("one"), "two"]))).toBe("one; two");
    expect(messageOf(new AggregateError([new Error("one")], "together"))).toBe("together");
  });
});
