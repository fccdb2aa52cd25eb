import { createUplinkStore, type UplinkPolicy } from "../compensation/uplink-store.ts";
import type { Recorder } from "../history/recorder.ts";
import type { OutgoingMessage, PublishEnd, Publisher } from "./publisher.ts";

/**
 * The way to the broker for messages that must not be lost: through a bounded store that drains in order whenever there
 * is a connection.
 */
export interface Uplink {
  /** Takes a message in, and sends it at once when there is a connection and room in the window. */
  put(message: OutgoingMessage): void;
  /** Sends what the window has room for; call when the connection is back. */
  drain(): void;
  /** Messages that were not acknowledged yet. */
  readonly pending: number;
}

export interface UplinkOptions {
  readonly actor: string;
  readonly recorder: Recorder;
  readonly publisher: Publisher;
  readonly isConnected: () => boolean;
  readonly store: UplinkStoreSettings;
}

export interface UplinkStoreSettings {
  /** How many messages are kept at most. */
  readonly capacity: number;
  /** Which one is given up when it is full. */
  readonly policy: UplinkPolicy;
  /** How many are on their way at once. */
  readonly windowMessages: number;
}

/** Room for a quarter of an hour at one message a second; the newest data is worth most. */
export const defaultUplinkStore: UplinkStoreSettings = {
  capacity: 1000,
  policy: "oldest",
  windowMessages: 16,
};

export function createUplink({
  actor,
  recorder,
  publisher,
  isConnected,
  store: settings,
}: UplinkOptions): Uplink {
  const store = createUplinkStore<OutgoingMessage>({
    ...settings,
    onDropped: ({ message }, policy) =>
      recorder.record({ type: "uplink", actor, event: "dropped", message, policy }),
  });

  /** What the broker or the connection certainly did not take; it stays in the window, and goes first next time. */
  let refused = new Map<number, OutgoingMessage>();

  function drain(): void {
    if (!isConnected()) return;
    const again = [...refused].sort(([one], [other]) => one - other);
    refused = new Map();
    for (const [id, message] of again) send(id, message);
    for (const { id, message } of store.nextWindow()) send(id, message);
  }

  function send(id: number, message: OutgoingMessage): void {
    publisher.send(message, (end) => onEnd(id, message, end));
  }

  function onEnd(id: number, message: OutgoingMessage, end: PublishEnd): void {
    if (end === "taken") {
      store.acknowledge(id);
      drain();
    } else if (end === "refused") {
      // It certainly did not take effect, so it may be sent again under the same identity: with the next message or
      // the next connection, not at once, which could go on for ever. The rest of the window is still on its way and
      // must not be sent twice.
      refused.set(id, message);
    }
    // Unknown: the connection was given up for good; the entry stays in flight and counts as pending.
  }

  return {
    put(message) {
      recorder.record({ type: "uplink", actor, event: "stored", message: message.message });
      store.add(message);
      drain();
    },
    drain,
    get pending() {
      return store.size;
    },
  };
}
