import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { formatResult } from "../../../src/report/terminal.ts";
import { resultWith, verdictWith } from "../../helpers/run-results.ts";

const text = (...args: Parameters<typeof resultWith>) =>
  formatResult(resultWith(...args), { colours: false });

describe("a result in plain text", () => {
  test("that is valid", () => {
    expect(text({})).toMatchInlineSnapshot(`
      "
      VALID  calm · 1 of 1 guarantees held · 20 devices · 1,234 messages published, 1,234 delivered · 16.4 s

        verdict  guarantee     MQTT 3.1.1        what was found
        ✓ valid  exactly-once  4.3.3-1, 4.3.3-2  12 deliveries of QoS 2.

        evidence  runs/calm/now/history.ndjson, result.json
        again     npx stormfleet check runs/calm/now
        replay    npx stormfleet run calm --seed 1"
    `);
  });

  test("that is invalid tells the stories of the first offenders and how many more there are", () => {
    const offender = { what: "meter-1/readings#7 was delivered to backend once more at 12 ms" };
    const invalid = verdictWith("invalid", {
      summary: "QoS 2 was not exactly once: 1,002 repeated deliveries.",
      offenders: [offender],
      offenderCount: 1002,
    });
    const stories = [
      {
        checker: "exactly-once",
        what: offender.what,
        timeline: ["  1.000 s  meter-1  → publish", "  1.012 s  backend  ← delivery"],
      },
    ];
    const verdicts = [
      verdictWith("valid", { checker: "topic-order", statements: [], summary: "In order." }),
      invalid,
    ];
    expect(text({ outcome: "invalid", verdicts, stories })).toMatchInlineSnapshot(`
      "
      INVALID  calm · 1 of 2 guarantees held · 20 devices · 1,234 messages published, 1,234 delivered · 16.4 s

        verdict    guarantee     MQTT 3.1.1        what was found
        ✓ valid    topic-order                     In order.
        ✗ invalid  exactly-once  4.3.3-1, 4.3.3-2  QoS 2 was not exactly once: 1,002 repeated deliveries.

      exactly-once: the first 1 of 1,002

        ✗ meter-1/readings#7 was delivered to backend once more at 12 ms
            1.000 s  meter-1  → publish
            1.012 s  backend  ← delivery

        … and 1,001 more; see result.json

        evidence  runs/calm/now/history.ndjson, result.json
        again     npx stormfleet check runs/calm/now
        replay    npx stormfleet run calm --seed 1"
    `);
  });

  test("tells a story once, however many guarantees it breaks", () => {
    const what = "meter-1/readings#7 was acknowledged at 1.012 s and never reached backend";
    const checkers = ["acked-not-lost", "exactly-once"];
    const verdicts = checkers.map((checker) =>
      verdictWith("invalid", { checker, offenders: [{ what }], offenderCount: 1 }),
    );
    const stories = checkers.map((checker) => ({
      checker,
      what,
      timeline: ["  1.000 s  meter-1  → publish"],
    }));
    const lines = text({ outcome: "invalid", verdicts, stories }).split("\n");
    expect(lines.filter((line) => line.includes(what))).toHaveLength(2);
    expect(lines.filter((line) => line.includes("→ publish"))).toHaveLength(1);
    expect(lines).toContain("      told under acked-not-lost");
  });

  test("that is unknown says why", () => {
    const unknown = verdictWith("unknown", { summary: "Nothing to judge." });
    const notes = ['The run was interrupted in the phase "storm".', "2 of 20 devices were not back."];
    expect(text({ outcome: "unknown", verdicts: [unknown], notes })).toMatchInlineSnapshot(`
      "
      UNKNOWN  calm · 0 of 1 guarantees held · 20 devices · 1,234 messages published, 1,234 delivered · 16.4 s

        verdict    guarantee     MQTT 3.1.1        what was found
        ? unknown  exactly-once  4.3.3-1, 4.3.3-2  Nothing to judge.

      ! The run was interrupted in the phase "storm".

      ! 2 of 20 devices were not back.

        evidence  runs/calm/now/history.ndjson, result.json
        again     npx stormfleet check runs/calm/now
        replay    npx stormfleet run calm --seed 1"
    `);
  });

  test("names the statements of the protocol that was spoken, and only those", () => {
    const { header } = resultWith({});
    const statementsOf = (protocol: "3.1.1" | "5.0") =>
      text({ header: { ...header, protocol } }).split("\n")[4] ?? "";
    expect(statementsOf("3.1.1")).toContain("4.3.3-1, 4.3.3-2");
    expect(statementsOf("5.0")).toMatch(/exactly-once {2}4\.3\.3-8 +12/);
  });

  test("shows the evidence below the working folder in short", () => {
    expect(text({ folder: join(process.cwd(), "runs", "calm", "now") })).toContain(
      " runs/calm/now/history.ndjson",
    );
    expect(text({ folder: process.cwd() })).toContain(`${process.cwd()}/history.ndjson`);
  });

  test("stays readable with large numbers", () => {
    const { header } = resultWith({});
    const counts = { published: 1_234_567_890, acknowledged: 1, delivered: 9_876_543_210 };
    expect(text({ header: { ...header, devices: 100_000 }, counts, elapsedMs: 86_400_000 })).toContain(
      "100000 devices · 1,234,567,890 messages published, 9,876,543,210 delivered · 86400.0 s",
    );
  });

  test("has no control characters, and the same words as in colours", () => {
    const plain = text({});
    expect(stripVTControlCharacters(plain)).toBe(plain);
    const coloured = formatResult(resultWith({}), { colours: true });
    expect(coloured).not.toBe(plain);
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });
});
