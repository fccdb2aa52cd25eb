import { createMemoryMessageLog } from "../compensation/memory-message-log.ts";
import { type CompensationService, createCompensationService } from "../compensation/service.ts";
import type { JsonValue } from "../compensation/wire-json.ts";
import { type Connection, createConnection } from "../connection/connection.ts";
import type { IncomingMessage } from "../connection/messages.ts";
import type { Endpoint } from "../endpoint.ts";
import { messageOf, StormfleetError } from "../errors.ts";
import type { Allotment } from "../firmware/allocate.ts";
import { createConnectionRecorder } from "../firmware/connection-recorder.ts";
import { createDeliveryRecorder } from "../firmware/delivery-recorder.ts";
import { probeStreamPrefix } from "../firmware/device.ts";
import { createPayloadStream, type PayloadStream } from "../firmware/payload-stream.ts";
import { type Periodic, startPeriodic } from "../firmware/periodic.ts";
import { createPublisher } from "../firmware/publisher.ts";
import type { RunTopics } from "../firmware/run-topics.ts";
import type { MessageId } from "../history/entry.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { withTimeout } from "../time/clock.ts";
import type { World } from "../time/world.ts";

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
  /** Sends the last command of every wanted command stream at QoS ≥ 1 that sent any; returns who awaits which. */
  sendSentinels(
    isWanted: (device: string, stream: string) => boolean,
  ): readonly { readonly device: string; readonly stream: string; readonly sequence: number }[];
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
  readonly wrapLog?: (
    log: ReturnType<typeof createMemoryMessageLog>,
  ) => ReturnType<typeof createMemoryMessageLog>;
}

/** How long the broker may take to accept the application and pass its probe on. */
const startBoundMs = 15_000;
const probeIntervalMs = 500;

interface CommandStream {
  readonly device: string;
  readonly stream: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly payloads: PayloadStream;
}

export function createBackendApplication(
  parent: World,
  options: BackendApplicationOptions,
): BackendApplication {
  const { run, topics, endpoint, recorder, telemetry, events } = options;
  const world: World = { ...parent, random: parent.random.fork(backendActor) };
  const deliveries = createDeliveryRecorder({ run, actor: backendActor, recorder, telemetry });
  const states = createConnectionRecorder(backendActor, recorder, telemetry);
  const commandStreams: CommandStream[] = [];
  const probes = new Map<string, Periodic>();
  const probeCounts = new Map<string, number>();
  let workload: Periodic[] = [];
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

  function sendProbe(target: string, topic: string): void {
    const sequence = (probeCounts.get(target) ?? 0) + 1;
    probeCounts.set(target, sequence);
    publisher.send(publisher.make(probeStreamPrefix + target, sequence, topic, 1, {}));
  }

  function startProbing(target: string, topic: string): void {
    sendProbe(target, topic);
    probes.set(
      target,
      startPeriodic(world.clock, probeIntervalMs, probeIntervalMs, () => sendProbe(target, topic)),
    );
  }

  function stopProbing(target: string): void {
    probes.get(target)?.stop();
    probes.delete(target);
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
      startProbing(backendActor, topics.up(backendActor, "probe"));
    });
    stopProbing(backendActor);
    onOwnProbe = undefined;
    recorder.record({ type: "eligible", actor: backendActor, filter: topics.allUp, qos, persistent: true });
  }

  /** A model is its author's code; what it throws must not end the process out of a timer. */
  function guarded(what: string, send: () => void): () => void {
    return () => {
      try {
        send();
      } catch (error) {
        const message = `The ${what} could not be made: ${messageOf(error)}.`;
        const hint = "Its payload must be made without throwing, and be JSON.";
        events.onDefect(new StormfleetError("CONF_1004", message, { hint, cause: error }));
      }
    };
  }

  function sendCommand({ device, stream, topic, qos, payloads }: CommandStream, last = false): void {
    const data = payloads.next();
    publisher.send(publisher.make(`${stream}/${device}`, payloads.sequence, topic, qos, data, last));
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
    probe(device) {
      startProbing(device, topics.down(device, "probe"));
    },
    stopProbing,
    startWorkload(allotments) {
      for (const { id, model } of allotments) {
        const random = world.random.fork(`for/${id}`);
        const offset = (everyMs: number) => random.next() * everyMs;
        for (const [name, { qos, everyMs, payload }] of Object.entries(model.commands)) {
          const payloads = createPayloadStream(random.fork(`command/${name}`), {}, payload);
          const stream = { device: id, stream: name, topic: topics.down(id, name), qos, payloads };
          commandStreams.push(stream);
          const send = guarded(`command "${name}" of the device "${model.name}"`, () => sendCommand(stream));
          workload.push(startPeriodic(world.clock, everyMs, offset(everyMs), send));
        }
        if (!model.notices) continue;
        const { everyMs, payload } = model.notices;
        const notices = createPayloadStream(random.fork("notices"), {}, payload);
        const send = guarded(`notice of the device "${model.name}"`, () => {
          service.publish(id, notices.next() as JsonValue);
        });
        workload.push(startPeriodic(world.clock, everyMs, offset(everyMs), send));
      }
    },
    stopWorkload() {
      for (const periodic of workload) periodic.stop();
      workload = [];
    },
    sendSentinels(isWanted) {
      const used = commandStreams.filter(
        ({ device, stream, qos, payloads }) =>
          qos > 0 && payloads.sequence > 0 && isWanted(device, `${stream}/${device}`),
      );
      for (const stream of used) {
        guarded(`command "${stream.stream}" of the device "${stream.device}"`, () =>
          sendCommand(stream, true),
        )();
      }
      return used.map(({ device, stream, payloads }) => ({
        device,
        stream: `${stream}/${device}`,
        sequence: payloads.sequence,
      }));
    },
    compensationHead: (device) => log.head(device),
    async stop() {
      stopping = true;
      for (const target of [...probes.keys()]) stopProbing(target);
      this.stopWorkload();
      service.stop();
      await connection.stop();
    },
  };
}
