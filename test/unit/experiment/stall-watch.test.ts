import { describe, expect, test } from "vitest";
import { startStallWatch } from "../../../src/experiment/stall-watch.ts";
import { createRecorder } from "../../../src/history/recorder.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

function rig(devices = 10) {
  const clock = createManualClock();
  const recorder = createRecorder(clock);
  const watch = startStallWatch(clock, recorder, { toleranceMs: 250, slackMs: 2000, devices });
  return { clock, watch, entries: () => [...recorder.entries] };
}

describe("the stall watch", () => {
  test("says nothing while timers run in time, or nearly", () => {
    const { clock, entries } = rig();
    clock.advance(10_000);
    clock.stall(340);
    clock.advance(10_000);
    expect(entries()).toEqual([]);
  });

  test("records for how long nothing ran, reaching back to the last look", () => {
    const { clock, entries } = rig();
    clock.advance(1050);
    clock.stall(3000);
    clock.advance(1000);
    expect(entries()).toEqual([{ type: "stalled", atMs: 4050, forMs: 3050 }]);
  });

  test.each([
    [10, 30, []],
    [1000, 1, []],
    [1000, 4, [32]],
  ])("for %i devices and turns of the event loop of %i ms it records %j", (devices, turnMs, recorded) => {
    const { clock, watch, entries } = rig(devices);
    clock.advance(99);
    // The look, and the eight turns that it times.
    for (let turn = 0; turn < 9; turn += 1) clock.stall(turnMs);
    watch.stop();
    expect(entries().map((entry) => entry.type === "stalled" && entry.forMs)).toEqual(recorded);
    expect(clock.pending).toBe(0);
  });

  test("records each of several stalls, and none after its stop", () => {
    const { clock, watch, entries } = rig();
    clock.stall(500);
    clock.stall(500);
    watch.stop();
    clock.stall(5000);
    expect(entries().map(({ atMs }) => atMs)).toEqual([500, 1000]);
    expect(clock.pending).toBe(0);
  });
});
