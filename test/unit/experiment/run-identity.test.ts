import { expect, test } from "vitest";
import { calm } from "../../../chaos/experiments/calm.ts";
import { briskSettings } from "../../../src/define.ts";
import { historyHeader, isoTime, runName } from "../../../src/experiment/run-identity.ts";
import { faultOfHeader } from "../../../src/history/entry-schema.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

test("a run's name fits into a topic, and differs by time and by seed", () => {
  const clock = createManualClock();
  const nameOf = (seed: string) => runName(createWorld({ seed, clock }));
  const names = [nameOf("1"), nameOf("2")];
  clock.advance(1);
  names.push(nameOf("1"));
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[0-9a-z]+-[0-9a-f]{4}$/);
});

test("the header says what a checker must know, and is one that can be read again", () => {
  const world = createWorld({ seed: "7", clock: createManualClock() });
  const run = {
    name: "r",
    experiment: calm,
    settings: briskSettings,
    backend: "embedded",
    devices: 3,
    durationMs: 50,
  };
  const header = historyHeader(world, run);
  expect(header).toMatchObject({
    run: "r",
    experiment: "calm",
    seed: "7",
    startedAt: "2023-11-14T22:13:20.000Z",
    devices: 3,
    durationMs: 50,
    checkers: calm.checkers.map(({ name }) => name),
    settings: {
      heartbeatTimeoutMs: briskSettings.heartbeatTimeoutMs,
      backoffMaxMs: 2000,
      backoffLongestMs: 2200,
    },
  });
  expect(header.settings).not.toHaveProperty("retryBudget");
  const bounded = historyHeader(world, { ...run, settings: { ...briskSettings, retryBudget: 3 } });
  expect(bounded.settings.retryBudget).toBe(3);
  expect(faultOfHeader(JSON.parse(JSON.stringify(header)))).toBeNull();
});

test("times are ISO 8601", () => {
  expect(isoTime(0)).toBe("1970-01-01T00:00:00.000Z");
});
