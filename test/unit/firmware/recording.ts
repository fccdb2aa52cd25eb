import type { Connection } from "../../../src/connection/connection.ts";
import type { PublishOutcome } from "../../../src/connection/messages.ts";
import type { HistoryEntry, LifecycleState } from "../../../src/history/entry.ts";
import { createRecorder, type Recorder } from "../../../src/history/recorder.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

/** A recorder on a clock that stands still. */
export function createTestRecorder(): Recorder & {
  ofType<T extends HistoryEntry["type"]>(type: T): Extract<HistoryEntry, { type: T }>[];
} {
  const recorder = createRecorder(createManualClock());
  const ofType = <T extends HistoryEntry["type"]>(type: T) =>
    [...recorder.entries].filter((entry): entry is Extract<HistoryEntry, { type: T }> => entry.type === type);
  // Not spread, which would freeze the getter of its size.
  return Object.assign(recorder, { ofType });
}

/** A publish that reached the scripted connection and whose end the test decides. */
export interface SentPublish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  end(outcome: PublishOutcome): void;
}

/** A connection whose state and answers the test decides. */
export interface ScriptedConnection extends Connection {
  state: LifecycleState;
  epoch: number;
  readonly sent: SentPublish[];
  /** Set, every publish ends with it at once. */
  answer: PublishOutcome | undefined;
}

export function createScriptedConnection(): ScriptedConnection {
  const sent: SentPublish[] = [];
  const unused = () => {
    throw new Error("The script does not do that.");
  };
  return {
    state: "connected",
    epoch: 1,
    sent,
    answer: undefined,
    start() {},
    stop: async () => {},
    cutPower: async () => {},
    publish(topic, payload, { qos }, onOutcome) {
      sent.push({ topic, payload: Buffer.from(payload), qos, end: onOutcome });
      if (this.answer) onOutcome(this.answer);
    },
    subscribe: unused,
    unsubscribe: unused,
    snapshot: unused,
  };
}
