import { type Connection, createConnection } from "../../../src/connection/connection.ts";
import type { ConnectionTransition } from "../../../src/connection/connection-machine.ts";
import type { ConnectionOptions } from "../../../src/connection/connection-options.ts";
import type { HeartbeatEvent } from "../../../src/connection/heartbeat.ts";
import type { IncomingMessage, PublishOutcome } from "../../../src/connection/messages.ts";
import type { StormfleetError } from "../../../src/errors.ts";
import type { LifecycleState, QoS } from "../../../src/history/entry.ts";
import { createTelemetry, type Fact } from "../../../src/observability/telemetry.ts";
import type { Clock } from "../../../src/time/clock.ts";
import { createWorld } from "../../../src/time/world.ts";

/** A connection with everything that it has told. */
export interface RecordedConnection {
  readonly connection: Connection;
  readonly transitions: readonly ConnectionTransition[];
  readonly messages: readonly (IncomingMessage & { readonly epoch: number })[];
  readonly heartbeats: readonly HeartbeatEvent[];
  readonly unavailable: readonly StormfleetError[];
  readonly remade: readonly { readonly filter: string; readonly grantedQos: QoS }[];
  readonly facts: readonly Fact[];
  /** Resolves at the next telling after which the condition holds; at once if it holds already. */
  until(condition: () => boolean): Promise<void>;
  untilState(state: LifecycleState, epoch?: number): Promise<void>;
  /** Publishes and returns the outcomes, which grow. */
  publish(topic: string, payload: string, qos: QoS): readonly PublishOutcome[];
  /** The states in the order in which they were entered. */
  states(): readonly LifecycleState[];
}

type Overrides = Partial<Omit<ConnectionOptions, "listener" | "telemetry">> &
  Pick<ConnectionOptions, "endpoint">;

/** Without heartbeat, with a clean session, and with retries after a few milliseconds, unless overridden. */
export function recordConnection(overrides: Overrides, clock?: Clock): RecordedConnection {
  const transitions: ConnectionTransition[] = [];
  const messages: (IncomingMessage & { readonly epoch: number })[] = [];
  const heartbeats: HeartbeatEvent[] = [];
  const unavailable: StormfleetError[] = [];
  const remade: { readonly filter: string; readonly grantedQos: QoS }[] = [];
  const facts: Fact[] = [];
  const waiters = new Set<() => void>();
  const note = <Item>(list: Item[]) => {
    return (item: Item) => {
      list.push(item);
      for (const look of waiters) look();
    };
  };
  const connection = createConnection(createWorld({ seed: "1", ...(clock && { clock }) }), {
    clientId: "meter-1",
    session: "clean",
    backoff: { baseMs: 5, maxMs: 5, jitter: "none" },
    retryBudget: 5,
    heartbeat: false,
    ...overrides,
    telemetry: createTelemetry([note(facts)]),
    listener: {
      onTransition: note(transitions),
      onMessage: note(messages),
      onUnavailable: note(unavailable),
      onHeartbeat: note(heartbeats),
      onSubscriptionRemade: note(remade),
    },
  });

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
    });
  }

  return {
    connection,
    transitions,
    messages,
    heartbeats,
    unavailable,
    remade,
    facts,
    until,
    untilState: (state, epoch) =>
      until(() => connection.state === state && (epoch === undefined || connection.epoch === epoch)),
    publish(topic, payload, qos) {
      const outcomes: PublishOutcome[] = [];
      connection.publish(topic, payload, { qos }, note(outcomes));
      return outcomes;
    },
    states: () => transitions.map((transition) => transition.to),
  };
}

/** The kinds of the outcomes, for short expectations. */
export function kinds(outcomes: readonly PublishOutcome[]): readonly string[] {
  return outcomes.map((outcome) => outcome.kind);
}
