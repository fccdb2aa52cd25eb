const largestId = 65_535;

/**
 * Hands out packet ids that are not in use. MQTT.js's own provider starts at random and reuses an id that is still in
 * flight after 65,535 messages [MQTT-2.3.1-2].
 */
export interface PacketIds {
  /** Takes the next free id, or undefined when all are in use. */
  take(): number | undefined;
  /** Makes the next `allocate` return this id. */
  force(messageId: number): void;

  // What MQTT.js asks of an id provider.
  allocate(): number | null;
  getLastAllocated(): number | null;
  register(messageId: number): boolean;
  deallocate(messageId: number): void;
  clear(): void;
}

/** Counts from 1, cyclically. `idsToKeep` tells which ids outlive a connection: those of the stored packets. */
export function createPacketIds(idsToKeep: () => Iterable<number>): PacketIds {
  const inUse = new Set<number>(idsToKeep());
  let last = 0;
  let forced: number | undefined;

  function take(): number | undefined {
    if (inUse.size >= largestId) return undefined;
    do last = last === largestId ? 1 : last + 1;
    while (inUse.has(last));
    inUse.add(last);
    return last;
  }

  return {
    take,
    force(messageId) {
      forced = messageId;
    },
    allocate() {
      const messageId = forced;
      forced = undefined;
      return messageId ?? take() ?? null;
    },
    getLastAllocated: () => (last === 0 ? null : last),
    register(messageId) {
      inUse.add(messageId);
      return true;
    },
    deallocate(messageId) {
      inUse.delete(messageId);
    },
    clear() {
      inUse.clear();
      for (const messageId of idsToKeep()) inUse.add(messageId);
    },
  };
}
