import { createUplinkStore, type UplinkPolicy } from "../compensation/uplink-store.ts";
import type { Recorder } from "../history/recorder.ts";
import type { OutgoingMessage, Publisher } from "./publisher.ts";

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

  function drain(): void {
    if (!isConnected()) return;
    for (const { id, message } of store.nextWindow()) publisher.send(message, (end) => onEnd(id, end));
  }

  function onEnd(id: number, end: "taken" | "refused" | "unknown"): void {
    if (end === "taken") {
      store.acknowledge(id);
      drain();
    } else if (end === "refused") {
      // It certainly did not take effect, so it may be sent again under the same identity: with the next message or
      // the next connection, not at once, which could go on for ever.
      store.requeue();
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
