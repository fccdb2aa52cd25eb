import { expect, test } from "vitest";
import { calm } from "../../../chaos/experiments/calm.ts";
import { partitionAndHeal } from "../../../chaos/experiments/partition-and-heal.ts";
import { checkNeeds } from "../../../src/experiment/needs.ts";
import type { Capability, Infrastructure } from "../../../src/infrastructure/infrastructure.ts";

const backendWith = (...capabilities: Capability[]) =>
  ({ backend: "poor", capabilities: new Set(capabilities) }) as unknown as Infrastructure;

test("a backend that can do what the faults need is let pass", () => {
  expect(() => checkNeeds(partitionAndHeal, backendWith("link.toxics"))).not.toThrow();
  expect(() => checkNeeds(calm, backendWith())).not.toThrow();
});

test("a backend that cannot is refused with the fault and the capability", () => {
  expect(() => checkNeeds(partitionAndHeal, backendWith("broker.kill"))).toThrow(
    expect.objectContaining({
      code: "INFRA_1004",
      message:
        'The experiment "partition-and-heal" injects "partition", which needs link.toxics; the backend "poor" cannot do that.',
    }),
  );
});
