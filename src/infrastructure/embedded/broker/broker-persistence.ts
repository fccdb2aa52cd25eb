import { Readable } from "node:stream";
import type { Client } from "aedes";
import type { IPublishPacket, QoS } from "mqtt-packet";
import { Outbox, type OutgoingMessage } from "./broker-outbox.ts";
import { filterMatches, SubscriptionIndex } from "./subscription-index.ts";

/** What Aedes hands over; packets carry more, but no more is needed here. */
type ClientRef = Pick<Client, "id" | "clean">;
type Identified = { readonly cmd: string; readonly messageId?: number };
type Subscribed = { readonly topic: string; readonly qos: QoS };
type Recipient = Subscribed & { readonly clientId: string };
type Will = IPublishPacket & { clientId?: string; brokerId?: string };

/** Hands a message to the subscriber's outbox; a mutant broker tampers here. */
export type Deliver = (outbox: Outbox, message: OutgoingMessage) => void;

/** Stands in for "no subscription yet" where Aedes would forget that there is a session. */
export const sessionMarker = "$session/without-subscriptions";

/**
 * Sessions, retained messages and wills in memory, behind the interface that Aedes wants of a persistence.
 *
 * It replaces `aedes-persistence` 11, whose in-memory store breaks QoS 2 without any fault: `outgoingUpdate` compares
 * two PUBRELs by `undefined === undefined` and overwrites the id of the earlier one, so that a message is lost or
 * repeated; `outgoingClearMessageId` removes another message the same way. Here an exchange is found by its packet id
 * and by nothing else.
 */
export class BrokerPersistence {
  readonly #deliver: Deliver;
  readonly #index = new SubscriptionIndex();
  readonly #sessions = new Map<string, { readonly filters: Map<string, QoS>; readonly outbox: Outbox }>();
  /** Of clean clients: their messages end with the connection. */
  readonly #transient = new WeakMap<object, Outbox>();
  readonly #received = new Map<string, Set<number>>();
  readonly #retained = new Map<string, IPublishPacket>();
  readonly #wills = new Map<string, Will>();
  #brokerId = "";

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  async setup(broker: { readonly id: string }): Promise<void> {
    this.#brokerId = broker.id;
  }

  // --- sessions and subscriptions

  /** The queue of a connected client, or of a session that waits for its client. */
  outboxOf(client: ClientRef): Outbox {
    if (!client.clean) return this.#session(client.id).outbox;
    const outbox = this.#transient.get(client) ?? new Outbox(client.id);
    this.#transient.set(client, outbox);
    return outbox;
  }

