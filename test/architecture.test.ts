import { describe, expect, it } from "vitest";
import { breachesOf, exceptions } from "./architecture/rules.ts";
import { parseSource, readSources } from "./architecture/source-files.ts";

describe("the architecture", () => {
  it("keeps layers pointing downwards, libraries behind their doors, and time and chance in src/time", () => {
    const files = readSources(["src", "devices", "chaos"]);
    expect(files.length).toBeGreaterThan(50);
    expect(breachesOf(files)).toEqual([]);
  });

  it("has no exceptions", () => {
    expect(exceptions).toEqual([]);
  });
});

describe("the architecture rules", () => {
  const breaches = (path: string, text: string) => breachesOf([parseSource(path, text)]);

  it.each([
    ["src/history/a.ts", 'import { b } from "../experiment/b.ts";', '"history" may not import "experiment"'],
    [
      "src/history/a.ts",
      'import type { B } from "../experiment/b.ts";',
      '"history" may not import "experiment"',
    ],
    ["src/history/a.ts", 'export { b } from "../experiment/b.ts";', '"history" may not import "experiment"'],
    [
      "src/history/a.ts",
      'const b = await import("../experiment/b.ts");',
      '"history" may not import "experiment"',
    ],
    [
      "src/connection/a.ts",
      'import { b } from "../infrastructure/select.ts";',
      '"connection" may not import "infrastructure"',
    ],
    [
      "src/experiment/a.ts",
      'import { b } from "../infrastructure/embedded/b.ts";',
      '"experiment" may not import "infrastructure"',
    ],
    ["chaos/faults/a.ts", 'import { b } from "../../src/errors.ts";', '"chaos" may not import "errors"'],
    ["src/newcomer/a.ts", "", 'the part "newcomer" has no place'],
    ["src/firmware/a.ts", 'import mqtt from "mqtt";', '"mqtt" comes in through another door'],
    ["src/firmware/a.ts", 'import { x } from "left-pad";', '"left-pad" has no door'],
    ["src/firmware/a.ts", "const now = Date.now();", "a.ts:1 uses Date.now"],
    ["src/firmware/a.ts", "\nconst now = new Date();", "a.ts:2 uses new Date()"],
    ["src/firmware/a.ts", "setTimeout(() => {}, 1);", "uses setTimeout"],
    ["src/firmware/a.ts", "const x = { after: setTimeout };", "uses setTimeout"],
    ["src/firmware/a.ts", "globalThis.x = performance.now();", "uses performance"],
    ["src/firmware/a.ts", "const x = Math.random();", "uses Math.random"],
    ["src/firmware/a.ts", 'import { randomUUID } from "node:crypto";', "imports randomUUID"],
    [
      "src/firmware/a.ts",
      'import { setTimeout as s } from "node:timers/promises";',
      "imports node:timers/promises",
    ],
  ])("finds in %s: %s", (path, text, expected) => {
    expect(breaches(path, text)).toEqual([expect.stringContaining(expected)]);
  });

  it.each([
    ["src/experiment/a.ts", 'import type { Link } from "../infrastructure/infrastructure.ts";'],
    ["src/firmware/a.ts", "clock.setTimeout(() => {}, 1); const d = new Date(0);"],
    ["src/firmware/a.ts", "interface Clock { setTimeout(run: () => void): void }"],
    ["src/firmware/a.ts", 'import type { Faker } from "@faker-js/faker";'],
    ["src/firmware/a.ts", 'import { createHash } from "node:crypto";'],
    ["src/time/a.ts", "const x = Math.random();"],
    ["chaos/faults/a.ts", 'import { defineFault } from "../../src/define.ts";'],
  ])("lets pass in %s: %s", (path, text) => {
    expect(breaches(path, text)).toEqual([]);
  });
});
