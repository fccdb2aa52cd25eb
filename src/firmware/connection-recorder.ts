import type { ConnectionTransition } from "../connection/connection-machine.ts";
import type { Recorder } from "../history/recorder.ts";

/** Records an actor's way through the connection lifecycle. */
export interface ConnectionRecorder {
  record(transition: ConnectionTransition): void;
  /** The code that the latest transition with one carried. */
  readonly lastErrorCode: string | undefined;
}

export function createConnectionRecorder(actor: string, recorder: Recorder): ConnectionRecorder {
  let lastErrorCode: string | undefined;
  return {
    get lastErrorCode() {
      return lastErrorCode;
    },
    record(transition) {
      lastErrorCode = transition.code ?? lastErrorCode;
      recorder.record({ type: "state", actor, ...transition });
    },
  };
}
