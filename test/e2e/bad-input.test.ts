import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

describe("bad input on the command line", () => {
  it.concurrent.each([
    ["run clam", 64, "CONF_1001", 'There is no experiment "clam".', 'Did you mean "calm"?'],
    ["run zzzzzzzzzzzz", 64, "CONF_1001", 'There is no experiment "zzzzzzzzzzzz".', "There are: calm, "],
    [
      "run calm --backend embeded",
      64,
      "CONF_1001",
      'There is no backend "embeded".',
      'Did you mean "embedded"?',
    ],
    [
      "run calm --mutant drop-acked",
      64,
      "CONF_1001",
      'There is no mutant "drop-acked".',
      'Did you mean "drops-acked"?',
    ],
    ["run calm --devices 0", 64, "CONF_1002", '--devices cannot be "0".', "from 1 to"],
    ["run calm --devices -1", 64, "CONF_1002", '--devices cannot be "-1".', "from 1 to"],
    ["run calm --devices 1e9", 64, "CONF_1002", '--devices cannot be "1e9".', "from 1 to"],
    ["run calm --devices 2.5", 64, "CONF_1002", '--devices cannot be "2.5".', "from 1 to"],
    ["run calm --devices many", 64, "CONF_1002", '--devices cannot be "many".', "from 1 to"],
    ["run calm --duration 5", 64, "CONF_1002", '--duration cannot be "5".', "500ms, 30s, 5m or 1h"],
    ["run calm --duration 0s", 64, "CONF_1002", '--duration cannot be "0s".', "Use 1s to 168h"],
    ["run calm --duration 9999h", 64, "CONF_1002", '--duration cannot be "9999h".', "Use 1s to 168h"],
    ["run calm --sed 7", 64, "CONF_1003", "Unknown option '--sed'.", "--seed"],
    [
      "list devices --mermaid",
      64,
      "CONF_1002",
      '--mermaid cannot go with "devices".',
      "list machines --mermaid",
    ],
    ["run", 64, "CONF_1003", "Missing required argument 'experiment'.", "--help"],
    ["rum calm", 64, "CONF_1003", "Unknown command 'rum'.", "run"],
    ["list machine", 64, "CONF_1001", 'There is no list "machine".', 'Did you mean "machines"?'],
    ["list nonsense", 64, "CONF_1001", 'There is no list "nonsense".', "There are: devices, faults"],
    ["proxy --port 99999", 64, "CONF_1002", '--port cannot be "99999".', "from 0 to 65535"],
    ["check /nowhere/at/all", 65, "HIST_1001", "/nowhere/at/all", "folder that a run printed"],
  ])("`%s` ends with %i and %s", async (line, exitCode, code, sentence, wayForward) => {
    const result = await runCli(line.split(" "), { cwd: temporaryFolder() });
    expect(result.stderr).toContain(sentence);
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.stderr).toMatch(new RegExp(`Hint: .*${wayForward.replace(/[?.]/g, "\\$&")}`));
    expect(result).toMatchObject({ exitCode, stdout: "" });
  });

  it.concurrent("a fleet with more devices than the process has descriptors for is refused before it starts", async () => {
    const result = await runCli(["run", "calm", "--devices", "100000"], { cwd: temporaryFolder() });
    expect(result).toMatchObject({ exitCode: 64 });
    expect(result.stderr).toContain("file descriptors");
  });

  it.concurrent("errors come as JSON when JSON was asked for", async () => {
    const result = await runCli(["run", "clam", "--json"], { cwd: temporaryFolder() });
    expect(JSON.parse(result.stdout)).toEqual({
      error: {
        code: "CONF_1001",
        level: "FATAL",
        message: 'There is no experiment "clam".',
        hint: 'Did you mean "calm"?',
      },
      exitCode: 64,
    });
  });

  it.concurrent("a port that is taken is named", async ({ onTestFinished }) => {
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const result = await runCli(["proxy", "--host", "127.0.0.1", "--port", String(port)], {
      cwd: temporaryFolder(),
    });
    expect(result).toMatchObject({ exitCode: 73, stdout: "" });
    expect(result.stderr).toContain(String(port));
    expect(result.stderr).toContain("[INFRA_1002]");
  });

  it.concurrent("a folder that cannot be made ends the run with a sentence and nothing running", async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "taken"), "a file where the folder should be");
    const result = await runCli(["run", "calm", "--duration", "1s", "--out", "taken"], { cwd });
    expect(result).toMatchObject({ exitCode: 73 });
    expect(result.stderr).toContain("[HIST_1004]");
  });

  it.concurrent("a Node that is too old ends in one sentence", async () => {
    const pretend = `data:text/javascript,${encodeURIComponent(
      'Object.defineProperty(process.versions, "node", { value: "20.20.2" })',
    )}`;
    const result = await runCli(["list"], {
      cwd: temporaryFolder(),
      runtime: [process.execPath, "--import", pretend],
    });
    expect(result).toMatchObject({ exitCode: 64, stdout: "" });
    expect(result.stderr).toContain("Stormfleet needs Node 22.18 or later; this is Node 20.20.2");
  });
});
