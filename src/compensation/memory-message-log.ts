import type { World } from "../time/world.ts";
import type { LoggedMessage, MessageLog } from "./message-log.ts";

export interface MemoryMessageLogOptions {
  /** Kept per device. Default 1000. */
  readonly maxMessages?: number;
  /** In milliseconds. Default 24 h. */
  readonly maxAgeMs?: number;
}

interface Shelf {
  head: number;
  oldest: number;
  /** By id, without holes from `oldest` to `head`. */
  readonly messages: Map<number, LoggedMessage & { readonly atMs: number }>;
}

/** A message log in memory, with a bound on count and age per device. It does not survive its process. */
export function createMemoryMessageLog(world: World, options: MemoryMessageLogOptions = {}): MessageLog {
  const { maxMessages = 1_000, maxAgeMs = 24 * 3_600_000 } = options;
  const shelves = new Map<string, Shelf>();

  function forget(shelf: Shelf): void {
    const tooOldMs = world.clock.monotonicMs() - maxAgeMs;
    for (; shelf.oldest <= shelf.head; shelf.oldest += 1) {
      const first = shelf.messages.get(shelf.oldest);
      if (first !== undefined && first.atMs > tooOldMs && shelf.messages.size <= maxMessages) return;
      shelf.messages.delete(shelf.oldest);
    }
  }

  return {
    id: world.random.fork("memory-message-log").hex(16),
    append(device, message) {
      const shelf = shelves.get(device) ?? { head: 0, oldest: 1, messages: new Map() };
      shelves.set(device, shelf);
      shelf.head += 1;
      const logged = { id: shelf.head, ...message, atMs: world.clock.monotonicMs() };
      shelf.messages.set(shelf.head, logged);
      forget(shelf);
      return logged;
    },
    head: (device) => shelves.get(device)?.head ?? 0,
    oldest(device) {
      const shelf = shelves.get(device);
      if (shelf === undefined) return 1;
      forget(shelf);
      return shelf.oldest;
    },
    read(device, fromId, limit) {
      const shelf = shelves.get(device);
      if (shelf === undefined) return [];
      forget(shelf);
      const found: LoggedMessage[] = [];
      for (let id = Math.max(fromId, shelf.oldest); id <= shelf.head && found.length < limit; id += 1) {
        const message = shelf.messages.get(id);
        if (message !== undefined) found.push(message);
      }
      return found;
    },
  };
}
