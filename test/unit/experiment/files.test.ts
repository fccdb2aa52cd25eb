import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readResult, writeResult } from "../../../src/experiment/result-file.ts";
import { runFolder } from "../../../src/experiment/run-folder.ts";
import { resultWith } from "../../helpers/run-results.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stormfleet-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a run's folder is named by experiment and time, without colons, and is made by nobody yet", () => {
  const path = runFolder(folder, "calm", "2026-01-01T00:00:00.000Z");
  expect(path).toBe(join(folder, "calm", "2026-01-01T00-00-00.000Z"));
  expect(existsSync(path)).toBe(false);
});

test("runs of the same millisecond get a number", () => {
  const next = () => {
    const path = runFolder(folder, "calm", "now");
    mkdirSync(path, { recursive: true });
    return path;
  };
  const base = join(folder, "calm", "now");
  expect([next(), next(), next()]).toEqual([base, `${base}-2`, `${base}-3`]);
});

test("a result comes back as it was written", () => {
  const result = { ...resultWith({}), folder };
  writeResult(result);
  expect(readResult(folder)).toEqual(result);
  expect(readFileSync(join(folder, "result.json"), "utf8")).toMatch(/^\{\n {2}"header"[\s\S]*\}\n$/);
});

test("a result that is missing or damaged is none", () => {
  expect(readResult(folder)).toBeUndefined();
  for (const text of ["", "{", "7", "null"]) {
    writeFileSync(join(folder, "result.json"), text);
    expect(readResult(folder)).toBeUndefined();
  }
});

test("a result that cannot be written says where and why", () => {
  const missing = join(folder, "missing");
  expect(() => writeResult({ ...resultWith({}), folder: missing })).toThrow(
    expect.objectContaining({
      code: "HIST_1004",
      message: expect.stringContaining(join(missing, "result.json")),
    }),
  );
});
