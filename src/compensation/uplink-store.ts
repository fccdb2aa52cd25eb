/**
 * Which message a full store gives up: the `oldest` that waits, the `newest` (the one just offered), or the one of the
 * lowest `priority` (the older of equals).
 */
export type UplinkPolicy = "oldest" | "newest" | "priority";

export interface UplinkEntry<T> {
  /** Counts from 1 within the store, in the order of recording. */
  readonly id: number;
  readonly message: T;
  readonly priority: number;
}

export interface UplinkStoreOptions<T> {
  /** How many messages are kept, sent ones included; at least 1. */
  readonly capacity: number;
  readonly policy: UplinkPolicy;
  /** How many may be sent and not yet acknowledged. Default 16. */
  readonly windowMessages?: number;
  /** Hears of every message that is dropped. */
  readonly onDropped: (message: T, policy: UplinkPolicy) => void;
}

/** A device's own bounded store for what it has to say, online or not. */
export interface UplinkStore<T> {
  /** Records a message; null when the policy gave up this very one. A higher priority is kept longer. Default 0. */
  add(message: T, priority?: number): UplinkEntry<T> | null;
  /** The entries to send now, in order, as far as the window has room; they are in flight from now on. */
  nextWindow(): readonly UplinkEntry<T>[];
  /** The broker has it: the entry leaves the store. False when it left before (a repeated acknowledgement). */
  acknowledge(id: number): boolean;
  /** The connection is gone: what is in flight will be sent again, in its old place. Returns how many. */
  requeue(): number;
  /** How many are kept, in flight or waiting. */
  readonly size: number;
  readonly counts: UplinkCounts;
}

interface UplinkCounts {
  readonly waiting: number;
  readonly inFlight: number;
  readonly dropped: number;
  readonly acknowledged: number;
}

interface Slot<T> extends UplinkEntry<T> {
  state: "waiting" | "inFlight";
  /** Once sent, nobody can say that the message was dropped: it may have arrived. */
  everSent: boolean;
}

/**
 * Makes an uplink store. It never reorders: messages leave in the order of recording, less those that the policy
 * dropped. A message that was ever sent is not dropped any more, so that what is reported as dropped never arrives.
 *
 * Throws a RangeError when capacity or window is not a whole number of at least 1.
 *
 * @example
 * const store = createUplinkStore<Reading>({ capacity: 500, policy: "oldest", onDropped: (reading) => note(reading) });
 * store.add(reading);
 * for (const entry of store.nextWindow()) publish(entry.message).then(() => store.acknowledge(entry.id));
 */
export function createUplinkStore<T>(options: UplinkStoreOptions<T>): UplinkStore<T> {
  const { capacity, policy, windowMessages = 16, onDropped } = options;
  requirePositive("capacity", capacity);
  requirePositive("windowMessages", windowMessages);
  const slots = new Map<number, Slot<T>>();
  let lastId = 0;
  let inFlight = 0;
  let dropped = 0;
  let acknowledged = 0;

  function drop(entry: UplinkEntry<T>): void {
    slots.delete(entry.id);
    dropped += 1;
    onDropped(entry.message, policy);
  }

  return {
    add(message, priority = 0) {
      lastId += 1;
      const slot: Slot<T> = { id: lastId, message, priority, state: "waiting", everSent: false };
      slots.set(slot.id, slot);
      if (slots.size > capacity) drop(victimOf(policy, slots.values(), slot));
      return slots.has(slot.id) ? slot : null;
    },
    nextWindow() {
      const window: UplinkEntry<T>[] = [];
      for (const slot of slots.values()) {
        if (inFlight >= windowMessages) break;
        if (slot.state !== "waiting") continue;
        slot.state = "inFlight";
        slot.everSent = true;
        inFlight += 1;
        window.push(slot);
      }
      return window;
    },
    acknowledge(id) {
      const slot = slots.get(id);
      if (slot === undefined) return false;
      if (slot.state === "inFlight") inFlight -= 1;
      acknowledged += 1;
      return slots.delete(id);
    },
    requeue() {
      for (const slot of slots.values()) slot.state = "waiting";
      const requeued = inFlight;
      inFlight = 0;
      return requeued;
    },
    get size() {
      return slots.size;
    },
    get counts() {
      return { waiting: slots.size - inFlight, inFlight, dropped, acknowledged };
    },
  };
}

function victimOf<T>(policy: UplinkPolicy, slots: Iterable<Slot<T>>, newest: Slot<T>): Slot<T> {
  if (policy === "newest") return newest;
  let victim: Slot<T> | null = null;
  for (const slot of slots) {
    if (slot.everSent) continue;
    if (policy === "oldest") return slot;
    if (victim === null || slot.priority < victim.priority) victim = slot;
  }
  return victim ?? newest;
}

function requirePositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number ≥ 1.`);
}
