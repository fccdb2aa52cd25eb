import { stripVTControlCharacters } from "node:util";

/** Aligns rows of cells into columns two spaces apart; the last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell));
    });
  }
  return rows
    .map((row) =>
      (
        indent +
        row
          .map(
            (cell, column) =>
              cell + " ".repeat(column < row.length - 1 ? (widths[column] ?? 0) - visibleLength(cell) : 0),
          )
          .join("  ")
      ).trimEnd(),
    )
    .join("\n");
}

function visibleLength(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
