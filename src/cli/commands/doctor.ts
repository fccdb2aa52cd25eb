import type { Command } from "commander";
import { createPaint, wantsColours } from "../../report/colours.ts";
import { formatTable } from "../../report/table.ts";
import { runDoctor } from "../doctor.ts";
import { printLine } from "../print.ts";
import type { ProgramOutcome } from "../program-outcome.ts";

export function addDoctorCommand(program: Command, outcome: ProgramOutcome): void {
  program
    .command("doctor")
    .description("say what works on this machine and what is missing")
    .option("--json", "print as JSON")
    .action(async (flags: { readonly json?: boolean }) => {
      const findings = await runDoctor();
      if (flags.json) {
        printLine(JSON.stringify({ findings }, undefined, 2));
      } else {
        const paint = createPaint(wantsColours(process.stdout));
        const look = { works: paint("green", "✓"), missing: paint("dim", "–"), broken: paint("red", "✗") };
        printLine(formatTable(findings.map(({ state, what, detail }) => [look[state], what, detail])));
        const broken = findings.filter(({ state }) => state === "broken").length;
        printLine();
        printLine(
          broken === 0
            ? "Ready: `stormfleet run calm` needs nothing more. What is marked – is optional."
            : `${broken} of the needed parts ${broken === 1 ? "does" : "do"} not work; see above.`,
        );
      }
      outcome.exitCode = findings.some(({ state }) => state === "broken") ? 69 : 0;
    });
}
