import type { Clock, TimerHandle } from "../time/clock.ts";
import type { LoggedMessage, MessageLog } from "./message-log.ts";
import type { Gap } from "./protocol.ts";

/** One device's way through its log, from the message after the one it processed last up to the newest. */
export interface Replay {
  readonly device: string;
  readonly requestId: string;
  readonly traceId: string;
  /** The newest id when the device asked; what comes after it is sent for the first time. */
  readonly headAtRequest: number;
  /** The next id to send. */
  cursor: number;
}

export interface ReplayQueueOptions {
  readonly clock: Clock;
  readonly log: MessageLog;
  /** How many messages are sent between two turns of the event loop, for all devices together. */
  readonly chunkMessages: number;
  readonly send: (replay: Replay, message: LoggedMessage) => void;
  /** Messages were forgotten while the replay was on its way to them. */
  readonly onGap: (replay: Replay, gap: Gap) => void;
}

export interface ReplayQueue {
  /** Begins a replay; one that is under way for the same device is given up. */
  start(replay: Replay): void;
  /** The device's replay that is not yet at the end of its log. */
  running(device: string): Replay | undefined;
  stop(): void;
}

/** Sends replays a chunk at a time, devices taking turns, so that neither the event loop nor a small backlog waits for a large one. */
export function createReplayQueue(options: ReplayQueueOptions): ReplayQueue {
  const { clock, log } = options;
  const replays = new Map<string, Replay>();
  let turn: TimerHandle | null = null;

  function schedule(): void {
    if (turn === null && replays.size > 0) turn = clock.setImmediate(takeTurn);
  }

  function takeTurn(): void {
    turn = null;
    const [replay] = replays.values();
    if (replay === undefined) return;
    const more = advance(replay);
    if (isCurrent(replay)) {
      replays.delete(replay.device);
      if (more) replays.set(replay.device, replay);
    }
    schedule();
  }

  // Sending may come back here with the device's next request, which replaces this replay.
  const isCurrent = (replay: Replay) => replays.get(replay.device) === replay;

  function advance(replay: Replay): boolean {
    const oldest = log.oldest(replay.device);
    if (replay.cursor < oldest) {
      const gap = { from: replay.cursor, to: oldest - 1 };
      replay.cursor = oldest;
      options.onGap(replay, gap);
    }
    const chunk = log.read(replay.device, replay.cursor, options.chunkMessages);
    for (const message of chunk) {
      if (!isCurrent(replay)) return false;
      replay.cursor = message.id + 1;
      options.send(replay, message);
    }
    // An empty chunk before the end means that the log forgot these messages just now: the next turn tells of the gap.
    const forgotten = chunk.length === 0 && replay.cursor < log.oldest(replay.device);
    return forgotten || (chunk.length > 0 && replay.cursor <= log.head(replay.device));
  }

  return {
    start(replay) {
      replays.delete(replay.device);
      replays.set(replay.device, replay);
      schedule();
    },
    running: (device) => replays.get(device),
    stop() {
      replays.clear();
      if (turn !== null) clock.clearImmediate(turn);
      turn = null;
    },
  };
}
