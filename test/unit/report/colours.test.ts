import { expect, test } from "vitest";
import { wantsColours } from "../../../src/report/colours.ts";

test.each([
  ["a terminal", { isTTY: true }, { TERM: "xterm" }, true],
  ["a pipe", {}, { TERM: "xterm" }, false],
  ["a terminal whose user set NO_COLOR", { isTTY: true }, { TERM: "xterm", NO_COLOR: "1" }, false],
  ["a terminal with an empty NO_COLOR, which counts as unset", { isTTY: true }, { NO_COLOR: "" }, true],
  ["a terminal that can show nothing but text", { isTTY: true }, { TERM: "dumb" }, false],
])("%s is coloured as it should be", (_, stream, environment, coloured) => {
  expect(wantsColours(stream, environment)).toBe(coloured);
});
