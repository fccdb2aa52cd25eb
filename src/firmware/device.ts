import { createDeviceCompensation, type DeviceCompensation } from "../compensation/device-compensation.ts";
import { createMemoryLedgerStore } from "../compensation/device-ledger.ts";
import { bodyChecksum } from "../compensation/wire-json.ts";
import { type Connection, createConnection } from "../connection/connection.ts";
import type { IncomingMessage } from "../connection/messages.ts";
import type { Endpoint } from "../endpoint.ts";
import { messageOf, StormfleetError } from "../errors.ts";
import type { LifecycleState, MessageId } from "../history/entry.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { Random } from "../time/random.ts";
import type { World } from "../time/world.ts";
import type { Allotment } from "./allocate.ts";
import { createConnectionRecorder } from "./connection-recorder.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import { createDeliveryRecorder } from "./delivery-recorder.ts";
import type { DeviceModel, PayloadData } from "./model.ts";
import { createPublisher } from "./publisher.ts";
import { createResumeRecorder } from "./resume-recorder.ts";
import type { RunTopics } from "./run-topics.ts";
import { fakerFor } from "./seeded-faker.ts";
import { createStreamRunner } from "./stream-runner.ts";
import { createUplink, defaultUplinkStore } from "./uplink.ts";

/** One virtual device: a behaviour, its streams, its connection and its ledger. */
export interface Device {
  readonly id: string;
  readonly link: string;
  readonly state: LifecycleState;
  /** The states of its behaviour machine. */
  readonly behaviour: unknown;
  readonly counts: { readonly published: number; readonly acknowledged: number; readonly delivered: number };
  /** Id of the last compensated message it processed. */
  readonly lastCompensatedId: number;
  /** The error that its latest failed attempt to connect ended with. */
  readonly lastErrorCode: string | undefined;
  /** Begins to connect, and to stay connected. */
  start(): void;
  startStreams(): void;
  stopStreams(): void;
  /** Sends the last message of every wanted stream at QoS ≥ 1 that has sent any; returns which ones. */
  sendSentinels(
    isWanted: (stream: string) => boolean,
  ): readonly { readonly stream: string; readonly sequence: number }[];
  stop(): Promise<void>;
}

/** What the layer above hears of a device. */
export interface DeviceEvents {
  /** Its commands are subscribed; a probe may be sent. */
  onSubscribed(device: Device): void;
  /** A probe came through: it is eligible from now on. */
  onEligible(device: Device): void;
  onSentinel(device: Device, message: MessageId): void;
  /** It processed a compensated message, or was told that some are gone. */
  onCompensated(device: Device): void;
  /** Its connection changed its state. */
  onStateChanged(device: Device): void;
  /** Its model turned out to be wrong at work (CONF_1004); it sends nothing more of its own. */
  onDefect(error: StormfleetError): void;
}

export interface DeviceOptions extends Allotment {
  readonly run: string;
  readonly topics: RunTopics;
  readonly endpoint: Endpoint;
  readonly connection: ConnectionSettings;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
  readonly events: DeviceEvents;
}

/**
 * Makes a device; everything random about it comes from the world's seed and its id.
 *
 * @throws StormfleetError CONF_1004 when the model cannot make its profile.
 */
