import { expect, test } from "vitest";
import { createDistribution } from "../../../src/history/distribution.ts";
import { counted, createFindings } from "../../../src/history/findings.ts";

test("findings keep the first ten by order, count all, and make no more than they keep", () => {
  const findings = createFindings();
  const orders = Array.from({ length: 30 }, (_, index) => (index * 7) % 30);
  let made = 0;
  for (const order of orders) {
    findings.add(order, () => {
      made += 1;
      return { what: String(order) };
    });
  }
  expect(findings.count).toBe(30);
  expect(findings.offenders.map(({ what }) => what)).toEqual([
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
  ]);
  expect(made).toBeLessThan(30);
});

test("findings of the same order stay in the order they were found in", () => {
  const findings = createFindings();
  for (let index = 0; index < 20; index += 1) findings.add(5, () => ({ what: String(index) }));
  expect(findings.offenders.map(({ what }) => what)).toEqual([
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
  ]);
});

test("a distribution sums up as nearest ranks", () => {
  const distribution = createDistribution();
  expect(distribution.summary()).toEqual({});
  for (let value = 100; value >= 1; value -= 1) distribution.add(value);
  expect(distribution.count).toBe(100);
  expect(distribution.summary()).toEqual({ medianMs: 50, p99Ms: 99, maxMs: 100 });
});

test("a distribution of one value is that value", () => {
  const distribution = createDistribution();
  distribution.add(1.23456);
  expect(distribution.summary()).toEqual({ medianMs: 1.235, p99Ms: 1.235, maxMs: 1.235 });
});

test("numbers take their noun", () => {
  expect([counted(1, "message"), counted(2, "message"), counted(0, "delivery", "deliveries")]).toEqual([
    "1 message",
    "2 messages",
    "0 deliveries",
  ]);
});
