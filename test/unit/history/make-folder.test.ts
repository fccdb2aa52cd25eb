import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../../../src/history/make-folder.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

it("makes a folder with those above it, and leaves one that is there", () => {
  const folder = join(temporaryFolder(), "a/b/c");
  makeFolder(folder);
  makeFolder(folder);
  expect(statSync(folder).isDirectory()).toBe(true);
});

it("throws where a file is in the way", () => {
  const base = temporaryFolder();
  writeFileSync(join(base, "file"), "");
  expect(() => makeFolder(join(base, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(base, "file/below"))).toThrow("EEXIST");
});

it.skipIf(!existsSync("/proc"))(
  "throws at once where no folder can be made, instead of trying for ever",
  () => {
    expect(() => makeFolder("/proc/nowhere/at/all")).toThrow(/ENOENT|EACCES|EPERM/);
  },
);
