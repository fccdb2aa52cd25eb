/** The only writer to the terminal. Results go to stdout, progress and errors to stderr, so that pipes stay clean. */
export function printLine(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Lets a command go on when nobody reads what it prints any more (`stormfleet list | head -1`): a run must still heal,
 * store its evidence and end with its exit code.
 */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
