import type { Command } from "commander";
import { catalog, findByName } from "../../catalog.ts";
import { toMermaid } from "../../connection/machine-diagram.ts";
import { StormfleetError } from "../../errors.ts";
import { brokerMutants } from "../../infrastructure/embedded/broker/broker-mutants.ts";
import { formatTable } from "../../report/table.ts";
import { printLine } from "../print.ts";

/** What can be listed: a heading and rows of name and description. */
const lists = {
  devices: () => catalog.devices.map(({ name, description }) => [name, description]),
  faults: () => catalog.faults.map(({ name, description }) => [name, description]),
  checkers: () => catalog.checkers.map(({ name, guarantee }) => [name, guarantee]),
  experiments: () => catalog.experiments.map(({ name, hypothesis }) => [name, hypothesis]),
  machines: () => catalog.machines.map(({ name, description }) => [name, description]),
  mutants: () => Object.entries(brokerMutants),
} as const satisfies Record<string, () => readonly (readonly string[])[]>;

type ListName = keyof typeof lists;
const listNames = Object.keys(lists) as readonly ListName[];
const listChoices = listNames.map((name) => ({ name }));

export function addListCommand(program: Command): void {
  program
    .command("list")
    .description("list what there is")
    .argument("[what]", `what to list (${listNames.join(", ")}); everything when left out`)
    .option("--mermaid", "with machines: print their diagrams as Mermaid")
    .option("--json", "print as JSON")
    .action((given: string | undefined, flags: { readonly mermaid?: boolean; readonly json?: boolean }) => {
      const what = given === undefined ? undefined : findByName("list", listChoices, given).name;
      if (flags.mermaid && what !== undefined && what !== "machines") {
        throw new StormfleetError("CONF_1002", `--mermaid cannot go with "${what}".`, {
          hint: "Only machines have diagrams: stormfleet list machines --mermaid",
        });
      }
      if (flags.mermaid) printDiagrams();
      else if (flags.json) printJson(what);
      else printLists(what === undefined ? listNames : [what]);
    });
}

function printLists(names: readonly ListName[]): void {
  names.forEach((name, index) => {
    if (names.length > 1) printLine(`${index > 0 ? "\n" : ""}${name}`);
    printLine(formatTable(lists[name](), names.length > 1 ? "  " : ""));
  });
}

function printJson(what: ListName | undefined): void {
  const names = what === undefined ? listNames : [what];
  const rows = (name: ListName) => lists[name]().map(([key, description]) => ({ name: key, description }));
  printLine(JSON.stringify(Object.fromEntries(names.map((name) => [name, rows(name)])), undefined, 2));
}

function printDiagrams(): void {
  for (const { name, description, machine } of catalog.machines) {
    printLine(`%% ${name}: ${description}\n${toMermaid(machine)}`);
  }
}
