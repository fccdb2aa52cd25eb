import type { HistoryEntry, QoS } from "./entry.ts";
import { createFilterTree } from "./filter-tree.ts";
import { valueAt } from "./stream-map.ts";
import { isSharedFilter } from "./topic-filter.ts";

/** Follows who is subscribed to what, as far as it is proven: from `eligible` to the end of the session. */
export interface Subscriptions {
  see(entry: HistoryEntry): void;
  /**
   * The actors that are eligible for a topic now with at least the given QoS, and whether their session outlives the
   * connection. Members of shared subscriptions are left out: no single one of them is owed a message.
   */
  eligibleFor(topic: string, qos: QoS): ReadonlyMap<string, { readonly persistent: boolean }>;
}

interface Subscription {
  readonly actor: string;
  qos: QoS;
  persistent: boolean;
  /** False after the connection ended that carried the session. */
  active: boolean;
}

/** Nobody is subscribed yet. */
export function createSubscriptions(): Subscriptions {
  const tree = createFilterTree<Subscription>();
  const byActor = new Map<string, Map<string, Subscription>>();

  return {
    see(entry) {
      if (entry.type === "eligible") {
        if (isSharedFilter(entry.filter)) return;
        const { actor, filter, qos, persistent } = entry;
        const byFilter = valueAt(byActor, actor, () => new Map<string, Subscription>());
        const known = byFilter.get(filter);
        const subscription = known ?? { actor, qos, persistent, active: true };
        Object.assign(subscription, { qos, persistent, active: true });
        if (known === undefined) {
          byFilter.set(filter, subscription);
          tree.add(filter, subscription);
        }
      } else if (entry.type === "state" && entry.from === "connected") {
        for (const subscription of byActor.get(entry.actor)?.values() ?? []) {
          if (!subscription.persistent) subscription.active = false;
        }
      }
    },
    eligibleFor(topic, qos) {
      const eligible = new Map<string, { readonly persistent: boolean }>();
      for (const subscription of tree.match(topic)) {
        if (!subscription.active || subscription.qos < qos) continue;
        // Of overlapping filters one that lasts is enough for the session to be owed the message.
        if (!eligible.get(subscription.actor)?.persistent) eligible.set(subscription.actor, subscription);
      }
      return eligible;
    },
  };
}
