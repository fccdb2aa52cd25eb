/** The reason of the signal that Ctrl-C aborts. */
export class Interruption extends Error {
  override readonly name = "Interruption";
}

export interface InterruptionWatch {
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/**
 * Turns Ctrl-C into an orderly end. The first one lets the run heal, drain and report; the second ends the process at
 * once, for whoever cannot wait.
 */
export function watchForInterruption(onFirst: () => void): InterruptionWatch {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort(new Interruption("Interrupted."));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    dispose() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
