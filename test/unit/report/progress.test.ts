import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Progress } from "../../../src/experiment/progress.ts";
import { createPaint } from "../../../src/report/colours.ts";
import { formatProgress, formatProgressLine } from "../../../src/report/progress-text.ts";
import { createProgressView } from "../../../src/report/progress-view.ts";

const none = { disconnected: 0, connecting: 0, connected: 0, backingOff: 0, unavailable: 0, stopped: 0 };

function progressWith(changed: Partial<Progress>): Progress {
  return {
    phase: "storm",
    elapsedMs: 12_345,
    stormElapsedMs: 9_900,
    stormDurationMs: 30_000,
    devices: 20,
    devicesByState: { ...none, connected: 15, backingOff: 5 },
    published: 1234,
    acknowledged: 1200,
    delivered: 1230,
    faults: ["partition"],
    ...changed,
  };
}
const plain = createPaint(false);

describe("progress in place", () => {
  test("shows phase, fault, a bar of states and counts", () => {
    expect(formatProgress(progressWith({}), plain)).toMatchInlineSnapshot(`
      "
        storm 9/30 s   ⚡ partition
        █████████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒
        15 connected  5 backing off
        1,234 published  1,200 acknowledged  1,230 delivered"
    `);
  });

  test("shows the other phases by their names, and that there is no fault", () => {
    const text = formatProgress(progressWith({ phase: "drain", faults: [] }), plain);
    expect(text).toContain("  drain   no fault\n");
  });

  test("keeps its bar at fifty symbols, with at least one for each state that is there", () => {
    const count = fc.nat(100_000);
    fc.assert(
      fc.property(fc.tuple(count, count, count, count, count, count), (counts) => {
        const [disconnected, connecting, connected, backingOff, unavailable, stopped] = counts;
        const devices = counts.reduce((sum, each) => sum + each, 0);
        fc.pre(devices > 0);
        const devicesByState = { disconnected, connecting, connected, backingOff, unavailable, stopped };
        const bar =
          formatProgress(progressWith({ devices, devicesByState }), plain).split("\n")[2]?.trim() ?? "";
        expect(bar).toHaveLength(50);
        const there = counts.filter((each) => each > 0).length;
        expect(new Set(bar).size).toBe(there);
      }),
    );
  });

  test("shows the same words in colours", () => {
    const coloured = formatProgress(progressWith({}), createPaint(true));
    expect(stripVTControlCharacters(coloured)).toBe(formatProgress(progressWith({}), plain));
  });
});

test("progress as a line has everything in one line", () => {
  expect(formatProgressLine(progressWith({}))).toBe(
    "[ 12.3 s] storm 9/30 s · 15 connected, 5 backing off · 1234 published, 1200 acknowledged, 1230 delivered · fault: partition",
  );
  expect(formatProgressLine(progressWith({ phase: "starting", faults: [], elapsedMs: 0 }))).toBe(
    "[  0.0 s] starting · 15 connected, 5 backing off · 1234 published, 1200 acknowledged, 1230 delivered",
  );
});

describe("the progress view off a terminal", () => {
  function rig() {
    const lines: string[] = [];
    const stream = new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk).trimEnd());
        done();
      },
    });
    const view = createProgressView({ stream: stream as NodeJS.WriteStream, title: "calm" });
    return { lines, view };
  }

  test("says once what is run, and notes stay", () => {
    const { lines, view } = rig();
    view.begin("It holds.", { devices: 20, durationMs: 15_000, seed: "7", backend: "embedded" });
    view.note("Interrupted.");
    view.end();
    expect(lines).toEqual([
      "calm  It holds.",
      "20 devices · 15 s · backend embedded · seed 7",
      "Interrupted.",
    ]);
  });

  test("writes a line at every change of phase or faults, and else now and then", () => {
    const { lines, view } = rig();
    const show = (elapsedMs: number, changed: Partial<Progress> = {}) =>
      view.show(progressWith({ elapsedMs, faults: [], ...changed }));
    show(0);
    show(250);
    show(4_999);
    show(5_000);
    show(5_250, { faults: ["partition"] });
    show(5_500, { faults: ["partition"] });
    show(5_750);
    show(6_000, { phase: "heal" });
    expect(lines.map((line) => line.slice(0, 9))).toEqual([
      "[  0.0 s]",
      "[  5.0 s]",
      "[  5.3 s]",
      "[  5.8 s]",
      "[  6.0 s]",
    ]);
  });
});
