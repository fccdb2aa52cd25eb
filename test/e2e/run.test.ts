import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, startCli } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

/** The folder of the only run of an experiment below `cwd`. */
function onlyRun(cwd: string, experiment: string): string {
  const [name] = readdirSync(join(cwd, "runs", experiment));
  return join(cwd, "runs", experiment, String(name));
}

describe("stormfleet run and check", () => {
  it.concurrent("runs, prints the verdict, stores the evidence, and judges it the same again", async () => {
    const cwd = temporaryFolder();
    const run = await runCli(["run", "calm", "--duration", "3s", "--devices", "4", "--seed", "7"], { cwd });
    expect(run.stderr).toContain("storm 0/3 s");
    expect(run.stdout).toMatch(/^\nVALID {2}calm · 7 of 7 guarantees held · 4 devices/);
    expect(run.stdout).toContain("replay    npx stormfleet run calm --devices 4 --seed 7 --duration 3s");
    expect(run.exitCode).toBe(0);

    const folder = onlyRun(cwd, "calm");
    const again = await runCli(["check", folder], { cwd });
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toBe(run.stdout);
  });

  it.concurrent("prints one JSON document on stdout", async () => {
    const args = ["run", "calm", "--duration", "3s", "--devices", "4", "--seed", "7", "--json"];
    const { stdout, exitCode } = await runCli(args, { cwd: temporaryFolder() });
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "valid",
      header: { experiment: "calm", seed: "7", devices: 4, durationMs: 3000 },
    });
    expect(exitCode).toBe(0);
  });

  it.concurrent("stores its evidence and ends with its exit code when nobody reads what it prints", async () => {
    const cwd = temporaryFolder();
    const cli = startCli(["run", "calm", "--duration", "3s", "--devices", "4", "--seed", "7"], { cwd });
    await cli.printed("warm-up");
    cli.process.stdout?.destroy();
    cli.process.stderr?.destroy();
    expect(await cli.finished).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(onlyRun(cwd, "calm"), "result.json"), "utf8")).toContain('"outcome": "valid"');
  });

  it.concurrent("ends with 1 and tells the offenders' stories when a guarantee is violated", async () => {
    const args = [
      "run",
      "calm",
      "--duration",
      "6s",
      "--devices",
      "20",
      "--seed",
      "7",
      "--mutant",
      "doubles-qos2",
    ];
    const { stdout, exitCode } = await runCli(args, { cwd: temporaryFolder() });
    expect(stdout).toMatch(/^\nINVALID {2}calm/);
    expect(stdout).toMatch(/✗ invalid {2}exactly-once/);
    expect(stdout).toMatch(/exactly-once: the first \d of \d+/);
    expect(stdout).toMatch(/→ publish \S+#\d+ \(QoS 2\)/);
    expect(exitCode).toBe(1);
  });

  describe("on a stored history that", () => {
    const stored = async (change: (file: string) => void) => {
      const cwd = temporaryFolder();
      await runCli(["run", "calm", "--duration", "3s", "--devices", "4", "--seed", "7"], { cwd });
      const folder = onlyRun(cwd, "calm");
      change(join(folder, "history.ndjson"));
      return runCli(["check", folder], { cwd });
    };

    it.concurrent("is torn at its end gives unknown instead of valid", async () => {
      const result = await stored((file) => appendFileSync(file, '{"type":"deliv'));
      expect(result.stdout).toContain("UNKNOWN  calm");
      expect(result.stdout).toContain("torn");
      expect(result.exitCode).toBe(2);
    });

    it.concurrent("is named itself, without its result, is judged and knows the command that repeats it", async () => {
      const cwd = join(temporaryFolder(), "my runs");
      mkdirSync(cwd);
      const flags = ["--duration", "3s", "--devices", "4", "--seed", "it's 7"];
      await runCli(["run", "calm", ...flags], { cwd });
      const folder = onlyRun(cwd, "calm");
      rmSync(join(folder, "result.json"));
      const { stdout } = await runCli(["check", join(folder, "history.ndjson")], { cwd: dirname(cwd) });
      expect(stdout).toMatch(/evidence {2}my runs\/runs\/calm\/[^/]+\/history\.ndjson, result\.json/);
      expect(stdout).toMatch(/again {5}npx stormfleet check 'my runs\/runs\/calm\/[^/]+'/);
      expect(stdout).toContain("run calm --devices 4 --seed 'it'\\''s 7' --duration 3000ms");
    });

    it.concurrent("is empty names the file", async () => {
      const result = await stored((file) => writeFileSync(file, ""));
      expect(result.stderr).toContain("[HIST_1001]");
      expect(result.exitCode).toBe(65);
    });

    it.concurrent("is of another version names both", async () => {
      const result = await stored((file) =>
        writeFileSync(file, readFileSync(file, "utf8").replace('"version":1', '"version":99')),
      );
      expect(result.stderr).toContain("99");
      expect(result.stderr).toContain("[HIST_1002]");
      expect(result.exitCode).toBe(65);
    });

    it.concurrent("is damaged in the middle names the line", async () => {
      const result = await stored((file) => {
        const lines = readFileSync(file, "utf8").split("\n");
        lines[4] = "#";
        writeFileSync(file, lines.join("\n"));
      });
      expect(result.stderr).toContain("line 5");
      expect(result.stderr).toContain("[HIST_1003]");
      expect(result.exitCode).toBe(65);
    });
  });
});

describe("Ctrl-C", () => {
  const args = ["run", "partition-and-heal", "--duration", "20s", "--devices", "60", "--seed", "7"];

  it.concurrent.each([
    ["before anything is up", "60 devices ·"],
    ["while the fleet comes up", "warm-up"],
  ])("%s ends with 130 and leaves nothing", async (_, moment) => {
    const cli = startCli(args, { cwd: temporaryFolder() });
    await cli.printed(moment);
    cli.interrupt();
    const result = await cli.finished;
    expect(result.stderr).toContain(
      "Interrupted before there was anything to judge; nothing is left running.",
    );
    expect(result.exitCode).toBe(130);
  });

  it.concurrent.each([
    ["in the calm before a fault", "storm 0/20 s"],
    ["while a fault is in force", "fault: partition"],
  ])("%s heals, drains, reports unknown and exits", async (_, moment) => {
    const cwd = temporaryFolder();
    const cli = startCli(args, { cwd });
    await cli.printed(moment);
    cli.interrupt();
    const result = await cli.finished;
    expect(result.stdout).toContain("UNKNOWN  partition-and-heal");
    expect(result.stdout).toContain('interrupted in the phase "storm"');
    expect(result.exitCode).toBe(2);
    const history = readFileSync(join(onlyRun(cwd, "partition-and-heal"), "history.ndjson"), "utf8");
    const stages = history.match(/"stage":"(injected|healed)"/g) ?? [];
    expect(stages.filter((stage) => stage.includes("healed"))).toHaveLength(
      stages.filter((stage) => stage.includes("injected")).length,
    );
    expect(history).toContain('"type":"drained"');
  });

  it.concurrent("ends the stand-alone proxy with 0, also one that was started with the reference's flags", async () => {
    const cli = startCli(["proxy", "-host", "127.0.0.1", "-port", "0"], { cwd: temporaryFolder() });
    await cli.printed("Toxiproxy API on http://127.0.0.1:");
    cli.interrupt();
    expect(await cli.finished).toMatchObject({ exitCode: 0 });
  });
});
