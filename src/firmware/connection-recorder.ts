import type { ConnectionTransition } from "../connection/connection-machine.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Telemetry } from "../observability/telemetry.ts";

/** Records an actor's way through the connection lifecycle. */
export interface ConnectionRecorder {
  record(transition: ConnectionTransition): void;
  /** The code that the latest transition with one carried. */
  readonly lastErrorCode: string | undefined;
}

export function createConnectionRecorder(
  actor: string,
  recorder: Recorder,
  telemetry: Telemetry,
): ConnectionRecorder {
  let lastErrorCode: string | undefined;
  return {
    get lastErrorCode() {
      return lastErrorCode;
    },
    record(transition) {
      lastErrorCode = transition.code ?? lastErrorCode;
      recorder.record({ type: "state", actor, ...transition });
      if (!telemetry.enabled) return;
      const { code, ...data } = transition;
      telemetry.emit({
        name: `connection.${transition.to}`,
        subject: actor,
        data,
        ...(code ? { code } : {}),
      });
    },
  };
}
