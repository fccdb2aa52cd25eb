import type { Client } from "aedes";
import { type QoS, writeToStream } from "mqtt-packet";

/** A message on its way to one subscriber. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** The lower of what was published and what was granted. */
  readonly qos: QoS;
  /** True only for a retained message that answers a SUBSCRIBE [MQTT-3.3.1-8]. */
  readonly retain: boolean;
}

interface Exchange {
  readonly message: OutgoingMessage;
  /** Kept until the exchange ends, over any number of connections [MQTT-4.4.0-1]. */
  messageId: number | undefined;
  /** PUBREC came: from now on only PUBREL is sent [MQTT-4.3.3-1]. */
  released: boolean;
}

const largestPacketId = 65_535;
/** QoS 0 messages are dropped while this much waits unsent: far more than a burst of a whole fleet, and still a bound. */
const atMostOnceBufferBytes = 16 * 1_048_576;

/**
 * All messages that the broker owes to one session, in one queue, so that order holds over offline time, resends and
 * live traffic alike.
 *
 * Aedes has two paths instead: a copy of the stored queue that is written on reconnect, and live messages that are
 * written meanwhile. Between them messages overtake each other, arrive twice under one packet id or before CONNACK,
 * and a new connection starts its packet ids at a random number that may be in flight already.
 *
 * ```
 * push → unsent ──PUBLISH──▶ in flight ──PUBACK | PUBREC, PUBREL, PUBCOMP──▶ gone
 *           ▲                    │
 *           └──── new connection ┘   (in the order of the first sending [MQTT-4.6.0-1])
 * ```
 */
export class Outbox {
  readonly clientId: string;
  #connection: Client | undefined;
  #unsent = new Set<Exchange>();
  readonly #inFlight = new Map<number, Exchange>();
  #lastPacketId = 0;
  #waitsForDrain = false;

  constructor(clientId: string) {
    this.clientId = clientId;
  }

  /** Sends over this connection from now on, beginning with what no earlier connection finished. */
  attach(connection: Client): void {
    this.#connection = connection;
    this.#waitsForDrain = false;
    const neverSent = [...this.#unsent].filter((exchange) => exchange.messageId === undefined);
    this.#unsent = new Set([...this.#inFlight.values(), ...neverSent]);
    this.#pump();
  }

  push(message: OutgoingMessage): void {
    if (message.qos === 0) {
      this.#sendAtMostOnce(message);
      return;
    }
    this.#unsent.add({ message, messageId: undefined, released: false });
    this.#pump();
  }

  /** PUBREC came. An unknown id is no error: the client may repeat a PUBREC whose exchange has ended. */
  release(messageId: number): void {
    const exchange = this.#inFlight.get(messageId);
    if (exchange?.message.qos !== 2) return;
    exchange.released = true;
    // The PUBREL that answers this PUBREC needs no second one from the resend queue.
    this.#unsent.delete(exchange);
  }

  /** PUBACK (QoS 1) or PUBCOMP (QoS 2) came: the exchange is over and its packet id is free. */
  finish(messageId: number, qos: 1 | 2): void {
    const exchange = this.#inFlight.get(messageId);
    if (exchange?.message.qos !== qos) return;
    this.#inFlight.delete(messageId);
    this.#unsent.delete(exchange);
    this.#pump();
  }

  #pump(): void {
    if (this.#waitsForDrain) return;
    for (const exchange of this.#unsent) {
      const connection = this.#open();
      if (!connection) return;
      if (connection.conn.writableNeedDrain) {
        this.#pumpAfterDrain(connection);
        return;
      }
      if (exchange.messageId === undefined && this.#inFlight.size === largestPacketId) return;
      this.#unsent.delete(exchange);
      this.#send(connection, exchange);
    }
  }

  #send(connection: Client, exchange: Exchange): void {
    const repeated = exchange.messageId !== undefined;
    const messageId = exchange.messageId ?? this.#freePacketId();
    exchange.messageId = messageId;
    this.#inFlight.set(messageId, exchange);
    if (exchange.released) {
      writeToStream({ cmd: "pubrel", messageId }, connection.conn);
      return;
    }
    // DUP says that this broker sent it before, not that the publisher repeated it [MQTT-3.3.1-1, -3].
    writeToStream({ cmd: "publish", ...exchange.message, messageId, dup: repeated }, connection.conn);
  }

  #sendAtMostOnce(message: OutgoingMessage): void {
    const connection = this.#open();
    if (!connection || connection.conn.writableLength > atMostOnceBufferBytes) return;
    writeToStream({ cmd: "publish", ...message, dup: false }, connection.conn);
  }

  #open(): Client | undefined {
    const connection = this.#connection;
    return connection && !connection.closed && connection.conn.writable ? connection : undefined;
  }

  #pumpAfterDrain(connection: Client): void {
    this.#waitsForDrain = true;
    connection.conn.once("drain", () => {
      if (connection !== this.#connection) return;
      this.#waitsForDrain = false;
      this.#pump();
    });
  }

  #freePacketId(): number {
    do {
      this.#lastPacketId = (this.#lastPacketId % largestPacketId) + 1;
    } while (this.#inFlight.has(this.#lastPacketId));
    return this.#lastPacketId;
  }
}

/** Bounds of an outbox, for `embeddedBrokerLimits`. */
export const outboxLimits = { inFlightMessages: largestPacketId, atMostOnceBufferBytes } as const;
