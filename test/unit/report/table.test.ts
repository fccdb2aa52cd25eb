import { styleText } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTable } from "../../../src/report/table.ts";

test("columns begin at the same place, two spaces after the widest cell before", () => {
  const rows = [
    ["name", "what it does"],
    ["half-open", "swallows bytes"],
    ["x", ""],
  ];
  expect(formatTable(rows, "  ")).toBe("  name       what it does\n  half-open  swallows bytes\n  x");
});

test("colours take no room", () => {
  const red = styleText("red", "no", { validateStream: false });
  expect(
    formatTable([
      [red, "a"],
      ["valid", "b"],
    ]),
  ).toBe(`${red}     a\nvalid  b`);
});

test("rows may be of different lengths, and there may be none", () => {
  expect(formatTable([["a", "b", "c"], ["aa"]])).toBe("a   b  c\naa");
  expect(formatTable([])).toBe("");
});

test("every cell of a column begins at the same place, and no line ends in a space", () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 8 }), (rows) => {
      const lines = formatTable(rows).split("\n");
      const startsOf = lines.map((line) => [...line.matchAll(/[a-z]+/g)].map(({ index }) => index));
      for (const starts of startsOf) expect(starts).toEqual(startsOf[0]);
      for (const line of lines) expect(line).toBe(line.trimEnd());
    }),
  );
});
