import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { messageOf } from "../errors.ts";
import { descriptorLimit, largestFleet } from "./descriptor-limit.ts";
import { tryEmbedded } from "./embedded-self-test.ts";

/** One thing that was looked at. `broken` stops Stormfleet from doing its main job; `missing` is optional. */
export interface Finding {
  readonly state: "works" | "missing" | "broken";
  readonly what: string;
  readonly detail: string;
}

/** Tries what Stormfleet needs, for real, and looks for what it can use. */
export async function runDoctor(): Promise<readonly Finding[]> {
  return [
    { state: "works", ...describeRuntime() },
    await attempt("loopback sockets", tryLoopback),
    await attempt("embedded backend", tryEmbedded),
    describeDescriptors(),
    await program(
      "Docker",
      "docker",
      ["info", "--format", "{{.ServerVersion}}"],
      "the engine answers, version",
    ),
    await program(
      "Toxiproxy",
      "toxiproxy-server",
      ["-version"],
      "for comparing the embedded proxy with the real one:",
    ),
    await program("Mosquitto", "mosquitto", ["-h"], "a real broker:"),
    await program("Bun", "bun", ["--version"], "another runtime, version"),
    await program("Deno", "deno", ["--version"], "another runtime:"),
  ];
}

function describeRuntime(): { what: string; detail: string } {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return { what: "Bun", detail: `${bun} (${process.execPath})` };
  if (deno !== undefined) return { what: "Deno", detail: `${deno} (${process.execPath})` };
  return { what: "Node", detail: `${node} (${process.execPath})` };
}

async function attempt(what: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { state: "works", what, detail: await work() };
  } catch (error) {
    return { state: "broken", what, detail: messageOf(error) };
  }
}

function tryLoopback(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => server.close(() => resolve("a port on 127.0.0.1 can be opened")));
  });
}

function describeDescriptors(): Finding {
  const limit = descriptorLimit();
  const what = "file descriptors";
  if (limit === undefined)
    return { state: "missing", what, detail: "this system does not say how many there are" };
  return {
    state: "works",
    what,
    detail: `${limit}; enough for ${largestFleet(limit)} devices on the embedded backend`,
  };
}

const run = promisify(execFile);
/** A daemon that hangs must not hang the doctor. */
const programBoundMs = 5_000;

/** Looks for an optional program and asks it for its version; `about` is the sentence's beginning when it answers. */
async function program(what: string, name: string, args: readonly string[], about: string): Promise<Finding> {
  const { stdout, absent } = await ask(name, args);
  const firstLine = stdout.split("\n", 1)[0]?.trim() ?? "";
  if (firstLine !== "") return { state: "works", what, detail: `${about} ${firstLine}` };
  return {
    state: "missing",
    what,
    detail: absent ? `no ${name} on the PATH` : `${name} is there but does not answer`,
  };
}

/** Some programs print their version and exit with an error all the same, so the output decides. */
async function ask(name: string, args: readonly string[]): Promise<{ stdout: string; absent: boolean }> {
  try {
    return { stdout: (await run(name, args, { timeout: programBoundMs })).stdout, absent: false };
  } catch (error) {
    const { stdout = "", code } = error as { readonly stdout?: string; readonly code?: unknown };
    return { stdout, absent: code === "ENOENT" };
  }
}
