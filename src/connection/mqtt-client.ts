import type { Duplex } from "node:stream";
import { type IClientOptions, type IPublishPacket, MqttClient as MqttJs, type Packet } from "mqtt";
import { messageOf } from "../errors.ts";
import type { QoS } from "../history/entry.ts";
import { disconnectPacket, pubrelPacket } from "./control-packets.ts";
import type { IncomingMessage, OutgoingMessage } from "./messages.ts";
import { type MqttClientOptions, toMqttJsOptions } from "./mqtt-js-options.ts";
import { toMqttJsStore } from "./mqtt-js-store.ts";

/** What the present connection does. Nothing is told of a connection that was abandoned or disconnected. */
export interface MqttClientEvents {
  /** The broker accepted; from now on messages can be sent. */
  onConnack(connack: { readonly sessionPresent: boolean }): void;
  onRefused(connack: { readonly returnCode: number; readonly reason: string }): void;
  /** The stream is closed, or could not be opened. */
  onClosed(reason: string): void;
  /** PUBREC came. */
  onReceived(messageId: number): void;
  onMessage(message: IncomingMessage): void;
}

/** How the exchange of a publish ended: the broker took it, or said why not. */
export interface PublishEnd {
  readonly refused?: string;
}

interface PublishExchange {
  readonly messageId: number;
  readonly dup: boolean;
  /** Not called when the message is forgotten. */
  readonly onEnd: (how: PublishEnd) => void;
}

/** One MQTT client whose session outlives its connections; it opens them when told to and never by itself. */
export interface MqttClient {
  /** True from the CONNACK until the stream closes or is abandoned. */
  readonly connected: boolean;
  /** True while the link has not taken `maxBufferedBytes` that were written before. */
  readonly congested: boolean;
  /** Opens a connection; if the one before is still closing, as soon as it is closed. */
  connect(): void;
  /** Closes hard, without DISCONNECT and without waiting for the other side. Safe when there is nothing to close. */
  abandon(): void;
  /** Sends DISCONNECT and ends the stream; whoever calls bounds the wait for `closed` and abandons. */
  disconnect(): void;
  /** Resolves when no stream is open. */
  closed(): Promise<void>;
  /** Writes a message; without an exchange at QoS 0. Only when connected. */
  publish(message: OutgoingMessage, exchange?: PublishExchange): void;
  resendPubrel(messageId: number, onEnd: (how: PublishEnd) => void): void;
  /** Removes a message that waits for its acknowledgement: it will not be sent again. */
  forget(messageId: number): void;
  /** Resolves with the reason codes of the SUBACK in the order of the filters; rejects when none came. */
  subscribe(filters: ReadonlyMap<string, QoS>): Promise<readonly number[]>;
  unsubscribe(filter: string): Promise<void>;
}

/** What may wait in memory for a link that takes no bytes. */
export const maxBufferedBytes = 1_048_576;

/** Reason codes that are no errors: success, and no matching subscribers (5.0). */
const accepted: ReadonlySet<number> = new Set([0, 16]);

interface Attempt {
  readonly stream: Duplex;
  /** Abandoned, disconnected, refused or closed: nothing more is told of it. */
  over: boolean;
  announced: boolean;
  sessionPresent: boolean;
  /** The first thing that went wrong. */
  reason?: string;
}

/**
 * The only door to MQTT.js.
 *
 * MQTT.js keeps the two stores, the open callbacks and the QoS 2 ids when `connect()` is called again after 'close'
 * (`reconnect()` and `end()` drop them). Its own replay is not used: it sends one message per round trip without DUP,
 * and holds back or loses what is published meanwhile (MQTT.js issue 2015). The store it sees looks empty when it wants
 * to replay; the publisher resends everything at once instead.
 */
