import { describe, expect, test } from "vitest";
import { createDrain } from "../../../src/experiment/drain.ts";
import { createRecorder } from "../../../src/history/recorder.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

function rig() {
  const clock = createManualClock();
  const recorder = createRecorder(clock);
  const drain = createDrain(createWorld({ seed: "7", clock }), recorder);
  const recorded = () => [...recorder.entries];
  return { clock, drain, recorded };
}
const one = { source: "meter-1", stream: "readings", receiver: "backend" };
const other = { source: "backend", stream: "orders/meter-1", receiver: "meter-1" };

describe("a drain", () => {
  test("is complete as soon as everything awaited has arrived", async () => {
    const { clock, drain, recorded } = rig();
    drain.expect(one);
    drain.expect(other);
    const waiting = drain.wait(1000);
    clock.advance(300);
    drain.arrived(one);
    drain.arrived(one);
    drain.arrived({ ...other, receiver: "meter-2" });
    expect(drain.open).toBe(1);
    drain.arrived(other);
    expect(await waiting).toEqual({ complete: true });
    expect(recorded()).toEqual([{ type: "drained", waitedMs: 300, boundMs: 1000, missing: [], atMs: 300 }]);
    expect(clock.pending).toBe(0);
  });

  test("ends at its bound and names what is missing", async () => {
    const { clock, drain, recorded } = rig();
    drain.expect(one);
    drain.expect(other);
    const waiting = drain.wait(1000);
    drain.arrived(one);
    clock.advance(1000);
    expect(await waiting).toEqual({ complete: false });
    expect(recorded()).toMatchObject([{ waitedMs: 1000, missing: [other] }]);
  });

  test("ends on abort, and leaves no timer", async () => {
    const { clock, drain, recorded } = rig();
    const controller = new AbortController();
    drain.expect(one);
    const waiting = drain.wait(1000, controller.signal);
    controller.abort();
    expect(await waiting).toEqual({ complete: false });
    expect(await drain.wait(1000, controller.signal)).toEqual({ complete: false });
    expect(recorded()).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test("of nothing is complete at once, and what came early counts", async () => {
    const { drain, recorded } = rig();
    expect(await drain.wait(1000)).toEqual({ complete: true });
    drain.expect(one);
    drain.arrived(one);
    expect(await drain.wait(1000)).toEqual({ complete: true });
    expect(recorded()).toMatchObject([{ waitedMs: 0 }, { waitedMs: 0 }]);
  });

  test("sends what is missing once more each quarter of its bound, and waits for all of it", async () => {
    const { clock, drain, recorded } = rig();
    const asked: (readonly unknown[])[] = [];
    drain.expect(one, 7);
    drain.expect(other, 3);
    const waiting = drain.wait(1000, undefined, (missing) => {
      asked.push(missing);
      drain.expect(one, 8);
    });
    drain.arrived(other, 3);
    clock.advance(250);
    expect(asked).toEqual([[one]]);
    drain.arrived(one, 7);
    expect(drain.open).toBe(1);
    drain.arrived(one, 8);
    expect(await waiting).toEqual({ complete: true });
    expect(recorded()).toMatchObject([{ waitedMs: 250, missing: [] }]);
    expect(clock.pending).toBe(0);
  });

  test("takes a stream as through a quarter after a later sentinel came and an earlier one did not", async () => {
    const { clock, drain, recorded } = rig();
    drain.expect(one, 7);
    const waiting = drain.wait(1000, undefined, () => drain.expect(one, 8));
    clock.advance(300);
    drain.arrived(one, 8);
    clock.advance(199);
    expect(drain.open).toBe(1);
    clock.advance(1);
    expect(await waiting).toEqual({ complete: true });
    expect(recorded()).toMatchObject([{ waitedMs: 500, missing: [] }]);
  });

  test("does not take the late arrival of an earlier sentinel for that of a later one", async () => {
    const { clock, drain } = rig();
    drain.expect(one, 7);
    const waiting = drain.wait(1000, undefined, () => {
      if (drain.open > 0) drain.expect(one, 8);
    });
    clock.advance(250);
    drain.arrived(one, 7);
    clock.advance(750);
    expect(await waiting).toEqual({ complete: false });
  });
});
