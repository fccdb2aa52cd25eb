/** The only writer to the terminal. Results go to stdout, progress and errors to stderr, so that pipes stay clean. */
export function printLine(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}
