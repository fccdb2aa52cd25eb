import type { SourceFile } from "./source-files.ts";

/**
 * Which part may import which; parts that are not named on the right are out of bounds. A part is a folder of `src`, a
 * single file there, or a top-level folder. Every part may import itself.
 */
const base = ["time", "errors", "endpoint", "nearest-name", "kebab-case"];
const records = ["history", "config", "observability", ...base];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  endpoint: [],
  "nearest-name": [],
  "kebab-case": [],
  time: ["errors"],
  observability: base,
  config: base,
  history: base,
  messaging: records,
  compensation: records,
  connection: records,
  infrastructure: records,
  firmware: ["messaging", "compensation", "connection", ...records],
  experiment: [
    "firmware",
    "messaging",
    "compensation",
    "connection",
    "infrastructure interfaces",
    ...records,
  ],
  report: ["experiment", ...records],
  define: ["experiment", "firmware", "infrastructure interfaces", ...records],
  devices: ["define"],
  chaos: ["define", "devices"],
  catalog: ["devices", "chaos", "experiment", "firmware", "connection", ...records],
  cli: ["catalog", "report", "experiment", "firmware", "connection", "infrastructure", ...records],
  index: ["define", "catalog", "devices", "chaos", "report", "experiment", "infrastructure", ...records],
};

/** The files of `infrastructure` that hold interfaces only: whoever runs experiments may know these, not the backends. */
const interfaceFiles = new Set(["src/infrastructure/infrastructure.ts"]);

/** Each library comes in through one door; imports of types alone pass anywhere. */
const doors: Readonly<Record<string, RegExp>> = {
  mqtt: /^src\/connection\/mqtt-client\.ts$/,
  aedes: /^src\/infrastructure\/embedded\//,
  "mqtt-packet": /^src\/infrastructure\/embedded\//,
  "aedes-persistence": /^src\/infrastructure\/embedded\//,
  "toxiproxy-node-client": /^src\/infrastructure\/toxiproxy-links\.ts$/,
  "@faker-js/faker": /^src\/firmware\/seeded-faker\.ts$/,
  xstate: /^src\/(connection\/connection(-machine)?|firmware\/behaviour|define)\.ts$/,
  "pure-rand": /^src\/time\/random\.ts$/,
  commander: /^src\/cli\//,
  "log-update": /^src\/report\/progress-view\.ts$/,
  "fastest-levenshtein": /^src\/nearest-name\.ts$/,
};

/** Where the machine's clock, timers and randomness may be used. */
const ambientAllowed = /^src\/time\//;

/** What breaks the rules and is known. This list may only shrink. */
export const exceptions: readonly string[] = [];

/** Every breach of the rules, one sentence each. */
export function breachesOf(files: readonly SourceFile[]): readonly string[] {
  const breaches = files.flatMap((file) => [
    ...layerBreaches(file),
    ...doorBreaches(file),
    ...ambientBreaches(file),
  ]);
  return breaches.filter((breach) => !exceptions.includes(breach));
}

function layerBreaches({ path, imports }: SourceFile): string[] {
  const from = partOf(path);
  const allowed = mayImport[from];
  if (!allowed)
    return [
      `${path}: the part "${from}" has no place among the layers; give it one in test/architecture/rules.ts`,
    ];
  return imports
    .filter(({ target }) => target.endsWith(".ts"))
    .map(({ target }) => ({
      target,
      to:
        interfaceFiles.has(target) && from !== "infrastructure"
          ? "infrastructure interfaces"
          : partOf(target),
    }))
    .filter(
      ({ to }) =>
        to !== from &&
        !allowed.includes(to) &&
        !(to === "infrastructure interfaces" && allowed.includes("infrastructure")),
    )
    .map(({ target, to }) => `${path}: "${from}" may not import "${to}" (${target})`);
}

function doorBreaches({ path, imports }: SourceFile): string[] {
  return imports
    .filter(({ target, typeOnly }) => !typeOnly && !target.endsWith(".ts") && !target.startsWith("node:"))
    .flatMap(({ target }) => {
      const library = target.startsWith("@")
        ? target.split("/").slice(0, 2).join("/")
        : (target.split("/")[0] ?? target);
      const door = doors[library];
      if (!door)
        return [`${path}: the library "${library}" has no door; name one in test/architecture/rules.ts`];
      return door.test(path) ? [] : [`${path}: "${library}" comes in through another door`];
    });
}

function ambientBreaches({ path, ambient }: SourceFile): string[] {
  return ambientAllowed.test(path) ? [] : ambient.map((use) => `${use}; ask the world instead`);
}

/** `src/history/entry.ts` → history, `src/errors.ts` → errors, `chaos/faults/latency.ts` → chaos. */
function partOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "src" ? second.replace(/\.ts$/, "") : top;
}
