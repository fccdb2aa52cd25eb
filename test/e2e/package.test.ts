import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Builds the package and lays it out as npm would, with the repository's dependencies beside it. */
async function installPackage(folder: string): Promise<string> {
  const modules = join(folder, "node_modules");
  const installed = join(modules, "stormfleet");
  mkdirSync(installed, { recursive: true });
  const tsc = join(root, "node_modules/.bin/tsc");
  await run(tsc, ["-p", join(root, "tsconfig.build.json"), "--outDir", join(installed, "dist")]);
  // Copied, since a link would lead back to the sources.
  for (const name of ["bin", "package.json"])
    cpSync(join(root, name), join(installed, name), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  return installed;
}

/** The README's library example, word for word. */
function readmeExample(): string {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  if (code === undefined) throw new Error("README.md has no ts example.");
  return code;
}

describe("the published package", () => {
  it("runs the command line and the README's own device in an empty folder, from compiled JavaScript", async () => {
    const folder = temporaryFolder();
    const installed = await installPackage(folder);

    const listed = await runCli(["list", "experiments"], {
      cwd: folder,
      entry: join(installed, "bin/stormfleet.js"),
    });
    expect(listed).toMatchObject({ exitCode: 0, stderr: "" });
    expect(listed.stdout).toContain("partition-and-heal");

    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "beacon.ts"), readmeExample());
    const used = await runCli([], { cwd: folder, entry: join(folder, "beacon.ts") });
    expect(used.stderr).toBe("");
    expect(used.stdout).toContain("VALID  lighthouse");
    expect(used.exitCode).toBe(0);

    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: "nodenext",
          target: "es2023",
          skipLibCheck: true,
          types: ["node"],
        },
        files: ["beacon.ts"],
      }),
    );
    await run(join(root, "node_modules/.bin/tsc"), ["-p", folder]);
  }, 60_000);
});
