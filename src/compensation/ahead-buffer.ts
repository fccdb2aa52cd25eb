import type { Downlink, Gap } from "./protocol.ts";

/** What came before its turn. */
export interface AheadBuffer {
  /** Keeps a message; a full buffer refuses it (it will be replayed) and returns false. */
  hold(message: Downlink): boolean;
  /** Keeps what the service said about a gap; the latest word counts. */
  announce(gap: Gap): void;
  /** What the message id `due` turns out to be: a message, the part of a gap before the next held message, or unknown. */
  take(due: number): { readonly message: Downlink } | { readonly gap: Gap } | null;
  /** Forgets a message that was processed by another way. */
  discard(messageId: number): void;
  clear(): void;
  readonly holdsAny: boolean;
}

/** A buffer of at most `capacity` messages. */
export function createAheadBuffer(capacity: number): AheadBuffer {
  const held = new Map<number, Downlink>();
  let announced: Gap | null = null;

  function gapAt(due: number): Gap | null {
    if (announced === null || announced.from > due || announced.to < due) return null;
    let to = announced.to;
    for (const id of held.keys()) if (id > due && id <= to) to = id - 1;
    return { from: due, to };
  }

  return {
    hold(message) {
      if (!held.has(message.messageId) && held.size >= capacity) return false;
      held.set(message.messageId, message);
      return true;
    },
    announce(gap) {
      announced = gap;
    },
    take(due) {
      const message = held.get(due);
      if (message !== undefined) return { message };
      const gap = gapAt(due);
      return gap === null ? null : { gap };
    },
    discard(messageId) {
      held.delete(messageId);
    },
    get holdsAny() {
      return held.size > 0;
    },
    clear() {
      held.clear();
      announced = null;
    },
  };
}
