import type { RunResult } from "../../src/experiment/run-result.ts";
import type { Outcome, Verdict } from "../../src/history/checker.ts";
import { headerWith } from "./history-builder.ts";

/** A verdict in literal form. */
export function verdictWith(outcome: Outcome, changed: Partial<Verdict> = {}): Verdict {
  return {
    checker: "exactly-once",
    statements: [
      { version: "3.1.1", number: "MQTT-4.3.3-1" },
      { version: "3.1.1", number: "MQTT-4.3.3-2" },
      { version: "5.0", number: "MQTT-4.3.3-8" },
    ],
    outcome,
    summary: "12 deliveries of QoS 2.",
    counts: {},
    offenders: [],
    offenderCount: 0,
    ...changed,
  };
}

/** The result of a small run. */
export function resultWith(changed: Partial<RunResult>): RunResult {
  return {
    header: { ...headerWith(), experiment: "calm", devices: 20 },
    outcome: "valid",
    verdicts: [verdictWith("valid")],
    stories: [],
    notes: [],
    counts: { published: 1234, acknowledged: 1200, delivered: 1234 },
    elapsedMs: 16_440,
    folder: "runs/calm/now",
    replayCommand: "npx stormfleet run calm --seed 1",
    ...changed,
  };
}
