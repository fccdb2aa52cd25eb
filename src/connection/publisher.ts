import type { ErrorCode } from "../errors.ts";
import type { QoS } from "../history/entry.ts";
import type { OutgoingMessage, PublishOutcome } from "./messages.ts";
import type { MqttClient, PublishEnd } from "./mqtt-client.ts";
import type { PacketIds } from "./packet-ids.ts";
import type { PacketStore } from "./session-store.ts";

/** How many QoS 1 and 2 publishes of one client may be open at a time; further ones fail. */
export const maxOpenPublishes = 10_000;

interface OpenPublish {
  readonly qos: QoS;
  readonly onOutcome: (outcome: PublishOutcome) => void;
  acknowledged: boolean;
}

export interface Publisher {
  /** How many publishes wait for PUBACK or PUBCOMP. */
  readonly open: number;
  publish(message: OutgoingMessage, onOutcome: (outcome: PublishOutcome) => void): void;
  /** Publishes at QoS 1, is not counted as open, and is forgotten with its connection. */
  publishHeartbeat(topic: string, payload: string | Buffer, onAnswered: () => void): void;
  /** PUBREC came for this id. */
  noteReceived(messageId: number): void;
  /** Sends all stored packets again, in their order [MQTT-4.4.0-1, MQTT-4.6.0-1]. To be called right after CONNACK. */
  resume(): void;
  /** The connection is gone: a clean session's publishes end `unknown`, a persistent session's stay open. */
  settleLost(): void;
  /** No other connection follows: everything open ends `unknown`. */
  settleAll(reason: string): void;
  /** Calls back as soon as nothing is open; at once if so already. */
  whenIdle(callback: () => void): void;
}

/** Keeps the ledger of open publishes between MQTT.js, the session store and whoever published. */
export function createPublisher(parts: {
  readonly client: MqttClient;
  readonly ids: PacketIds;
  readonly store: PacketStore;
  readonly session: "clean" | "persistent";
}): Publisher {
  const { client, ids, store } = parts;
  const ledger = new Map<number, OpenPublish>();
  const heartbeats = new Set<number>();
  let idleWaiters: (() => void)[] = [];

  function end(messageId: number, how: PublishEnd): void {
    const entry = ledger.get(messageId);
    if (entry === undefined) return;
    ledger.delete(messageId);
    if (!entry.acknowledged) {
      if (how.refused !== undefined) {
        entry.onOutcome({ kind: "failed", code: "CONN_1008", reason: how.refused });
        tellIdle();
        return;
      }
      entry.onOutcome({ kind: "acknowledged" });
    }
    // A refusal after PUBREC means that the broker had let go of the exchange already; it is over all the same.
    if (entry.qos === 2) entry.onOutcome({ kind: "completed" });
    tellIdle();
  }

  function endUnknown(reason: string): void {
    const ended = [...ledger.values()];
    ledger.clear();
    for (const entry of ended) if (!entry.acknowledged) entry.onOutcome({ kind: "unknown", reason });
    tellIdle();
  }

  function tellIdle(): void {
    if (ledger.size > 0) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const callback of waiters) callback();
  }

  return {
    get open() {
      return ledger.size;
    },
    publish(message, onOutcome) {
      const obstacle = obstacleTo(message, client, ledger.size);
      if (obstacle !== undefined) {
        onOutcome({ kind: "failed", ...obstacle });
        return;
      }
      if (message.qos === 0) {
        client.publish(message);
        onOutcome({ kind: "unknown", reason: "QoS 0 is never acknowledged" });
        return;
      }
      const messageId = ids.take();
      if (messageId === undefined) {
        onOutcome({ kind: "failed", code: "CONN_1009", reason: "no packet id is free" });
        return;
      }
      ledger.set(messageId, { qos: message.qos, onOutcome, acknowledged: false });
      client.publish(message, { messageId, dup: false, onEnd: (how) => end(messageId, how) });
    },
    publishHeartbeat(topic, payload, onAnswered) {
      const message: OutgoingMessage = { topic, payload, qos: 1, retain: false };
      // A heartbeat that cannot be sent is one that will not be answered.
      if (obstacleTo(message, client, ledger.size) !== undefined) return;
      const messageId = ids.take();
      if (messageId === undefined) return;
      heartbeats.add(messageId);
      const onEnd = () => {
        heartbeats.delete(messageId);
        // A refusal is an answer, too.
        onAnswered();
      };
      client.publish(message, { messageId, dup: false, onEnd });
    },
    noteReceived(messageId) {
      const entry = ledger.get(messageId);
      if (entry === undefined || entry.acknowledged || entry.qos !== 2) return;
      entry.acknowledged = true;
      entry.onOutcome({ kind: "acknowledged" });
    },
    resume() {
      for (const packet of store.packets()) {
        const { messageId } = packet;
        const onEnd = (how: PublishEnd) => end(messageId, how);
        // DUP belongs on every repetition [MQTT-3.3.1-1]; MQTT.js's own replay leaves it out.
        if (packet.cmd === "publish") client.publish(packet, { messageId, dup: true, onEnd });
        else client.resendPubrel(messageId, onEnd);
      }
    },
    settleLost() {
      for (const messageId of heartbeats) client.forget(messageId);
      heartbeats.clear();
      if (parts.session === "persistent") return;
      for (const { messageId } of store.packets()) client.forget(messageId);
      endUnknown("the connection was lost before the acknowledgement");
    },
    settleAll(reason) {
      for (const messageId of heartbeats) client.forget(messageId);
      heartbeats.clear();
      endUnknown(reason);
    },
    whenIdle(callback) {
      idleWaiters.push(callback);
      tellIdle();
    },
  };
}

function obstacleTo(
  { topic }: OutgoingMessage,
  client: MqttClient,
  open: number,
): { readonly code: ErrorCode; readonly reason: string } | undefined {
  if (!isTopicName(topic)) return { code: "CONF_1002", reason: `"${topic}" is not a topic name` };
  if (!client.connected) return { code: "CONN_1009", reason: "there is no connection" };
  if (client.congested)
    return { code: "CONN_1009", reason: "the link has not taken the bytes of earlier messages" };
  if (open >= maxOpenPublishes) return { code: "CONN_1009", reason: `${open} publishes are open already` };
  return undefined;
}

const longestTopicBytes = 65_535;

/** Without this check MQTT.js would cut the connection [MQTT-3.3.2-2, MQTT-4.7.3-1 … -3]. */
function isTopicName(topic: string): boolean {
  return topic !== "" && !/[+#\0]/.test(topic) && Buffer.byteLength(topic) <= longestTopicBytes;
}
