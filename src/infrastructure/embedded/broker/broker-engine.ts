import type { Duplex } from "node:stream";
import {
  Aedes,
  type AedesOptions,
  type AedesPublishPacket,
  type Client,
  type ConnectPacket,
  type PublishPacket,
} from "aedes";
import type { QoS } from "mqtt-packet";
import { BrokerPersistence, type Deliver, outgoing, sessionMarker } from "./broker-persistence.ts";
import { readWholeBuffer } from "./readable-drain.ts";
import { filterMatches } from "./subscription-index.ts";

type Done = (error?: Error | null) => void;
type LiveDelivery = (packet: AedesPublishPacket, done: () => void) => void;

/** What Aedes 1.2 has on a client but not in its types. */
type ClientInternals = Client & {
  readonly connackSent: boolean;
  readonly subscriptions: Readonly<Record<string, { readonly qos: QoS }>>;
  deliver0: LiveDelivery;
  deliverQoS: LiveDelivery;
};

/** A broker in memory, without a listening socket. */
export interface BrokerEngine {
  readonly aedes: Aedes;
  /** Serves one connection. */
  accept(stream: Duplex): void;
}

/** Settings that keep Aedes from adding faults of its own. */
export const engineSettings = {
  // A fixed id, since a random one would be the only thing in a history that differs between two runs of a seed.
  id: "embedded",
  // With a limit, a hundred messages to one stalled subscriber stop the broker for everybody.
  concurrency: 0,
  // Aedes cuts subscribers whose link is slow; here the experiment decides what is cut.
  drainTimeout: 0,
  // Aedes closes a connection that has more unfinished QoS 2 publishes; MQTT 3.1.1 cannot tell the client.
  maxInflightInbound: 0,
  // Only clusters need heartbeats. Four times this value must still fit a timer (2^31 - 1 ms).
  heartbeatInterval: 500_000_000,
  connectTimeout: 30_000,
  queueLimit: 1_000,
} as const satisfies AedesOptions;

/** Starts Aedes with its sessions repaired. Every message to a subscriber goes through `deliver`. */
export async function startEngine(
  tamper: (deliver: Deliver, others: () => Outboxes) => Deliver,
): Promise<BrokerEngine> {
  const deliver = tamper(
    (outbox, message) => outbox.push(message),
    () => persistence.outboxes(),
  );
  const persistence: BrokerPersistence = new BrokerPersistence(deliver);
  const aedes: OrderedAedes = new OrderedAedes({
    ...engineSettings,
    persistence,
    preConnect: oneConnectionPerClientId(),
    authorizePublish: (client, packet, done) => aedes.publishBeforeAck(packet, client, done),
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic === sessionMarker ? null : subscription),
  });
  aedes.on("connackSent", (connack, client) => {
    if (connack.returnCode === 0) persistence.outboxOf(client).attach(client);
  });
  await aedes.listen();
  return {
    aedes,
    accept(stream) {
      deliverThroughOutbox(aedes.handle(readWholeBuffer(stream)) as ClientInternals, persistence, deliver);
    },
  };
}

type Outboxes = ReturnType<BrokerPersistence["outboxes"]>;

/**
 * Aedes, publishing one message at a time, in the order of arrival. On its own it lets a message overtake a retained
 * one of the same topic, because storing that takes a moment [MQTT-4.6.0-6].
 */
class OrderedAedes extends Aedes {
  #last: Promise<void> = Promise.resolve();
  readonly #published = new WeakSet<PublishPacket>();

  /**
   * Aedes sends PUBACK and publishes afterwards: what a publisher sends next on another connection can overtake an
   * acknowledged message, and one whose PUBACK waits on a full connection can be lost with it [MQTT-4.3.2-2]. The last
   * question that Aedes asks before it acknowledges is whether the client may publish.
   */
  publishBeforeAck(packet: PublishPacket, client: Client | null, done: Done): void {
    if (packet.topic.startsWith("$SYS/")) {
      done(new Error("$SYS/ topic is reserved"));
      return;
    }
    if (packet.qos !== 1) {
      done(null);
      return;
    }
    this.publish(packet, client, (error) => {
      this.#published.add(packet);
      done(error);
    });
  }

  override publish(packet: PublishPacket, client: unknown, done?: Done): void {
    const finished = typeof client === "function" ? (client as Done) : (done ?? (() => {}));
    // Only Aedes itself gets as far as here with a $SYS topic: news for other brokers of a cluster.
    if (packet.topic.startsWith("$SYS/") || this.#published.delete(packet)) {
      finished(null);
      return;
    }
    const publish = super.publish.bind(this) as (packet: PublishPacket, client: unknown, done: Done) => void;
    const next = () =>
      new Promise<void>((resolve) => {
        publish(packet, typeof client === "function" ? null : client, (error) => {
          resolve();
          finished(error);
        });
      });
    this.#last = this.#last.then(next);
  }
}

/**
 * Makes a CONNECT wait until an older connection with its client id is closed [MQTT-3.1.4-2].
 *
 * Aedes closes the old one beside the rest of the handshake: for a moment both are served, two CONNECTs at once can
 * both survive, and one that breaks off early takes the entry of the one that lives.
 */
function oneConnectionPerClientId() {
  const owners = new Map<string, Client>();
  return (client: Client, packet: ConnectPacket, proceed: (error: null, accepted: boolean) => void) => {
    const { clientId } = packet;
    if (clientId === "") {
      proceed(null, true);
      return;
    }
    const older = owners.get(clientId);
    owners.set(clientId, client);
    client.conn.once("close", () => {
      if (owners.get(clientId) === client) owners.delete(clientId);
    });
    if (older) older.close(() => proceed(null, true));
    else proceed(null, true);
  };
}

/**
 * Puts the outbox where Aedes would write to the client itself.
 *
 * Aedes drops a message as a duplicate whenever one with a higher number came first, as each message does that
 * overtakes a retained one; it forwards the publisher's DUP flag, sends a wildcard subscriber more than the granted
 * QoS, and makes the publisher wait for the slowest subscriber, pings included.
 */
function deliverThroughOutbox(
  client: ClientInternals,
  persistence: BrokerPersistence,
  deliver: Deliver,
): void {
  let lastNumber = 0;
  const live: LiveDelivery = (packet, done) => {
    // All matching subscriptions of a client are called in a row: the first call serves them all [MQTT-3.3.5-1].
    const answersSubscribe = !packet.brokerId;
    const repeated = !answersSubscribe && packet.brokerCounter === lastNumber;
    if (!answersSubscribe) lastNumber = packet.brokerCounter;
    const granted = grantedQos(client, packet.topic);
    // A persistent session got it from `outgoingEnqueueCombi` already.
    const queued = !client.clean && !answersSubscribe && Math.min(packet.qos, granted) > 0;
    // A restored subscription is active before CONNACK is out, and CONNACK comes first [MQTT-3.2.0-1].
    if (client.connackSent && !repeated && !queued) {
      deliver(persistence.outboxOf(client), outgoing(packet, granted, answersSubscribe));
    }
    done();
  };
  client.deliver0 = live;
  client.deliverQoS = live;
}

function grantedQos(client: ClientInternals, topic: string): QoS {
  let granted: QoS = 0;
  for (const [filter, { qos }] of Object.entries(client.subscriptions)) {
    if (qos > granted && filterMatches(filter, topic)) granted = qos;
  }
  return granted;
}
