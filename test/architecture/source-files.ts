import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

const root = resolve(import.meta.dirname, "../..");

/** One import of a source file. */
export interface Import {
  /** Relative to the project's root for files of ours, the bare name for packages. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/** A source file, as far as the rules look at it. */
export interface SourceFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Every way in which it reaches for the machine's clock, timers or randomness, with the line. */
  readonly ambient: readonly string[];
}

/** All TypeScript files below the folders, sorted by path. */
export function readSources(folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

/** Reads one file's text. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const imports: Import[] = [];
  for (const { moduleRequest, entries } of module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    imports.push({ target: resolveTarget(path, moduleRequest.value), typeOnly });
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest) imports.push({ target: resolveTarget(path, moduleRequest.value), typeOnly: isType });
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const specifier = text.slice(moduleRequest.start, moduleRequest.end);
    if (/^["']/.test(specifier))
      imports.push({ target: resolveTarget(path, specifier.slice(1, -1)), typeOnly: false });
  }
  const ambient: string[] = [];
  const note = (node: Node, what: string) => {
    ambient.push(`${path}:${text.slice(0, node.start).split("\n").length} ${what}`);
  };
  visit(program as unknown as Node, undefined, note);
  return { path: path.replaceAll("\\", "/"), imports, ambient };
}

function resolveTarget(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return relative(root, resolve(root, dirname(from), specifier)).replaceAll("\\", "/");
}

/** What the rule needs of an ESTree node. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const ambientGlobals = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "performance",
]);
const ambientMembers = new Set([
  "Date.now",
  "Math.random",
  "process.hrtime",
  "AbortSignal.timeout",
  "crypto.randomUUID",
  "crypto.getRandomValues",
]);
const ambientModules = new Set([
  "node:timers",
  "node:timers/promises",
  "node:perf_hooks",
  "timers",
  "timers/promises",
  "perf_hooks",
]);
const ambientCrypto = new Set([
  "randomUUID",
  "randomBytes",
  "randomInt",
  "getRandomValues",
  "randomFillSync",
  "webcrypto",
]);

function visit(node: Node, parent: Node | undefined, note: (node: Node, what: string) => void): void {
  if (node.type === "Identifier" && ambientGlobals.has(String(node.name)) && isReference(node, parent)) {
    note(node, `uses ${node.name}`);
  }
  if (node.type === "MemberExpression") {
    const name = `${(node.object as Node).name}.${(node.property as Node).name}`;
    if (ambientMembers.has(name)) note(node, `uses ${name}`);
  }
  if (
    node.type === "NewExpression" &&
    (node.callee as Node).name === "Date" &&
    (node.arguments as []).length === 0
  ) {
    note(node, "uses new Date()");
  }
  if (node.type === "ImportDeclaration") noteImport(node, note);
  for (const child of childrenOf(node)) visit(child, node, note);
}

function noteImport(node: Node, note: (node: Node, what: string) => void): void {
  const module = String((node.source as Node).value);
  if (ambientModules.has(module)) note(node, `imports ${module}`);
  if (module !== "node:crypto") return;
  for (const specifier of node.specifiers as Node[]) {
    const name = String((specifier.imported as Node | undefined)?.name ?? "*");
    if (name === "*" || ambientCrypto.has(name)) note(node, `imports ${name} from node:crypto`);
  }
}

/** `clock.setTimeout`, `{ setTimeout() {} }` and `setTimeout(…): void` in an interface name it; they do not use it. */
function isReference(node: Node, parent: Node | undefined): boolean {
  if (!parent) return true;
  if (parent.type === "MemberExpression") return parent.object === node;
  if (parent.type === "Property") return parent.value === node;
  return ![
    "TSMethodSignature",
    "TSPropertySignature",
    "MethodDefinition",
    "PropertyDefinition",
    "TSTypeQuery",
    "ImportSpecifier",
  ].includes(parent.type);
}

function* childrenOf(node: Node): Iterable<Node> {
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each === "object" && each !== null && typeof (each as Node).type === "string")
        yield each as Node;
    }
  }
}
