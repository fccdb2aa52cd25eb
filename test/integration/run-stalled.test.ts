import { expect, test } from "vitest";
import { detectionBound } from "../../chaos/checkers/detection-bound.ts";
import { deliveryCheckers } from "../../chaos/experiments/delivery-checkers.ts";
import { experimentWith, outcomesOf, runInRig } from "../helpers/run-rig.ts";

/** Stops this thread as a sleeping machine would: no timer runs, no socket is read. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("a run whose own process stood still says so, and blames neither broker nor devices", async () => {
  let stood = false;
  const experiment = experimentWith({
    checkers: [...deliveryCheckers, detectionBound],
    settings: { heartbeatIntervalMs: 300, heartbeatTimeoutMs: 900 },
  });
  const { result, error } = await runInRig(experiment, {
    onProgress({ phase, stormElapsedMs }) {
      if (stood || phase !== "storm" || stormElapsedMs < 500) return;
      stood = true;
      standStill(2500);
    },
  });
  expect(error).toBeUndefined();
  expect(result?.notes.join("\n")).toMatch(/The harness itself lagged [1-9]\d* times?, for up to \d+\.\d s/);
  const { "detection-bound": detection, ...others } = outcomesOf(result);
  expect(detection).not.toBe("invalid");
  expect(new Set(Object.values(others))).toEqual(new Set(["valid"]));
});
