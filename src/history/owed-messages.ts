import { createDrainWatch, type DrainState } from "./drain.ts";
import type { DeliveryEntry, HistoryEntry, MessageId, OperationEnded, PublishInvoked } from "./entry.ts";
import { createStreamMap, valueAt } from "./stream-map.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** An acknowledged message that a receiver was owed and did not get. */
export interface MissingDelivery {
  readonly message: MessageId;
  readonly topic: string;
  readonly receiver: string;
  readonly invokedAtMs: number;
  readonly acknowledgedAtMs: number;
  /** Whether the wait for it was long enough to call it lost. */
  readonly drain: DrainState;
}

/** What became of the publishes that are followed. */
export interface OwedTotals {
  /** Publishes that ended `ok`. */
  readonly acknowledged: number;
  /** Publishes that ended `info`: nobody knows, so they are owed to nobody. */
  readonly unknown: number;
  /** Owed deliveries of acknowledged messages that came. */
  readonly delivered: number;
  /** Owed deliveries that were let off because the receiver's session ended with its connection. */
  readonly excused: number;
}

/** Keeps account of who is owed which acknowledged message. */
export interface OwedMessages {
  see(entry: HistoryEntry): void;
  readonly totals: OwedTotals;
  /** What is still owed after the last entry, in the order of publishing. */
  missing(): readonly MissingDelivery[];
}

/** One message that was published and is not settled yet. */
interface Debt {
  readonly message: MessageId;
  readonly topic: string;
  readonly invokedAtMs: number;
  /** The actors that have not got it. */
  readonly receivers: Set<string>;
  /** Publishes of it that have not ended: firmware may publish again what ended `info`. */
  openOps: number;
  delivered: number;
  acknowledgedAtMs: number | undefined;
  acknowledgedInTime: boolean;
}

/**
 * Follows publishes of at least the given QoS to the actors that were eligible for them at that QoS when they began.
 *
 * An actor is owed a message when the publish ended `ok` and the actor's session outlives its connections, or its
 * connection stayed up until the delivery. What is published after the drain is not followed: nobody waits for it.
 * Keeps what is not settled yet, and nothing of what is.
 */
export function createOwedMessages(qos: 1 | 2): OwedMessages {
  const drain = createDrainWatch();
  const subscriptions = createSubscriptions();
  const debts = createStreamMap(() => new Map<number, Debt>());
  const byOp = new Map<number, Debt>();
  /** What actors are owed only as long as their connection lasts. */
  const fragile = new Map<string, Set<Debt>>();
  const totals = { acknowledged: 0, unknown: 0, delivered: 0, excused: 0 };

  function publish(entry: PublishInvoked): void {
    if (entry.qos < qos || drain.over) return;
    const debt = valueAt(debts.at(entry.message), entry.message.sequence, () => owe(entry));
    debt.openOps += 1;
    byOp.set(entry.op, debt);
  }

  function owe({ message, topic, atMs }: PublishInvoked): Debt {
    const receivers = new Set<string>();
    const debt: Debt = {
      message,
      topic,
      invokedAtMs: atMs,
      receivers,
      openOps: 0,
      delivered: 0,
      acknowledgedAtMs: undefined,
      acknowledgedInTime: false,
    };
    for (const [actor, { persistent }] of subscriptions.eligibleFor(topic, qos)) {
      receivers.add(actor);
      if (!persistent) valueAt(fragile, actor, () => new Set<Debt>()).add(debt);
    }
    return debt;
  }

  function end({ type, op, atMs }: OperationEnded): void {
    const debt = byOp.get(op);
    if (debt === undefined) return;
    byOp.delete(op);
    debt.openOps -= 1;
    if (type === "info") totals.unknown += 1;
    if (type === "ok") {
      totals.acknowledged += 1;
      if (debt.acknowledgedAtMs === undefined) totals.delivered += debt.delivered;
      debt.acknowledgedAtMs ??= atMs;
      debt.acknowledgedInTime ||= !drain.over;
    }
    settle(debt);
  }

  function deliver({ actor, message }: DeliveryEntry): void {
    if (message === null) return;
    const debt = debts.find(message)?.get(message.sequence);
    if (!debt?.receivers.delete(actor)) return;
    fragile.get(actor)?.delete(debt);
    debt.delivered += 1;
    if (debt.acknowledgedAtMs !== undefined) totals.delivered += 1;
    settle(debt);
  }

  function letOff(actor: string): void {
    const owed = fragile.get(actor);
    if (owed === undefined) return;
    fragile.delete(actor);
    for (const debt of owed) {
      debt.receivers.delete(actor);
      totals.excused += 1;
      settle(debt);
    }
  }

  /** Forgets the debt once nothing that is still to come can change it. */
  function settle(debt: Debt): void {
    if (debt.openOps > 0 || (debt.acknowledgedAtMs !== undefined && debt.receivers.size > 0)) return;
    debts.find(debt.message)?.delete(debt.message.sequence);
    for (const actor of debt.receivers) fragile.get(actor)?.delete(debt);
  }

  function* unpaid(): Generator<MissingDelivery> {
    for (const open of debts.values()) {
      for (const {
        message,
        topic,
        receivers,
        invokedAtMs,
        acknowledgedAtMs,
        acknowledgedInTime,
      } of open.values()) {
        if (acknowledgedAtMs === undefined) continue;
        for (const receiver of receivers) {
          const state = drain.stateOf(message, receiver);
          // What was acknowledged after the drain was not waited for, whatever the sentinels say.
          const waited = state === "complete" && !acknowledgedInTime ? "hit-bound" : state;
          yield { message, topic, receiver, invokedAtMs, acknowledgedAtMs, drain: waited };
        }
      }
    }
  }

  return {
    totals,
    see(entry) {
      drain.see(entry);
      subscriptions.see(entry);
      if (entry.type === "invoke") {
        if (entry.action === "publish") publish(entry);
      } else if (entry.type === "ok" || entry.type === "fail" || entry.type === "info") end(entry);
      else if (entry.type === "delivery") deliver(entry);
      else if (entry.type === "state" && entry.from === "connected") letOff(entry.actor);
    },
    missing: () => [...unpaid()].sort((one, other) => one.invokedAtMs - other.invokedAtMs),
  };
}
