import type { DeliveryEntry, HistoryEntry, MessageId } from "./entry.ts";
import { createSequenceSet } from "./sequence-set.ts";
import { createStreamMap, valueAt } from "./stream-map.ts";
import { matchesTopic } from "./topic-filter.ts";

/** Tells deliveries that repeat an earlier one from copies that a receiver may get. */
export interface CopyCount {
  /** Sees what is published and subscribed to; deliveries are handed to `isRepeat`. */
  see(entry: HistoryEntry): void;
  /**
   * True when the receiver has had this message already, as often as it may come: once for each time it was published
   * and each of the receiver's filters that match (MQTT 3.1.1 section 3.3.5, 5.0 section 3.3.4).
   */
  isRepeat(delivery: DeliveryEntry, message: MessageId): boolean;
}

const newReceiver = () =>
  createStreamMap(() => ({
    once: createSequenceSet(),
    /** How often messages came that came more than once. */
    copies: new Map<number, number>(),
  }));

/** Keeps runs of sequence numbers, and a number for each message that was published or delivered more than once. */
export function createCopyCount(): CopyCount {
  const published = createStreamMap(() => createSequenceSet());
  const publishedAgain = createStreamMap(() => new Map<number, number>());
  const filters = new Map<string, Set<string>>();
  const receivers = new Map<string, ReturnType<typeof newReceiver>>();

  function allowed(actor: string, topic: string, message: MessageId): number {
    const publishes = 1 + (publishedAgain.find(message)?.get(message.sequence) ?? 0);
    const matching = [...(filters.get(actor) ?? [])].filter((filter) => matchesTopic(filter, topic));
    return publishes * Math.max(1, matching.length);
  }

  return {
    see(entry) {
      if (entry.type !== "invoke") return;
      if (entry.action === "subscribe")
        valueAt(filters, entry.actor, () => new Set<string>()).add(entry.filter);
      else if (entry.action === "publish") {
        const { message } = entry;
        if (!published.at(message).add(message.sequence))
          increment(publishedAgain.at(message), message.sequence, 0);
      }
    },
    isRepeat({ actor, topic }, message) {
      const { once, copies } = valueAt(receivers, actor, newReceiver).at(message);
      if (once.add(message.sequence)) return false;
      return increment(copies, message.sequence, 1) > allowed(actor, topic, message);
    },
  };
}

function increment(counts: Map<number, number>, key: number, start: number): number {
  const count = (counts.get(key) ?? start) + 1;
  counts.set(key, count);
  return count;
}