export function createDevice(parent: World, options: DeviceOptions): Device {
  const { id, model, link, run, topics, recorder, telemetry, events } = options;
  const world: World = { ...parent, random: parent.random.fork(`device/${id}`) };
  const clientId = `${run}-${id}`;
  recorder.record({ type: "device", actor: id, model: model.name, link, clientId });

  const profileRandom = world.random.fork("profile");
  const profile = makeProfile(model, profileRandom);
  const deliveries = createDeliveryRecorder({ run, actor: id, recorder, telemetry });
  const states = createConnectionRecorder(id, recorder);
  const commandFilter = topics.allDown(id);
  let eligible = false;
  let subscribed = false;

  const connection: Connection = createConnection(world, {
    ...options.connection,
    endpoint: options.endpoint,
    clientId,
    session: "persistent",
    heartbeat: { ...options.connection.heartbeat, topic: topics.heartbeat(id), payload: () => id },
    telemetry,
    subject: id,
    listener: {
      onTransition(transition) {
        states.record(transition);
        if (transition.to === "connected") void onConnected();
        else if (transition.from === "connected") compensation.onDisconnected();
        events.onStateChanged(device);
      },
      onMessage,
    },
  });
  const publisher = createPublisher(world, { run, source: id, recorder, telemetry, connection });
  const isConnected = () => connection.state === "connected";
  const uplink = createUplink({ actor: id, recorder, publisher, isConnected, store: defaultUplinkStore });

  const compensation: DeviceCompensation = createDeviceCompensation({
    world,
    device: id,
    topics: topics.compensation,
    telemetry,
    store: createMemoryLedgerStore(),
    timing: options.connection.resumeTiming,
    send: (topic, payload) => connection.publish(topic, Buffer.from(payload), { qos: 0 }, () => {}),
    events: {
      process(messageId, body, via) {
        recorder.record({ type: "processed", actor: id, id: messageId, via, checksum: bodyChecksum(body) });
        streams.behaviour.send({ type: "noticeReceived", data: (body ?? {}) as PayloadData });
        events.onCompensated(device);
      },
      onGap(fromId, toId) {
        recorder.record({ type: "gap", actor: id, fromId, toId });
        // Who waits for the newest message waits no longer when that one is gone.
        events.onCompensated(device);
      },
      onError: () => {},
      onResume: createResumeRecorder(id, recorder),
    },
  });

  const streams = createStreamRunner(world, {
    model,
    profile,
    mayMake: (stream) => isConnected() || model.streams[stream]?.whenOffline === "store",
    onMade(stream, sequence, data, last) {
      const spec = model.streams[stream];
      if (!spec) return;
      const message = publisher.make(stream, sequence, topics.up(id, stream), spec.qos, data, last);
      if (spec.whenOffline === "store") uplink.put(message);
      else if (isConnected()) publisher.send(message);
    },
    onDefect: events.onDefect,
  });

  async function onConnected(): Promise<void> {
    try {
      if (!subscribed) await subscribe();
    } catch {
      // The connection went away before SUBACK, or the broker refused; the next connection tries again, and the
      // warm-up's bound ends it.
      return;
    }
    if (!isConnected()) return;
    uplink.drain();
    if (model.notices) compensation.onConnected();
  }

  async function subscribe(): Promise<void> {
    const op = recorder.nextOp();
    const operation = { action: "subscribe", op, actor: id } as const;
    recorder.record({ type: "invoke", ...operation, filter: commandFilter, qos: 2 });
    try {
      for (const filter of topics.compensation.deviceFilters(id))
        await connection.subscribe(filter, { qos: 0 });
      const { grantedQos } = await connection.subscribe(commandFilter, { qos: 2 });
      granted = grantedQos;
      recorder.record({ type: "ok", ...operation });
    } catch (error) {
      recorder.record({ type: "info", ...operation, reason: String(error) });
      throw error;
    }
    subscribed = true;
    events.onSubscribed(device);
  }
  let granted: 0 | 1 | 2 = 2;

  function onMessage(incoming: IncomingMessage & { readonly epoch: number }): void {
    if (topics.compensation.parse(incoming.topic)) {
      compensation.handle(incoming.topic, incoming.payload);
      return;
    }
    const envelope = deliveries.record(incoming);
    if (!envelope) return;
    if (envelope.message.stream.startsWith(probeStreamPrefix)) onProbe();
    else if (envelope.sentinel) events.onSentinel(device, envelope.message);
    else
      streams.behaviour.send({
        type: "commandReceived",
        command: commandOf(incoming.topic),
        data: envelope.data,
      });
  }

  function onProbe(): void {
    if (eligible || !subscribed) return;
    eligible = true;
    recorder.record({ type: "eligible", actor: id, filter: commandFilter, qos: granted, persistent: true });
    events.onEligible(device);
  }

  const device: Device = {
    id,
    link,
    get state() {
      return connection.state;
    },
    get behaviour() {
      return streams.behaviour.state;
    },
    get counts() {
      return { ...publisher.counts, ...deliveries.counts };
    },
    get lastCompensatedId() {
      return compensation.ledger.lastMessageId;
    },
    get lastErrorCode() {
      return states.lastErrorCode;
    },
    start: () => connection.start(),
    startStreams: () => streams.start(),
    stopStreams: () => streams.stop(),
    sendSentinels: (isWanted) =>
      streams.makeLast((stream) => (model.streams[stream]?.qos ?? 0) > 0 && isWanted(stream)),
    async stop() {
      streams.stop();
      compensation.onDisconnected();
      await connection.stop();
      streams.behaviour.stop();
    },
  };
  return device;
}

function makeProfile(model: DeviceModel, random: Random): PayloadData {
  try {
    return model.profile({ faker: fakerFor(random), random });
  } catch (error) {
    const message = `The device "${model.name}" could not make its profile: ${messageOf(error)}.`;
    throw new StormfleetError("CONF_1004", message, { hint: "Correct its profile.", cause: error });
  }
}

/** The streams of the backend that carry probes instead of commands. */
export const probeStreamPrefix = "probe/";

function commandOf(topic: string): string {
  return topic.slice(topic.lastIndexOf("/") + 1);
}
