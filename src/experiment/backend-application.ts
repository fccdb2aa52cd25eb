import { createMemoryMessageLog } from "../compensation/memory-message-log.ts";
import type { MessageLog } from "../compensation/message-log.ts";
import { type CompensationService, createCompensationService } from "../compensation/service.ts";
import { type Connection, createConnection } from "../connection/connection.ts";
import type { IncomingMessage } from "../connection/messages.ts";
import type { Endpoint } from "../endpoint.ts";
import { StormfleetError } from "../errors.ts";
import type { Allotment } from "../firmware/allocate.ts";
import { createConnectionRecorder } from "../firmware/connection-recorder.ts";
import { createDeliveryRecorder } from "../firmware/delivery-recorder.ts";
import { createPublisher } from "../firmware/publisher.ts";
import type { RunTopics } from "../firmware/run-topics.ts";
import type { MessageId } from "../history/entry.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { withTimeout } from "../time/clock.ts";
import type { World } from "../time/world.ts";
import { createDownlinkWorkload, type DownlinkWorkload } from "./downlink-workload.ts";
import { createProber } from "./prober.ts";

/** The name under which the backend application appears in the history. */
export const backendActor = "backend";

/**
 * The other side of the fleet: it takes in what the devices send, sends their commands and runs the compensation service.
 * It is connected straight to the broker, so no injected fault touches it.
 */
export interface BackendApplication {
  readonly counts: { readonly published: number; readonly acknowledged: number; readonly delivered: number };
  /** Connects, subscribes, and waits until a probe of its own came through. */
  start(signal: AbortSignal): Promise<void>;
  /** Sends a device probes until `stopProbing` is called for it. */
  probe(device: string): void;
  stopProbing(device: string): void;
  /** Begins to send commands and notices to these devices. */
  startWorkload(allotments: readonly Allotment[]): void;
  stopWorkload(): void;
  /** See `DownlinkWorkload`. */
  sendSentinels: DownlinkWorkload["sendSentinels"];
  /** Id of the newest compensated message for a device; 0 when there is none. */
  compensationHead(device: string): number;
  stop(): Promise<void>;
}

export interface BackendApplicationOptions {
  readonly run: string;
  readonly topics: RunTopics;
  readonly endpoint: Endpoint;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
  readonly events: {
    onSentinel(message: MessageId): void;
    /** The connection to the broker itself was lost, or is back. */
    onBrokerLost(reason: string): void;
    onBrokerBack(): void;
    /** A model's commands or notices cannot be made (CONF_1004). */
    onDefect(error: StormfleetError): void;
  };
  /** Wraps the compensation service's log; for proving that a broken service is noticed. */
  readonly wrapLog?: (log: MessageLog) => MessageLog;
}

/** How long the broker may take to accept the application and pass its probe on. */
const startBoundMs = 15_000;

export function createBackendApplication(
  parent: World,
  options: BackendApplicationOptions,
): BackendApplication {
  const { run, topics, endpoint, recorder, telemetry, events } = options;
  const world: World = { ...parent, random: parent.random.fork(backendActor) };
  const deliveries = createDeliveryRecorder({ run, actor: backendActor, recorder, telemetry });
  const states = createConnectionRecorder(backendActor, recorder);
  let onOwnProbe: (() => void) | undefined;
  let onFirstConnected: (() => void) | undefined;
  let stopping = false;

  const connection: Connection = createConnection(world, {
    endpoint,
    clientId: `${run}-${backendActor}`,
    session: "persistent",
    backoff: { baseMs: 250, maxMs: 2000, jitter: "proportional" },
    retryBudget: "unbounded",
    handshakeTimeoutMs: 5000,
    // Generous: the application shares its process with the fleet, and a false alarm here would spoil the run.
    heartbeat: {
      intervalMs: 2000,
      timeoutMs: 15_000,
      topic: topics.heartbeat(backendActor),
      payload: () => backendActor,
    },
    telemetry,
    subject: backendActor,
    listener: {
      onTransition(transition) {
        states.record(transition);
        if (transition.to === "connected") {
          if (transition.epoch === 1) onFirstConnected?.();
          else onBack();
        } else if (transition.from === "connected" && !stopping) {
          recorder.record({ type: "broker", event: "lost", reason: transition.cause });
          events.onBrokerLost(transition.cause);
        }
      },
      onMessage,
    },
  });
  const publisher = createPublisher(world, { run, source: backendActor, recorder, telemetry, connection });
  const log = createMemoryMessageLog(world);
  const service: CompensationService = createCompensationService({
    world,
    topics: topics.compensation,
    log: options.wrapLog?.(log) ?? log,
    telemetry,
    send: (topic, payload) => connection.publish(topic, Buffer.from(payload), { qos: 0 }, () => {}),
    events: { onLogged: (device, id, checksum) => recorder.record({ type: "logged", device, id, checksum }) },
  });
  const prober = createProber(world.clock, publisher);
  const workload = createDownlinkWorkload(world, { topics, publisher, service, onDefect: events.onDefect });

  function onBack(): void {
    recorder.record({ type: "broker", event: "back" });
    events.onBrokerBack();
  }

  function onMessage(incoming: IncomingMessage & { readonly epoch: number }): void {
    if (topics.compensation.parse(incoming.topic)) {
      service.handle(incoming.topic, incoming.payload);
      return;
    }
    const envelope = deliveries.record(incoming);
    if (!envelope) return;
    if (envelope.message.source === backendActor) onOwnProbe?.();
    else if (envelope.sentinel) events.onSentinel(envelope.message);
  }

  async function subscribe(): Promise<0 | 1 | 2> {
    const op = recorder.nextOp();
    const operation = { action: "subscribe", op, actor: backendActor } as const;
    recorder.record({ type: "invoke", ...operation, filter: topics.allUp, qos: 2 });
    for (const filter of topics.compensation.serviceFilters) await connection.subscribe(filter, { qos: 0 });
    const { grantedQos } = await connection.subscribe(topics.allUp, { qos: 2 });
    recorder.record({ type: "ok", ...operation });
    return grantedQos;
  }

  async function comeUp(): Promise<void> {
    await new Promise<void>((resolve) => {
      onFirstConnected = resolve;
      connection.start();
    });
    const qos = await subscribe();
    await new Promise<void>((resolve) => {
      onOwnProbe = resolve;
      prober.start(backendActor, topics.up(backendActor, "probe"));
    });
    prober.stop(backendActor);
    onOwnProbe = undefined;
    recorder.record({ type: "eligible", actor: backendActor, filter: topics.allUp, qos, persistent: true });
  }

  return {
    get counts() {
      return { ...publisher.counts, ...deliveries.counts };
    },
    async start(signal) {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        if (signal.aborted) reject(signal.reason);
      });
      // The abort ends the wait and its timer with it.
      await withTimeout(world.clock, startBoundMs, Promise.race([comeUp(), aborted]), () => {
        const code = states.lastErrorCode ? ` (last error: ${states.lastErrorCode})` : "";
        return new StormfleetError(
          "RUN_1001",
          `The backend application did not come through to the broker within ${startBoundMs} ms${code}.`,
          { hint: "Check that the broker accepts connections and passes messages on." },
        );
      });
    },
    probe: (device) => prober.start(device, topics.down(device, "probe")),
    stopProbing: prober.stop,
    startWorkload: workload.start,
    stopWorkload: workload.stop,
    sendSentinels: workload.sendSentinels,
    compensationHead: (device) => log.head(device),
    async stop() {
      stopping = true;
      prober.stopAll();
      workload.stop();
      service.stop();
      await connection.stop();
    },
  };
}
