import { describe, expect, test } from "vitest";
import { exactlyOnce } from "../../../chaos/checkers/exactly-once.ts";
import { latency } from "../../../chaos/faults/latency.ts";
import { defineExperiment, type Experiment, type FaultStep } from "../../../src/define.ts";
import { modelWith } from "../firmware/model-with.ts";

const good: Experiment = {
  name: "good",
  hypothesis: "It holds.",
  mix: [{ model: modelWith(), weight: 1 }],
  devices: 3,
  durationMs: 1000,
  links: 2,
  method: [{ fault: latency, from: 0, until: 1, links: { share: 1 }, parameters: { latencyMs: 5 } }],
  checkers: [exactlyOnce],
};
const step = (changed: Partial<FaultStep>): Partial<Experiment> => ({
  method: [...good.method, { fault: latency, from: 0.2, until: 0.5, ...changed }],
});

describe("defineExperiment", () => {
  test("gives back a good experiment as it is", () => {
    expect(defineExperiment(good)).toBe(good);
    expect(() => defineExperiment({ ...good, method: [] })).not.toThrow();
  });

  const bad: readonly (readonly [string, Partial<Experiment>, string, string])[] = [
    ["a name that leaves its folder", { name: "../up" }, 'The experiment "../up" has a name', "slow-uplinks"],
    ["no mix", { mix: [] }, "no devices in its mix", "at least one model"],
    ["a weight of 0", { mix: [{ model: modelWith(), weight: 0 }] }, 'gives "beacon" the weight 0', "above 0"],
    [
      "a weight of no number",
      { mix: [{ model: modelWith(), weight: Number.NaN }] },
      "the weight NaN",
      "above 0",
    ],
    [
      "two models of one name",
      {
        mix: [
          { model: modelWith(), weight: 1 },
          { model: modelWith(), weight: 2 },
        ],
      },
      'two models of the name "beacon"',
      "rename one",
    ],
    ["more time than a timer has", { durationMs: 2 ** 31 }, "lasts 2147483648 ms", "24 days"],
    ["no devices", { devices: 0 }, "has 0 devices", "from 1"],
    ["half a device", { devices: 1.5 }, "has 1.5 devices", "from 1"],
    ["no links", { links: 0 }, "has 0 links", "from 1"],
    ["no time", { durationMs: 0 }, "lasts 0 ms", "from 1"],
    ["endless time", { durationMs: Number.POSITIVE_INFINITY }, "lasts Infinity ms", "from 1"],
    [
      "a step that ends before it begins",
      step({ until: 0.1 }),
      "step 2 (latency) that runs from 0.2 to 0.1",
      "0 ≤ from",
    ],
    ["a step of no length", step({ until: 0.2 }), "runs from 0.2 to 0.2", "from < until"],
    ["a step after the end", step({ until: 1.1 }), "runs from 0.2 to 1.1", "until ≤ 1"],
    ["a step before the start", step({ from: -0.1 }), "runs from -0.1", "0 ≤ from"],
    ["a step at no time", step({ from: Number.NaN }), "runs from NaN", "0 ≤ from"],
    ["a share of no links", step({ links: { share: 0 } }), "a share of 0 of the links", "above 0"],
    ["a share of more than all links", step({ links: { share: 1.5 } }), "a share of 1.5", "at most 1"],
    [
      "a heartbeat that is too slow",
      { settings: { heartbeatIntervalMs: 3000 } },
      "every 3000 ms",
      "the longer one",
    ],
    [
      "a ramp that stands still",
      { settings: { rampPerSecond: 0 } },
      "starts 0 devices per second",
      "above 0",
    ],
    ["no checkers", { checkers: [] }, "has no checkers", "at least one"],
  ];
  test.for(bad)("refuses %s", ([, changed, place, hint]) => {
    expect(() => defineExperiment({ ...good, ...changed })).toThrow(
      expect.objectContaining({
        code: "CONF_1004",
        message: expect.stringContaining(place),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  test("refuses a fault's parameter that is unknown or out of its range", () => {
    expect(() => defineExperiment({ ...good, ...step({ parameters: { latencyMs: -1 } }) })).toThrow(
      expect.objectContaining({
        code: "CONF_1002",
        message: 'The fault "latency" cannot have latencyMs = -1.',
      }),
    );
    expect(() => defineExperiment({ ...good, ...step({ parameters: { speed: 1 } }) })).toThrow(
      expect.objectContaining({ code: "CONF_1002", hint: "It has: latencyMs, jitterMs." }),
    );
  });
});
