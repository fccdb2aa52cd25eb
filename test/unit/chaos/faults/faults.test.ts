import { describe, expect, test } from "vitest";
import { halfOpen } from "../../../../chaos/faults/half-open.ts";
import { latency } from "../../../../chaos/faults/latency.ts";
import { partition } from "../../../../chaos/faults/partition.ts";
import { reset } from "../../../../chaos/faults/reset.ts";
import { catalog } from "../../../../src/catalog.ts";
import { resolveParameters } from "../../../../src/experiment/fault.ts";
import { createScriptedLink } from "../../../helpers/scripted-link.ts";

describe("every fault", () => {
  test.for(catalog.faults)("$name gives back a cure that undoes all of it", async (fault) => {
    const link = createScriptedLink("link-1");
    const cure = await fault.inject(link, resolveParameters(fault));
    expect(link.inForce.length).toBeGreaterThan(0);
    await cure();
    expect(link.inForce).toEqual([]);
    expect(fault.description).toMatch(/\.$/);
    expect(fault.needs).toContain("link.toxics");
  });

  test.for(catalog.faults)("$name leaves nothing in force when its last step fails", async (fault) => {
    const link = createScriptedLink("link-1");
    const whole = createScriptedLink("link-2");
    await fault.inject(whole, resolveParameters(fault));
    const steps = whole.log.length;
    let taken = 0;
    link.before = (step) => {
      if (step.startsWith("undo")) return;
      taken += 1;
      if (taken === steps) throw new Error("the proxy is gone");
    };
    await expect(async () => fault.inject(link, resolveParameters(fault))).rejects.toThrow(
      "the proxy is gone",
    );
    expect(link.inForce).toEqual([]);
  });
});

test("a partition closes the link", async () => {
  const link = createScriptedLink("link-1");
  await partition.inject(link, {});
  expect(link.log).toEqual(["link-1 disable"]);
  expect(partition.effect).toBe("severs");
});

test("a half-open link swallows both directions and never closes by itself", async () => {
  const link = createScriptedLink("link-1");
  await halfOpen.inject(link, {});
  expect(link.toxics).toEqual([
    { type: "timeout", stream: "upstream", attributes: { timeout: 0 } },
    { type: "timeout", stream: "downstream", attributes: { timeout: 0 } },
  ]);
  expect(halfOpen.effect).toBe("silences");
});

test("latency delays both directions, and tells the checkers the longest round trip", async () => {
  const link = createScriptedLink("link-1");
  await latency.inject(link, { latencyMs: 250, jitterMs: 50 });
  expect(link.toxics).toEqual([
    { type: "latency", stream: "upstream", attributes: { latency: 250, jitter: 50 } },
    { type: "latency", stream: "downstream", attributes: { latency: 250, jitter: 50 } },
  ]);
  expect(latency.derived?.({ latencyMs: 250, jitterMs: 50 })).toEqual({ roundTripMs: 600 });
  expect(latency.effect).toBe("delays");
});

test("a reset ends connections when their device speaks", async () => {
  const link = createScriptedLink("link-1");
  await reset.inject(link, { afterMs: 5 });
  expect(link.toxics).toEqual([{ type: "reset_peer", stream: "upstream", attributes: { timeout: 5 } }]);
});
