import { describe, expect, test } from "vitest";
import { calm } from "../../../../chaos/experiments/calm.ts";
import { deliveryCheckers } from "../../../../chaos/experiments/delivery-checkers.ts";
import { latencyStorm } from "../../../../chaos/experiments/latency-storm.ts";
import { catalog, findByName } from "../../../../src/catalog.ts";
import { briskSettings } from "../../../../src/define.ts";
import { resolveParameters } from "../../../../src/experiment/fault.ts";
import { isKebabCase } from "../../../../src/kebab-case.ts";

describe("every built-in", () => {
  test("has a name that is a name, and that no other of its kind has", () => {
    for (const kind of [
      catalog.devices,
      catalog.faults,
      catalog.checkers,
      catalog.experiments,
      catalog.machines,
    ]) {
      const names = kind.map(({ name }) => name);
      expect(names.filter((name) => !isKebabCase(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test.for(catalog.experiments)(
    "$name is made of built-ins that are listed",
    ({ mix, method, checkers, hypothesis }) => {
      for (const { model } of mix) expect(catalog.devices).toContain(model);
      for (const { fault } of method) expect(catalog.faults).toContain(fault);
      for (const checker of checkers) expect(catalog.checkers).toContain(checker);
      expect(new Set(checkers).size).toBe(checkers.length);
      expect(hypothesis).toMatch(/\.$/);
    },
  );

  test.for(catalog.experiments)(
    "$name leaves time after its last fault, and disturbs one thing at a time",
    ({ method }) => {
      const steps = method.toSorted((one, other) => one.from - other.from);
      steps.forEach(({ until }, index) => {
        expect(until).toBeLessThan(1);
        expect(until).toBeLessThan(steps[index + 1]?.from ?? 1);
      });
    },
  );
});

test("calm is a control: it injects nothing and asks what the storms ask of messages", () => {
  expect(calm.method).toEqual([]);
  for (const experiment of catalog.experiments) {
    for (const checker of deliveryCheckers) {
      expect(experiment.checkers).toContain(checker);
      expect(calm.checkers).toContain(checker);
    }
  }
});

test("the latencies stay below what the heartbeat may take for death", () => {
  const { heartbeatIntervalMs, heartbeatTimeoutMs } = { ...briskSettings, ...latencyStorm.settings };
  for (const { fault, parameters } of latencyStorm.method) {
    const { roundTripMs = Number.NaN } = fault.derived?.(resolveParameters(fault, parameters)) ?? {};
    expect(roundTripMs).toBeLessThan(heartbeatTimeoutMs - heartbeatIntervalMs);
  }
});

describe("finding by name", () => {
  test("finds what is there", () => {
    expect(findByName("experiment", catalog.experiments, "calm")).toBe(calm);
  });

  test("names the nearest, or everything there is", () => {
    expect(() => findByName("experiment", catalog.experiments, "clam")).toThrow(
      expect.objectContaining({
        code: "CONF_1001",
        message: 'There is no experiment "clam".',
        hint: 'Did you mean "calm"?',
      }),
    );
    expect(() => findByName("fault", catalog.faults, "zzzzzzzzzzzzzzz")).toThrow(
      expect.objectContaining({ hint: `There are: ${catalog.faults.map(({ name }) => name).join(", ")}.` }),
    );
  });
});
