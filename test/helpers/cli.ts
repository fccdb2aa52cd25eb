import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { afterAll } from "vitest";

const entry = resolve(import.meta.dirname, "../../bin/stormfleet.js");

/** What a finished command left. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly process: ChildProcess;
  readonly finished: Promise<CliResult>;
  /** Resolves as soon as the text has been printed on either stream; rejects when the command ends without it. */
  printed(text: string): Promise<void>;
  interrupt(): void;
}

const running = new Set<ChildProcess>();

// A test that failed half-way must not leave its command running.
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the command line in a process of its own, in the given folder. */
export function startCli(
  args: readonly string[],
  options: {
    readonly cwd: string;
    /** The runtime and its own arguments. Default: this Node. */
    readonly runtime?: readonly [program: string, ...args: readonly string[]];
    /** What it runs. Default: the repository's command line. */
    readonly entry?: string;
  },
): RunningCli {
  const [program, ...runtimeArgs] = options.runtime ?? [process.execPath];
  const child = spawn(program, [...runtimeArgs, options.entry ?? entry, ...args], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const check = () => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    check();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    check();
  });
  const finished = new Promise<CliResult>((settle, fail) => {
    child.once("error", fail);
    child.once("close", (exitCode) => {
      running.delete(child);
      settle({ exitCode, stdout, stderr });
    });
  });
  return {
    process: child,
    finished,
    printed: (text) =>
      new Promise((settle, fail) => {
        const look = () => {
          if (!stdout.includes(text) && !stderr.includes(text)) return;
          waiting.delete(look);
          settle();
        };
        waiting.add(look);
        look();
        finished.then(
          () => fail(new Error(`The command ended without printing "${text}".\n${stdout}\n${stderr}`)),
          fail,
        );
      }),
    interrupt: () => void child.kill("SIGINT"),
  };
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], options: Parameters<typeof startCli>[1]): Promise<CliResult> {
  return startCli(args, options).finished;
}
