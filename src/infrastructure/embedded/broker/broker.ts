import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import type { StreamEndpoint, UrlEndpoint } from "../../../endpoint.ts";
import { messageOf, StormfleetError } from "../../../errors.ts";
import type { Telemetry } from "../../../observability/telemetry.ts";
import type { World } from "../../../time/world.ts";
import type { Broker } from "../../infrastructure.ts";
import { memoryStreamPair } from "../memory-stream-pair.ts";
import { type BrokerEngine, engineSettings, startEngine } from "./broker-engine.ts";
import { type BrokerMutant, startUnfixedEngine, tamperOf } from "./broker-mutants.ts";
import { outboxLimits } from "./broker-outbox.ts";

export interface EmbeddedBrokerOptions {
  readonly telemetry: Telemetry;
  /** The address to listen at. Default `127.0.0.1`. */
  readonly host?: string;
  /** The port to listen at; 0, the default, takes any free one. */
  readonly port?: number;
  /** Makes the broker wrong on purpose: see `brokerMutants`. */
  readonly mutant?: BrokerMutant;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
}

/** An MQTT 3.1.1 broker in this process. Everything it keeps is in memory and gone after `kill`. */
export interface EmbeddedBroker extends Broker {
  readonly endpoint: UrlEndpoint;
  /** The same broker without a socket: each `open` is a new connection. */
  readonly memoryEndpoint: StreamEndpoint;
  readonly host: string;
  readonly port: number;
  /** Serves one connection over any byte stream; destroys the stream while the broker is down. */
  handleStream(stream: Duplex): void;
  /** Closes every connection at once, as a crash would; sessions, retained messages and wills are gone. */
  kill(): Promise<void>;
  /** Listens on the same port again, with nothing remembered; kills first what still runs. Rejects with `INFRA_1002`. */
  restart(): Promise<void>;
  /** Kills for good. Safe to call twice. */
  stop(): Promise<void>;
}

/** What the broker bounds, so that a report can attribute a loss to a limit. `null`: no bound. */
export const embeddedBrokerLimits = {
  /** Messages kept for an absent session. */
  offlineQueueMessages: null,
  /** Unacknowledged messages to one subscriber: as many as there are packet ids. */
  inFlightMessages: outboxLimits.inFlightMessages,
  /** Unfinished QoS 2 publishes of one client. */
  awaitingReleaseMessages: null,
  /** Milliseconds that a session outlives its connection. */
  sessionExpiryMs: null,
  /** QoS 0 messages to a subscriber are dropped while this many bytes wait on its connection. */
  atMostOnceBufferBytes: outboxLimits.atMostOnceBufferBytes,
  /** A connection without CONNECT is closed after this time. */
  connectTimeoutMs: engineSettings.connectTimeout,
  /** Packets that a client may send before it has its CONNACK. */
  packetsBeforeConnack: engineSettings.queueLimit,
  /** Levels of a topic; a client that uses more is cut. */
  topicLevels: 100,
} as const;

/**
 * Starts Aedes with its known faults repaired.
 *
 * Throws `INFRA_1002` when the port or address cannot be used, or the signal's reason when that aborts.
 *
 * @example
 * const broker = await startEmbeddedBroker(world, { telemetry: silentTelemetry });
 * const client = connect(broker.endpoint.url);
 */
