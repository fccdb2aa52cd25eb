import { describe, expect, it } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { optionalSuites } from "../helpers/optional-suites.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

/** The same sources, unbuilt, under another runtime. */
const runtimes = [
  { name: "bun", runtime: ["bun"], missing: optionalSuites.bun.missing },
  { name: "deno", runtime: ["deno", "run", "-A"], missing: optionalSuites.deno.missing },
] as const;

describe.concurrent.each(runtimes)("under $name", ({ runtime, missing }) => {
  it.skipIf(missing !== undefined).each([
    ["partition-and-heal", "8 of 8"],
    ["half-open-links", "8 of 8"],
    ["latency-storm", "7 of 7"],
  ])(
    "%s runs and is valid",
    async (experiment, held) => {
      const args = ["run", experiment, "--duration", "16s", "--devices", "12", "--seed", "7"];
      const result = await runCli(args, { cwd: temporaryFolder(), runtime });
      expect(result.stdout).toContain(`VALID  ${experiment} · ${held} guarantees held`);
      expect(result.exitCode).toBe(0);
    },
    90_000,
  );
});