  /** The queues of all persistent sessions. */
  outboxes(): Outbox[] {
    return [...this.#sessions.values()].map((session) => session.outbox);
  }

  /** Aedes asks this once per CONNECT with clean=false, and takes an empty answer for "no session". */
  async subscriptionsByClient(client: Pick<ClientRef, "id">): Promise<Subscribed[]> {
    const known = this.#sessions.has(client.id);
    const { filters } = this.#session(client.id);
    // Session Present is about the session, not about subscriptions [MQTT-3.2.2-2].
    if (known && filters.size === 0) return [{ topic: sessionMarker, qos: 0 }];
    return [...filters].map(([topic, qos]) => ({ topic, qos }));
  }

  /** Aedes calls this for a CONNECT with clean=true: the whole session goes, queued messages included [MQTT-3.1.2-6]. */
  async cleanSubscriptions(client: ClientRef): Promise<void> {
    for (const filter of this.#sessions.get(client.id)?.filters.keys() ?? []) {
      this.#index.remove(filter, client.id);
    }
    this.#sessions.delete(client.id);
  }

  async addSubscriptions(client: ClientRef, subscriptions: readonly Subscribed[]): Promise<void> {
    for (const { topic, qos } of subscriptions) {
      this.#session(client.id).filters.set(topic, qos);
      this.#index.add(topic, client.id, qos);
    }
  }

  async removeSubscriptions(client: ClientRef, filters: readonly string[]): Promise<void> {
    for (const filter of filters) {
      this.#sessions.get(client.id)?.filters.delete(filter);
      this.#index.remove(filter, client.id);
    }
  }

  async subscriptionsByTopic(topic: string): Promise<Recipient[]> {
    return [...this.#index.match(topic)].map(([clientId, qos]) => ({ clientId, topic, qos }));
  }

  // --- messages to subscribers

  /** Aedes calls this for every message of QoS 1 and 2 before it goes to connected clients. */
  async outgoingEnqueueCombi(recipients: readonly Recipient[], packet: IPublishPacket): Promise<void> {
    for (const { clientId, qos: granted } of recipients) {
      const session = this.#sessions.get(clientId);
      // What is granted QoS 0 takes Aedes's live path, as it is not owed to an absent client.
      if (session && granted > 0) this.#deliver(session.outbox, outgoing(packet, granted, false));
    }
  }

  /** PUBREC came from a persistent client. */
  async outgoingUpdate(client: ClientRef, packet: Identified): Promise<void> {
    if (packet.cmd === "pubrel" && packet.messageId) this.outboxOf(client).release(packet.messageId);
  }

  /** PUBACK or PUBCOMP came. */
  async outgoingClearMessageId(client: ClientRef, packet: Identified): Promise<void> {
    if (packet.messageId) this.outboxOf(client).finish(packet.messageId, packet.cmd === "puback" ? 1 : 2);
  }

  /** Nothing: the outbox itself resends, in order with what comes live. */
  outgoingStream(): Readable {
    return Readable.from([]);
  }

  // --- QoS 2 messages from publishers

  /**
   * Aedes asks whether it knows the packet, and stores it if not. The first to ask also reserves the id: several
   * repeats in one read are handled side by side, and each would be told that it is the first [MQTT-4.3.3-2].
   */
  async incomingGetPacket(client: ClientRef, packet: Identified): Promise<Identified> {
    const received = this.#received.get(client.id) ?? new Set();
    const messageId = packet.messageId ?? 0;
    if (received.has(messageId)) return packet;
    if (packet.cmd === "publish") this.#received.set(client.id, received.add(messageId));
    throw new Error("no such packet");
  }

  /** Reserved already. */
  async incomingStorePacket(): Promise<void> {}

  async incomingDelPacket(client: ClientRef, packet: Identified): Promise<void> {
    this.#received.get(client.id)?.delete(packet.messageId ?? 0);
  }

  async cleanIncoming(client: ClientRef): Promise<void> {
    this.#received.delete(client.id);
  }

  // --- retained messages and wills

  async storeRetained(packet: IPublishPacket): Promise<void> {
    if (packet.payload.length === 0) this.#retained.delete(packet.topic);
    else this.#retained.set(packet.topic, { ...packet });
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    const wanted = (packet: IPublishPacket) => filters.some((filter) => filterMatches(filter, packet.topic));
    return Readable.from([...this.#retained.values()].filter(wanted));
  }

  async putWill(client: ClientRef, will: Will): Promise<void> {
    this.#wills.set(client.id, Object.assign(will, { clientId: client.id, brokerId: this.#brokerId }));
  }

  async delWill(client: Pick<ClientRef, "id">): Promise<Will | undefined> {
    const will = this.#wills.get(client.id);
    this.#wills.delete(client.id);
    return will;
  }

  /** Aedes looks here for wills of other brokers of a cluster; there are none. */
  streamWill(): Readable {
    return Readable.from([]);
  }

  #session(clientId: string) {
    const session = this.#sessions.get(clientId) ?? {
      filters: new Map<string, QoS>(),
      outbox: new Outbox(clientId),
    };
    this.#sessions.set(clientId, session);
    return session;
  }
}

/** The message as a subscriber gets it. Its retain flag is not the publisher's [MQTT-3.3.1-8, -9]. */
export function outgoing(packet: IPublishPacket, granted: QoS, retain: boolean): OutgoingMessage {
  const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
  return { topic: packet.topic, payload, qos: Math.min(packet.qos, granted) as QoS, retain };
}
