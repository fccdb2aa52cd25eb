import type { QoS } from "../history/entry.ts";

/** A PUBLISH whose exchange is open; all but the named fields belong to MQTT.js and are kept as they are. */
interface StoredPublish {
  readonly cmd: "publish";
  readonly messageId: number;
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
}

/** A QoS 2 exchange of which PUBREC has come: from now on only PUBREL is sent [MQTT-4.3.3-1]. */
interface StoredPubrel {
  readonly cmd: "pubrel";
  readonly messageId: number;
}

export type StoredPacket = StoredPublish | StoredPubrel;

/** Packets by their id, in the order in which the ids were first put: the order of resending [MQTT-4.6.0-1]. */
export interface PacketStore {
  /** Adds a packet, or replaces the one with the same id in its place. */
  put(packet: StoredPacket): void;
  get(messageId: number): StoredPacket | undefined;
  delete(messageId: number): void;
  packets(): readonly StoredPacket[];
}

/** The client's side of an MQTT session: what must survive a connection (MQTT 3.1.1, section 4.1). */
export interface SessionStore {
  /** QoS 1 and 2 messages that this client sent and that are not acknowledged, or not completed. */
  readonly outgoing: PacketStore;
  /** QoS 2 messages that were received and not yet released by PUBREL. */
  readonly incoming: PacketStore;
}

/** Keeps a session in memory: it survives reconnects, and ends with the process. Holds at most 65,535 packets a side. */
export function createMemorySessionStore(): SessionStore {
  return { outgoing: createMemoryPacketStore(), incoming: createMemoryPacketStore() };
}

function createMemoryPacketStore(): PacketStore {
  // Setting a key that a Map already has keeps its place in the order.
  const packets = new Map<number, StoredPacket>();
  return {
    put: (packet) => void packets.set(packet.messageId, packet),
    get: (messageId) => packets.get(messageId),
    delete: (messageId) => void packets.delete(messageId),
    packets: () => [...packets.values()],
  };
}
