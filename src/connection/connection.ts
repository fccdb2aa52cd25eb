import { createActor } from "xstate";
import { describeEndpoint } from "../endpoint.ts";
import { type ErrorCode, StormfleetError } from "../errors.ts";
import type { LifecycleState, QoS } from "../history/entry.ts";
import type { World } from "../time/world.ts";
import { backoffDelayMs } from "./backoff.ts";
import { factOfFailedRemake, factOfIgnored, factOfTransition } from "./connection-facts.ts";
import {
  type ConnectionEffects,
  type ConnectionEvent,
  type ConnectionTransition,
  connectionMachine,
} from "./connection-machine.ts";
import {
  type ConnectionOptions,
  type ConnectionSettings,
  settleConnectionOptions,
} from "./connection-options.ts";
import { createHeartbeat, type Heartbeat } from "./heartbeat.ts";
import type { PublishOutcome } from "./messages.ts";
import { createMqttClient } from "./mqtt-client.ts";
import { createPacketIds } from "./packet-ids.ts";
import { createPublisher } from "./publisher.ts";
import { createMemorySessionStore } from "./session-store.ts";
import { createShutdown } from "./shutdown.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { createTransport } from "./transport.ts";

/** One MQTT client that is kept connected: it notices dead links, backs off, retries, and resumes its session. */
export interface Connection {
  readonly state: LifecycleState;
  /** Successful handshakes so far. */
  readonly epoch: number;
  /** Connects and stays connected; after `unavailable` with a new retry budget. Otherwise without effect. */
  start(): void;
  /**
   * Waits at most `drainMs` (default 0) for open acknowledgements, sends DISCONNECT, and resolves when the stream is
   * closed, at the latest a second later. New publishes fail from now on. Safe in every state and to call twice.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  /** Stops at once without DISCONNECT, so that the broker publishes the will. Resolves when the stream is closed. */
  cutPower(): Promise<void>;
  /** Publishes now or fails; `onOutcome` may be called before this returns. */
  publish(
    topic: string,
    payload: string | Buffer,
    options: { readonly qos: QoS; readonly retain?: boolean },
    onOutcome: (outcome: PublishOutcome) => void,
  ): void;
  /**
   * Subscribes, and again whenever the broker has lost the session. Messages may come before this resolves. Rejects
   * with CONN_1005, CONN_1007 or CONN_1009; then it is not remembered.
   */
  subscribe(filter: string, options: { readonly qos: QoS }): Promise<{ readonly grantedQos: QoS }>;
  /** Rejects like `subscribe`; then the subscription is still remembered. */
  unsubscribe(filter: string): Promise<void>;
  /** A look inside, for inspection and tests. */
  snapshot(): ConnectionSnapshot;
}

interface ConnectionSnapshot {
  readonly state: LifecycleState;
  readonly epoch: number;
  /** Retries since the last proven connection. */
  readonly retries: number;
  /** QoS 1 and 2 publishes that are not acknowledged or not completed. */
  readonly openPublishes: number;
  readonly subscriptions: ReadonlyMap<string, QoS>;
}

/**
 * Sets a connection up; nothing is opened before `start`. Draws its backoff from `world.random`, forked by subject.
 * Throws CONF_1002 for options out of range and URLs that cannot be used.
 *
 * @example
 * const connection = createConnection(world, { endpoint, clientId: "meter-7", session: "persistent", … });
 * connection.start();
 */
