import { expect, test } from "vitest";
import { createTelemetry, type Fact, silentTelemetry } from "../../../src/observability/telemetry.ts";

test("every sink hears every fact, in order, also when one of them throws", () => {
  const first: Fact[] = [];
  const last: Fact[] = [];
  const telemetry = createTelemetry([
    (fact) => first.push(fact),
    () => {
      throw new Error("a broken sink");
    },
    (fact) => last.push(fact),
  ]);
  const facts: Fact[] = [
    { name: "connection.lost", subject: "meter-1", code: "CONN_1005" },
    { name: "message.delivered" },
  ];
  expect(telemetry.enabled).toBe(true);
  for (const fact of facts) telemetry.emit(fact);
  expect(first).toEqual(facts);
  expect(last).toEqual(facts);
});

test("without a sink nobody listens, so that no fact need be made", () => {
  expect(createTelemetry([])).toBe(silentTelemetry);
  expect(silentTelemetry.enabled).toBe(false);
  expect(silentTelemetry.emit({ name: "nothing" })).toBeUndefined();
});