export async function startEmbeddedBroker(
  world: World,
  options: EmbeddedBrokerOptions,
): Promise<EmbeddedBroker> {
  const { telemetry, host = "127.0.0.1" } = options;
  options.signal?.throwIfAborted();
  let life: Life | undefined = await startLife(world, options);
  const { port, version } = life;
  const fact = (name: string, code?: "INFRA_1003") =>
    telemetry.emit({ name, subject: "broker", ...(code && { code }), data: { port } });

  let stopped = false;
  let last: Promise<void> = Promise.resolve();
  // One change at a time: an interrupted run may stop the broker while a fault is restarting it.
  const inTurn = (change: () => Promise<void>) => {
    const result = last.then(change);
    last = result.catch(() => {});
    return result;
  };
  const die = async () => {
    const dying = life;
    life = undefined;
    await dying?.end();
  };

  const broker: EmbeddedBroker = {
    endpoint: { url: `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}` },
    memoryEndpoint: { name: "memory:broker", open: () => openMemoryConnection(life) },
    description: `Aedes ${version}${options.mutant ? ` (mutant ${options.mutant})` : ""}`,
    host,
    port,
    handleStream(stream) {
      if (life) life.accept(stream);
      else stream.destroy();
    },
    kill: () =>
      inTurn(async () => {
        if (life) fact("broker.killed", "INFRA_1003");
        await die();
      }),
    restart: () =>
      inTurn(async () => {
        if (stopped) throw new StormfleetError("INFRA_1003", "The embedded broker was stopped for good.");
        await die();
        life = await startLife(world, { ...options, port });
        fact("broker.restarted");
      }),
    stop: () =>
      inTurn(async () => {
        stopped = true;
        await die();
      }),
  };
  if (options.signal?.aborted) {
    await broker.stop();
    throw options.signal.reason;
  }
  fact("broker.started");
  return broker;
}

/** One life of the broker, from start to crash. */
interface Life {
  readonly port: number;
  readonly version: string;
  accept(stream: Duplex): void;
  end(): Promise<void>;
}

async function startLife(world: World, options: EmbeddedBrokerOptions): Promise<Life> {
  const { mutant, telemetry, host = "127.0.0.1", port = 0 } = options;
  const open = new Set<Duplex>();
  const engine =
    mutant === "unfixed-persistence"
      ? await startUnfixedEngine()
      : await startEngine(tamperOf(world, mutant));
  reportTrouble(engine, telemetry);
  const accept = (stream: Duplex) => {
    open.add(stream);
    stream.once("close", () => open.delete(stream));
    engine.accept(stream);
  };
  // Without noDelay small packets wait for each other, and latency is the experiment's to add.
  const server = createServer({ noDelay: true }, accept);
  const closeEngine = () => new Promise<void>((resolve) => engine.aedes.close(() => resolve()));
  try {
    await listen(server, host, port);
  } catch (cause) {
    await closeEngine();
    throw cause;
  }
  // Such as too many open files at an accept: the connection is lost, the broker is not.
  server.on("error", (error) =>
    telemetry.emit({ name: "broker.accept.failed", subject: "broker", data: { reason: messageOf(error) } }),
  );
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    version: (engine.aedes as unknown as { readonly version: string }).version,
    accept,
    async end() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Streams go before Aedes does: a crash sends no wills and no last acknowledgements.
      for (const stream of open) stream.destroy();
      await Promise.all([closed, closeEngine()]);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error) => {
      const message = `The embedded broker cannot listen at ${host}:${port}: ${messageOf(cause)}.`;
      reject(new StormfleetError("INFRA_1002", message, { cause }));
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.removeListener("error", onError);
      resolve();
    });
  });
}

function reportTrouble(engine: BrokerEngine, telemetry: Telemetry): void {
  const report = (name: string, error: unknown, clientId: string | null) => {
    if (!telemetry.enabled) return;
    telemetry.emit({ name, ...(clientId && { subject: clientId }), data: { reason: messageOf(error) } });
  };
  engine.aedes.on("clientError", (client, error) => report("broker.client.failed", error, client.id));
  engine.aedes.on("connectionError", (client, error) => report("broker.connection.failed", error, client.id));
  // Unheard, Aedes's own errors would end the process.
  (engine.aedes as NodeJS.EventEmitter).on("error", (error) => report("broker.failed", error, null));
}

function openMemoryConnection(life: Life | undefined): Duplex {
  const [device, server] = memoryStreamPair();
  if (life) life.accept(server);
  else device.destroy(new Error("connect ECONNREFUSED memory:broker"));
  return device;
}