export function createMqttClient(options: MqttClientOptions, events: MqttClientEvents): MqttClient {
  const { ids, store } = options;
  let attempt: Attempt | undefined;
  let connectWhenClosed = false;
  const closedWaiters: (() => void)[] = [];

  // `attempt` is set before every call of `connect()`, which calls the stream builder.
  const mqttJs = new MqttJs(() => (attempt as Attempt).stream, {
    ...toMqttJsOptions(options),
    messageIdProvider: ids as NonNullable<IClientOptions["messageIdProvider"]>,
    outgoingStore: toMqttJsStore(store.outgoing) as unknown as NonNullable<IClientOptions["outgoingStore"]>,
    incomingStore: toMqttJsStore(store.incoming) as unknown as NonNullable<IClientOptions["incomingStore"]>,
  });
  mqttJs.on("packetreceive", onPacket);
  mqttJs.on("error", (error) => {
    if (attempt === undefined) return;
    attempt.reason ??= messageOf(error);
    // Also for errors after which MQTT.js would read on, such as a malformed packet [MQTT-4.8.0-1].
    attempt.stream.destroy();
  });
  mqttJs.on("disconnect", ({ reasonCode }) => {
    if (attempt !== undefined)
      attempt.reason ??= `the broker disconnected with reason code ${reasonCode ?? 0}`;
  });
  mqttJs.on("close", onClose);
  mqttJs.handleMessage = (packet, done) => {
    // An error keeps MQTT.js from acknowledging; at QoS 2 the message stays in the store.
    if (attempt === undefined || attempt.over) return done(new Error("The connection is closed."));
    announce(attempt);
    events.onMessage(toMessage(packet));
    done();
  };

  function onPacket(packet: Packet): void {
    const present = attempt;
    if (present === undefined || present.over) return;
    if (packet.cmd === "connack") onConnack(present, packet.reasonCode ?? packet.returnCode ?? 0, packet);
    else if (
      packet.cmd === "pubrec" &&
      accepted.has(packet.reasonCode ?? 0) &&
      packet.messageId !== undefined
    )
      events.onReceived(packet.messageId);
  }

  function onConnack(
    present: Attempt,
    returnCode: number,
    connack: { readonly sessionPresent: boolean },
  ): void {
    if (returnCode === 0) {
      present.sessionPresent = connack.sessionPresent;
      // MQTT.js handles the packet after this event. Its next packet comes in a later tick than ours.
      process.nextTick(announce, present);
      return;
    }
    present.over = true;
    events.onRefused({ returnCode, reason: `the broker refused with return code ${returnCode}` });
  }

  function announce(present: Attempt): void {
    if (present.over || present.announced || !mqttJs.connected) return;
    present.announced = true;
    events.onConnack({ sessionPresent: present.sessionPresent });
  }

  function onClose(): void {
    const closed = attempt;
    attempt = undefined;
    dropUnreadPackets();
    if (closed !== undefined && !closed.over) {
      closed.over = true;
      const { errored } = closed.stream;
      events.onClosed(closed.reason ?? (errored ? messageOf(errored) : "the broker closed the connection"));
    }
    for (const resolve of closedWaiters.splice(0)) resolve();
    if (connectWhenClosed) connect();
  }

  /**
   * Packets that MQTT.js has parsed and not yet handled go the way of the bytes behind them. Handled after the close, a
   * PUBACK would be queued and sent on the next connection, where its id may mean another message.
   */
  function dropUnreadPackets(): void {
    Reflect.set(mqttJs, "_currentPump", null);
  }

  function connect(): void {
    // MQTT.js would take the late 'close' of the old stream for one of the new stream.
    connectWhenClosed = attempt !== undefined;
    if (connectWhenClosed) return;
    let stream: Duplex;
    try {
      stream = options.openStream();
    } catch (error) {
      events.onClosed(messageOf(error));
      return;
    }
    const opened: Attempt = { stream, over: false, announced: false, sessionPresent: false };
    stream.on("error", (error) => {
      opened.reason ??= messageOf(error);
    });
    attempt = opened;
    mqttJs.connect();
    // A stream that came dead may have told its 'close' before anybody listened. If not, it does so before this tick.
    if (stream.closed) process.nextTick(() => attempt === opened && mqttJs.emit("close"));
  }

  function finish(): Attempt | undefined {
    connectWhenClosed = false;
    if (attempt !== undefined) attempt.over = true;
    dropUnreadPackets();
    return attempt;
  }

  return {
    get connected() {
      return attempt !== undefined && !attempt.over && mqttJs.connected;
    },
    get congested() {
      return attempt !== undefined && attempt.stream.writableLength >= maxBufferedBytes;
    },
    connect,
    abandon: () => void finish()?.stream.destroy(),
    disconnect: () => void finish()?.stream.end(disconnectPacket),
    closed: () =>
      new Promise((resolve) => {
        if (attempt === undefined) resolve();
        else closedWaiters.push(resolve);
      }),
    publish({ topic, payload, qos, retain }, exchange) {
      if (exchange === undefined) {
        // Without a callback: MQTT.js would hang one on 'drain' per message.
        mqttJs.publish(topic, payload, { qos: 0, retain });
        return;
      }
      ids.force(exchange.messageId);
      mqttJs.publish(topic, payload, { qos, retain, dup: exchange.dup }, toPublishCallback(exchange.onEnd));
    },
    resendPubrel(messageId, onEnd) {
      mqttJs.outgoing[messageId] = { volatile: false, cmd: "pubrel", cb: toPublishCallback(onEnd) };
      attempt?.stream.write(pubrelPacket(messageId));
    },
    forget(messageId) {
      mqttJs.removeOutgoingMessage(messageId);
      // MQTT.js may have forgotten its part already, and then leaves ours alone.
      store.outgoing.delete(messageId);
      ids.deallocate(messageId);
    },
    subscribe: (filters) => subscribe(mqttJs, filters),
    unsubscribe: (filter) => mqttJs.unsubscribeAsync(filter).then(() => {}),
  };
}

function subscribe(mqttJs: MqttJs, filters: ReadonlyMap<string, QoS>): Promise<readonly number[]> {
  const wanted = Object.fromEntries([...filters].map(([filter, qos]) => [filter, { qos }]));
  return new Promise((resolve, reject) => {
    mqttJs.subscribe(wanted, (error, _subscriptions, suback) => {
      // A refused filter is an error to MQTT.js, although others may have been granted.
      if (suback !== undefined) resolve(suback.granted as number[]);
      else reject(error ?? new Error("There was no SUBACK."));
    });
  });
}

function toMessage({ topic, payload, qos, dup, retain }: IPublishPacket): IncomingMessage {
  return { topic, payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload), qos, dup, retain };
}

/** Only what the broker said counts: MQTT.js also calls back when it drops a message for its own reasons. */
function toPublishCallback(onEnd: (how: PublishEnd) => void) {
  return (error?: Error | null, ack?: Packet) => {
    if (!error) onEnd({});
    else if (ack !== undefined) onEnd({ refused: error.message });
  };
}
