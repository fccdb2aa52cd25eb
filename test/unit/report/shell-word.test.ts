import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellWord } from "../../../src/report/shell-word.ts";

test("a plain word stays as it is", () => {
  expect(shellWord("runs/calm/2026-11-22T16-36-19.833Z")).toBe("runs/calm/2026-11-22T16-36-19.833Z");
});

test("whatever it holds, a shell reads it as one word again", () => {
  for (const text of ["my runs/calm", "", "it's", '$HOME `id` \\ "x"', "a\nb", "*", "~"]) {
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" })).toBe(text);
  }
});
