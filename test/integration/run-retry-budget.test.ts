import { expect, it } from "vitest";
import { gracefulDegradation } from "../../chaos/checkers/graceful-degradation.ts";
import { partition } from "../../chaos/faults/partition.ts";
import { createTelemetry, type Fact } from "../../src/observability/telemetry.ts";
import { experimentWith, nothingLeft, outcomesOf, runInRig } from "../helpers/run-rig.ts";

const outage = experimentWith({
  method: [{ fault: partition, links: { share: 0.5 }, from: 0.1, until: 0.9 }],
  checkers: [gracefulDegradation],
  settings: { retryBudget: 2, backoff: { jitter: "none", baseMs: 50, maxMs: 100 } },
});

it("lets devices give up once past their retry budget, tells the layers above, and waits for none of them", async () => {
  const facts: Fact[] = [];
  const { result, error, ...remains } = await runInRig(outage, {
    telemetry: createTelemetry([(fact) => facts.push(fact)]),
  });
  expect(error).toBeUndefined();
  expect(outcomesOf(result)).toEqual({ "graceful-degradation": "valid" });

  const givenUp = facts.filter(({ name }) => name === "connection.given-up");
  expect(givenUp).toHaveLength(2);
  expect(new Set(givenUp.map(({ subject }) => subject)).size).toBe(2);
  for (const fact of givenUp)
    expect(fact).toMatchObject({ code: "CONN_1006", traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(result?.notes).toContainEqual(
    "2 of 4 devices (2 gave up after the retry budget) were not connected at the end.",
  );
  expect(result?.notes.some((note) => note.includes("not back"))).toBe(false);
  expect(remains).toEqual(nothingLeft);
});
