/**
 * Something that happened, told once to whoever listens. Facts are for people and their tools (logs, metrics,
 * traces, pages); what the checkers judge goes into the history instead.
 */
export interface Fact {
  /** Dotted, past tense where it can be: `connection.lost`, `message.acknowledged`. */
  readonly name: string;
  /** Follows one message or one action from the device through the broker and back. */
  readonly traceId?: string;
  /** The device (or other actor) that it is about. */
  readonly subject?: string;
  /** A code of the error table in `src/errors.ts`. */
  readonly code?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Every layer emits its facts here; sinks decide what becomes of them. */
export interface Telemetry {
  /** False while nobody listens: skip the making of a fact on a hot path. */
  readonly enabled: boolean;
  emit(fact: Fact): void;
}

/** Nobody listens. */
export const silentTelemetry: Telemetry = { enabled: false, emit: () => {} };

/** Hands every fact to every sink. A sink that throws loses that fact and disturbs nobody. */
export function createTelemetry(sinks: readonly ((fact: Fact) => void)[]): Telemetry {
  if (sinks.length === 0) return silentTelemetry;
  return {
    enabled: true,
    emit(fact) {
      for (const sink of sinks) {
        try {
          sink(fact);
        } catch {
          // A broken sink must not become a fault that the experiment did not order.
        }
      }
    },
  };
}
