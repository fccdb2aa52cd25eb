import type { Clock, TimerHandle } from "../time/clock.ts";

export interface HeartbeatTiming {
  /** How often a heartbeat is sent, in milliseconds. Default 5,000. */
  readonly intervalMs: number;
  /** Without any answer for so long the connection counts as dead, in milliseconds; above intervalMs. Default 15,000. */
  readonly timeoutMs: number;
}

export const defaultHeartbeatTiming: HeartbeatTiming = { intervalMs: 5_000, timeoutMs: 15_000 };

export type HeartbeatEvent =
  | { readonly kind: "sent" }
  | { readonly kind: "answered"; readonly roundTripMs: number }
  | { readonly kind: "missed" };

export interface HeartbeatEffects {
  /** Sends one heartbeat; `onAnswered` is to be called when its answer comes. */
  send(onAnswered: () => void): void;
  onEvent(event: HeartbeatEvent): void;
  /** The first answer since the start. */
  onProven(): void;
}

export interface Heartbeat {
  /** Sends the first heartbeat at once. */
  start(): void;
  /** Ends all timers; answers that come later are ignored. Safe to call twice. */
  stop(): void;
}

/**
 * The application heartbeat of one connection at a time; MQTT's PINGREQ is a separate thing.
 *
 * The rule: a heartbeat goes out at the start and every `intervalMs`; a connection is dead (`missed`, once) when no
 * heartbeat was answered for `timeoutMs` since the last answer, or since the start. The deadline is armed anew at each
 * answer. It follows, with lag being the sum of how late this process runs its timers:
 *
 * - a dead link is noticed at most timeoutMs + lag after its last answer, and not earlier than timeoutMs after it;
 * - there is no false alarm while every round trip takes less than timeoutMs − intervalMs, not even on a process that
 *   runs late or stands still: an unanswered heartbeat is always given that long in time in which this process ran, and
 *   answers that have arrived are read first.
 */
export function createHeartbeat(clock: Clock, timing: HeartbeatTiming, effects: HeartbeatEffects): Heartbeat {
  const patienceMs = timing.timeoutMs - timing.intervalMs;
  /** When the heartbeats that wait for an answer were sent, oldest first; at most timeoutMs / intervalMs + 1. */
  let unanswered: { readonly sentAtMs: number }[] = [];
  let interval: TimerHandle;
  let deadline: TimerHandle;
  let lastLook: TimerHandle;
  let running = false;
  let proven = false;

  function beat(): void {
    const sent = { sentAtMs: clock.monotonicMs() };
    unanswered.push(sent);
    effects.onEvent({ kind: "sent" });
    effects.send(() => answered(sent));
  }

  function answered(sent: { readonly sentAtMs: number }): void {
    const index = unanswered.indexOf(sent);
    if (index === -1) return;
    // Answers come in order: whoever answers the third will not answer the second any more.
    unanswered.splice(0, index + 1);
    armDeadline(timing.timeoutMs);
    effects.onEvent({ kind: "answered", roundTripMs: clock.monotonicMs() - sent.sentAtMs });
    if (proven) return;
    proven = true;
    effects.onProven();
  }

  function armDeadline(delayMs: number): void {
    clock.clearTimeout(deadline);
    clock.clearImmediate(lastLook);
    deadline = clock.setTimeout(() => {
      // Timers run before sockets are read: after a busy spell the answer may be waiting in the socket.
      lastLook = clock.setImmediate(decide);
    }, delayMs);
  }

  /** How long the oldest unanswered heartbeat has waited. A spell without beats counts as one interval: nothing ran. */
  function waitedMsOfOldest(): number {
    const newest = unanswered.at(-1);
    if (newest === undefined) return 0;
    return (unanswered.length - 1) * timing.intervalMs + clock.monotonicMs() - newest.sentAtMs;
  }

  function decide(): void {
    const waitedMs = waitedMsOfOldest();
    if (waitedMs < patienceMs) {
      armDeadline(patienceMs - waitedMs);
      return;
    }
    stop();
    effects.onEvent({ kind: "missed" });
  }

  function stop(): void {
    if (!running) return;
    running = false;
    unanswered = [];
    clock.clearInterval(interval);
    clock.clearTimeout(deadline);
    clock.clearImmediate(lastLook);
  }

  function start(): void {
    stop();
    running = true;
    proven = false;
    armDeadline(timing.timeoutMs);
    interval = clock.setInterval(beat, timing.intervalMs);
    beat();
  }

  return { start, stop };
}