export function createConnection(world: World, options: ConnectionOptions): Connection {
  const settings = settleConnectionOptions(options);
  const { clock } = world;
  const { listener, telemetry, session, clientId, handshakeTimeoutMs, retryBudget } = settings;
  const subject = options.subject ?? clientId;
  // By the subject, since a client id may hold the name of the run, and the seed alone must decide.
  const random = world.random.fork(`connection/${subject}`);
  const origin = { subject, traceId: random.fork("trace").hex(32) };
  const store = settings.store ?? createMemorySessionStore();
  const ids = createPacketIds(() => store.outgoing.packets().map((packet) => packet.messageId));
  let last: ConnectionTransition | undefined;

  const client = createMqttClient(
    {
      openStream: createTransport(settings.endpoint),
      clientId,
      protocol: settings.protocol,
      session,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      username: settings.username,
      password: settings.password,
      will: settings.will,
      keepAliveSeconds: settings.keepAliveSeconds,
      handshakeTimeoutMs,
      ids,
      store,
    },
    {
      onConnack({ sessionPresent }) {
        // Before anybody is told: what is published from then on comes after what is resent.
        publisher.resume();
        send({ type: "connackReceived", sessionPresent });
      },
      onRefused: (refusal) => send({ type: "connackRefused", ...refusal }),
      onClosed: (reason) =>
        send({ type: last?.to === "connected" ? "connectionLost" : "handshakeFailed", reason }),
      onReceived: (messageId) => publisher.noteReceived(messageId),
      onMessage: (message) => listener.onMessage({ ...message, epoch: last?.epoch ?? 0 }),
    },
  );
  const publisher = createPublisher({ client, ids, store: store.outgoing, session });
  const shutdown = createShutdown({ clock, client, publisher, send });
  const subscriptions = createSubscriptions({ clock, client, answerTimeoutMs: handshakeTimeoutMs });
  const heartbeat = settings.heartbeat === false ? undefined : watch(settings.heartbeat);

  const effects: ConnectionEffects = {
    announce,
    openStream: client.connect,
    abandonStream: client.abandon,
    sayGoodbye: client.disconnect,
    startHeartbeat() {
      if (heartbeat === undefined) send({ type: "connectionProven" });
      else heartbeat.start();
    },
    stopHeartbeat: () => heartbeat?.stop(),
    remakeSubscriptions() {
      if (!last?.sessionPresent) remakeSubscriptions(last?.epoch ?? 0);
    },
    settleLost: publisher.settleLost,
    settleAll: () => publisher.settleAll("the connection was stopped before the acknowledgement"),
    tellUnavailable,
    reportIgnored,
  };
  const actor = createActor(connectionMachine, {
    clock,
    input: {
      retryBudget: retryBudget === "unbounded" ? Number.POSITIVE_INFINITY : retryBudget,
      handshakeTimeoutMs,
      drawDelayMs: (retry) => backoffDelayMs(settings.backoff, retry, random),
      effects,
    },
  }).start();

  function send(event: ConnectionEvent): void {
    if (last?.to === "stopped") reportIgnored("stopped", event.type);
    else actor.send(event);
  }

  function announce(transition: ConnectionTransition): void {
    last = transition;
    if (telemetry.enabled) telemetry.emit(factOfTransition(origin, transition));
    shutdown.noteTransition(transition);
    listener.onTransition(transition);
  }

  function tellUnavailable(code: ErrorCode, reason: string): void {
    const where = describeEndpoint(settings.endpoint);
    listener.onUnavailable?.(
      new StormfleetError(
        code,
        `${clientId} is not connected to ${where} and does not try again: ${reason}.`,
      ),
    );
  }

  function reportIgnored(state: LifecycleState, event: string): void {
    if (telemetry.enabled) telemetry.emit(factOfIgnored(origin, state, event));
  }

  function watch(beat: Exclude<ConnectionSettings["heartbeat"], false>): Heartbeat {
    return createHeartbeat(clock, beat, {
      send: (onAnswered) => publisher.publishHeartbeat(beat.topic, beat.payload(), onAnswered),
      onEvent(event) {
        listener.onHeartbeat?.(event);
        if (event.kind === "missed") send({ type: "heartbeatTimedOut" });
      },
      onProven: () => send({ type: "connectionProven" }),
    });
  }

  function remakeSubscriptions(epoch: number): void {
    subscriptions.remake((result) => {
      if ("error" in result) telemetry.emit(factOfFailedRemake(origin, result));
      else listener.onSubscriptionRemade?.({ ...result, epoch });
    });
  }

  return {
    get state() {
      return last?.to ?? "disconnected";
    },
    get epoch() {
      return last?.epoch ?? 0;
    },
    start() {
      if (!shutdown.requested) send({ type: "connectRequested" });
    },
    stop: ({ drainMs = 0 } = {}) => shutdown.stop(drainMs),
    cutPower: shutdown.cutPower,
    publish(topic, payload, { qos, retain = false }, onOutcome) {
      if (shutdown.requested)
        onOutcome({ kind: "failed", code: "CONN_1009", reason: "the connection is being stopped" });
      else publisher.publish({ topic, payload, qos, retain }, onOutcome);
    },
    subscribe: (filter, { qos }) => subscriptions.subscribe(filter, qos),
    unsubscribe: (filter) => subscriptions.unsubscribe(filter),
    snapshot: () => ({
      state: last?.to ?? "disconnected",
      epoch: last?.epoch ?? 0,
      retries: actor.getSnapshot().context.retries,
      openPublishes: publisher.open,
      subscriptions: new Map(subscriptions.filters),
    }),
  };
}
