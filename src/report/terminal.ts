import { relative } from "node:path";
import type { RunResult } from "../experiment/run-result.ts";
import type { Statement, Verdict } from "../history/checker.ts";
import { counted } from "../history/findings.ts";
import { createPaint, outcomeStyle, type Paint } from "./colours.ts";
import { shellWord } from "./shell-word.ts";
import { formatTable } from "./table.ts";

const mark = { valid: "✓", invalid: "✗", unknown: "?" } as const;

/**
 * A result as people read it: the verdict in one line, one table of guarantees, the stories of the first offenders, and
 * where the evidence lies.
 */
export function formatResult(result: RunResult, options: { readonly colours: boolean }): string {
  const paint = createPaint(options.colours);
  return [
    "",
    verdictLine(result, paint),
    "",
    guaranteeTable(result, paint),
    ...result.notes.map((note) => `\n${paint("yellow", "!")} ${note}`),
    ...stories(result, paint),
    "",
    evidence(result, paint),
  ].join("\n");
}

function verdictLine({ header, outcome, verdicts, counts, elapsedMs }: RunResult, paint: Paint): string {
  const held = verdicts.filter((verdict) => verdict.outcome === "valid").length;
  return [
    `${paint(outcomeStyle[outcome], outcome.toUpperCase())}  ${paint("bold", header.experiment)}`,
    `${held} of ${verdicts.length} guarantees held`,
    counted(header.devices, "device"),
    `${whole(counts.published)} messages published, ${whole(counts.delivered)} delivered`,
    `${(elapsedMs / 1000).toFixed(1)} s`,
  ].join(paint("dim", " · "));
}

function guaranteeTable({ header, verdicts }: RunResult, paint: Paint): string {
  const rows = verdicts.map((verdict) => [
    paint(outcomeStyle[verdict.outcome], `${mark[verdict.outcome]} ${verdict.outcome}`),
    verdict.checker,
    paint("dim", statementsOf(verdict, header.protocol)),
    // Last, because it is the longest and a narrow terminal may wrap it.
    verdict.summary,
  ]);
  return formatTable(
    [
      ["verdict", "guarantee", `MQTT ${header.protocol}`, "what was found"].map((h) => paint("dim", h)),
      ...rows,
    ],
    "  ",
  );
}

/** The statements of the protocol version that was spoken, without their common prefix. */
function statementsOf(verdict: Verdict, version: Statement["version"]): string {
  return verdict.statements
    .filter((statement) => statement.version === version)
    .map((statement) => statement.number.replace(/^MQTT-/, ""))
    .join(", ");
}

function stories({ stories, verdicts }: RunResult, paint: Paint): string[] {
  // One loss may break two guarantees; its story is told once.
  const firstTeller = new Map<string, string>();
  return verdicts.flatMap((verdict) => {
    const told = stories.filter((story) => story.checker === verdict.checker);
    if (told.length === 0) return [];
    const more = verdict.offenderCount - told.length;
    return [
      "",
      `${paint("bold", verdict.checker)}: the first ${told.length} of ${whole(verdict.offenderCount)}`,
      ...told.flatMap(({ what, timeline }) => {
        const teller = firstTeller.get(what);
        firstTeller.set(what, teller ?? verdict.checker);
        const lines = teller === undefined ? timeline : [paint("dim", `  told under ${teller}`)];
        return ["", `  ${paint("red", "✗")} ${what}`, ...lines.map((line) => `    ${line}`)];
      }),
      ...(more > 0 ? ["", `  … and ${whole(more)} more; see result.json`] : []),
    ];
  });
}

function evidence({ folder, replayCommand, header }: RunResult, paint: Paint): string {
  const shown = relative(process.cwd(), folder) || folder;
  return formatTable(
    [
      [paint("dim", "evidence"), `${shown}/history.ndjson, result.json`],
      [paint("dim", "again"), `npx stormfleet check ${shellWord(shown)}`],
      [paint("dim", "replay"), replayCommand ?? `seed ${header.seed}`],
    ],
    "  ",
  );
}

function whole(count: number): string {
  return count.toLocaleString("en-US");
}
