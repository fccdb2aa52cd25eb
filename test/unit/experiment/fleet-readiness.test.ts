import { describe, expect, test } from "vitest";
import { createReadiness, notReadyError } from "../../../src/experiment/fleet-readiness.ts";
import type { Device } from "../../../src/firmware/device.ts";
import type { Fleet } from "../../../src/firmware/fleet.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

function rig() {
  const clock = createManualClock();
  return { clock, readiness: createReadiness(createWorld({ seed: "7", clock })) };
}

describe("readiness", () => {
  test("asks at once and after every change, until it holds", async () => {
    const { clock, readiness } = rig();
    let count = 0;
    expect(await readiness.until(() => true, 100)).toBe(true);
    const waiting = readiness.until(() => count === 2, 100);
    for (count = 1; count <= 2; count += 1) readiness.changed();
    count = 0;
    readiness.changed();
    expect(await waiting).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("gives up at its bound", async () => {
    const { clock, readiness } = rig();
    const waiting = readiness.until(() => false, 100);
    readiness.changed();
    clock.advance(100);
    expect(await waiting).toBe(false);
  });

  test("gives up on abort, also when that came before, and leaves no timer", async () => {
    const { clock, readiness } = rig();
    const controller = new AbortController();
    const waiting = readiness.until(() => false, 100, controller.signal);
    controller.abort();
    expect(await waiting).toBe(false);
    expect(await readiness.until(() => false, 100, controller.signal)).toBe(false);
    expect(await readiness.until(() => true, 100, controller.signal)).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

test("a fleet that did not come up is told by where its devices are and what held them up", () => {
  const states = { disconnected: 0, connecting: 1, connected: 2, backingOff: 3, unavailable: 0, stopped: 0 };
  const devices = [undefined, "CONN_1001", undefined, undefined, undefined, undefined].map(
    (lastErrorCode) => ({ lastErrorCode }) as Device,
  );
  const fleet = { devices, countByState: () => states } as unknown as Fleet;
  expect(notReadyError(fleet, 2, 20_000)).toMatchObject({
    code: "RUN_1001",
    message:
      "Only 2 of 6 devices came up within 20000 ms (1 connecting, 2 connected, 3 backingOff; the last error was CONN_1001).",
  });
});
