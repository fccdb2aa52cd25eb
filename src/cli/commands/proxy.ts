import type { Command } from "commander";
import { parseWholeNumber } from "../../config/whole-number.ts";
import { toxiproxyVersion } from "../../infrastructure/embedded/control-api/control-routes.ts";
import { startProxyServer } from "../../infrastructure/embedded/control-api/proxy-server.ts";
import { silentTelemetry } from "../../observability/telemetry.ts";
import { freshSeed } from "../../time/fresh-seed.ts";
import { createWorld } from "../../time/world.ts";
import { watchForInterruption } from "../interruption.ts";
import { printError, printLine } from "../print.ts";
import type { ProgramOutcome } from "../program-outcome.ts";

interface ProxyFlags {
  readonly host: string;
  readonly port: string;
  readonly config?: string;
  readonly seed?: string;
  readonly proxyMetrics?: boolean;
  readonly runtimeMetrics?: boolean;
}

export function addProxyCommand(program: Command, outcome: ProgramOutcome): void {
  program
    .command("proxy")
    .description("serve Toxiproxy's HTTP API for any client; ends with Ctrl-C")
    .version(
      `toxiproxy-server version ${toxiproxyVersion}`,
      "--version",
      "print the version whose API is served",
    )
    .option("--host <host>", "address of the API", "localhost")
    .option("--port <port>", "port of the API; 0 takes any free one", "8474")
    .option("--config <file>", "JSON array of proxies to begin with, as for POST /populate")
    .option("--seed <seed>", "makes jitter, slicing and toxicity repeatable (default: a fresh one, printed)")
    .option("--proxy-metrics", "serve bytes per proxy on /metrics")
    .option("--runtime-metrics", "serve figures of this process on /metrics")
    .action(async (flags: ProxyFlags) => {
      const port = parseWholeNumber("--port", flags.port, { min: 0, max: 65_535 });
      const world = createWorld({ seed: flags.seed ?? freshSeed() });
      const server = await startProxyServer(world, {
        host: flags.host,
        port,
        ...(flags.config === undefined ? {} : { configFile: flags.config }),
        proxyMetrics: flags.proxyMetrics === true,
        runtimeMetrics: flags.runtimeMetrics === true,
        telemetry: silentTelemetry,
      });
      const ended = interrupted();
      if (server.warning !== undefined) printError(server.warning);
      printLine(`Toxiproxy API on ${server.url} (seed ${world.seed}); Ctrl-C ends it.`);
      await ended;
      await server.stop();
      outcome.exitCode = 0;
    });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    const watch = watchForInterruption(() => {
      watch.dispose();
      resolve();
    });
  });
}
