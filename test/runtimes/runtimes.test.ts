import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { optionalSuites } from "../helpers/optional-suites.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const entry = resolve(import.meta.dirname, "../../bin/stormfleet.js");

/** The same sources, unbuilt, under another runtime. */
const runtimes = [
  { name: "bun", command: ["bun"], missing: optionalSuites.bun.missing },
  { name: "deno", command: ["deno", "run", "-A"], missing: optionalSuites.deno.missing },
] as const;

function run(
  command: readonly string[],
  cwd: string,
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const [program = "", ...args] = command;
  return new Promise((settle, fail) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.once("error", fail);
    child.once("close", (exitCode) => settle({ exitCode, stdout, stderr }));
  });
}

describe.concurrent.each(runtimes)("under $name", ({ command, missing }) => {
  it.skipIf(missing !== undefined).each([
    ["partition-and-heal", "8 of 8"],
    ["half-open-links", "8 of 8"],
    ["latency-storm", "7 of 7"],
  ])(
    "%s runs and is valid",
    async (experiment, held) => {
      const line = ["run", experiment, "--duration", "16s", "--devices", "12", "--seed", "7"];
      const result = await run([...command, entry, ...line], temporaryFolder());
      expect(result.stdout).toContain(`VALID  ${experiment} · ${held} guarantees held`);
      expect(result.exitCode).toBe(0);
    },
    90_000,
  );
});
