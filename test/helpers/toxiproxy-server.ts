import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { startProxyServer } from "../../src/infrastructure/embedded/control-api/proxy-server.ts";
import { silentTelemetry } from "../../src/observability/telemetry.ts";
import { createWorld } from "../../src/time/world.ts";
import { findProgram } from "./programs.ts";

/** A server that speaks Toxiproxy's API, under test. */
export interface RunningToxiproxy {
  /** Base URL without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface ToxiproxyImplementation {
  readonly name: "embedded" | "real";
  /** Why it cannot be tested here; undefined when it can. */
  readonly missing: string | undefined;
  start(): Promise<RunningToxiproxy>;
}

/** Our own implementation, with metrics on. */
const embeddedToxiproxy: ToxiproxyImplementation = {
  name: "embedded",
  missing: undefined,
  start: () =>
    startProxyServer(createWorld({ seed: "conformance" }), {
      host: "127.0.0.1",
      port: 0,
      proxyMetrics: true,
      runtimeMetrics: true,
      telemetry: silentTelemetry,
    }),
};

/**
 * A real toxiproxy-server: the one at STORMFLEET_TOXIPROXY_URL (on this machine, started with the two metrics flags),
 * else one that is started from the PATH.
 */
export const realToxiproxy: ToxiproxyImplementation = findRealToxiproxy();

/** Every conformance suite runs on each of these. */
export const toxiproxyImplementations: readonly ToxiproxyImplementation[] = [
  embeddedToxiproxy,
  realToxiproxy,
];

/** The title of an implementation's suite, which says why it is skipped. */
export function titleOf({ name, missing }: ToxiproxyImplementation): string {
  return missing === undefined ? name : `${name} (skipped: ${missing})`;
}

function findRealToxiproxy(): ToxiproxyImplementation {
  const url = process.env.STORMFLEET_TOXIPROXY_URL?.replace(/\/+$/, "");
  if (url) return { name: "real", missing: undefined, start: async () => ({ url, stop: async () => {} }) };
  const program = findProgram("toxiproxy-server");
  if (program) return { name: "real", missing: undefined, start: () => startProgram(program) };
  const missing = "STORMFLEET_TOXIPROXY_URL is not set and there is no toxiproxy-server on the PATH";
  return { name: "real", missing, start: () => Promise.reject(new Error(missing)) };
}

async function startProgram(program: string): Promise<RunningToxiproxy> {
  const port = await freePort();
  const args = ["-host", "127.0.0.1", "-port", String(port), "-proxy-metrics", "-runtime-metrics"];
  const child = spawn(program, args, { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(url, child);
  return { url, stop: () => stopProgram(child) };
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** It tells nobody when it listens, so it is asked until it answers. */
async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`toxiproxy-server ended with ${child.exitCode}.`);
    const answered = await fetch(`${url}/version`).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`toxiproxy-server did not answer at ${url}.`);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}
