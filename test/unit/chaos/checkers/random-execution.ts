import fc from "fast-check";
import type { FaultEffect, HistoryEntry, QoS } from "../../../../src/history/entry.ts";
import {
  at,
  type BuiltHistory,
  connected,
  delivery,
  device,
  drained,
  dropped,
  fault,
  gap,
  headerWith,
  historyOf,
  logged,
  lost,
  type Part,
  phase,
  processed,
  publish,
  settings,
  state,
  stored,
  subscribed,
} from "../../../helpers/history-builder.ts";

/** What may happen next in a run of correct devices and a correct broker. */
export type Step =
  | {
      readonly kind: "publish";
      readonly source: string;
      readonly qos: QoS;
      readonly fate: "ok" | "info-taken" | "info-lost" | "fail";
      readonly endsLater: boolean;
    }
  | { readonly kind: "deliver"; readonly receiver: string; readonly count: number }
  | { readonly kind: "repeat" | "leave" | "return"; readonly receiver: string }
  | {
      readonly kind: "outage";
      readonly effect: FaultEffect;
      readonly noticedAfterMs: number;
      readonly lastsMs: number;
      readonly backAfterMs: number;
    }
  | { readonly kind: "log" | "process" | "store" | "send"; readonly count: number }
  | { readonly kind: "gap" | "drop" };

const receiver = fc.constantFrom("backend", "archive", "watcher");
const few = fc.integer({ min: 1, max: 4 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      source: fc.constantFrom("meter-1", "meter-2"),
      qos: fc.constantFrom<QoS>(0, 1, 2),
      fate: fc.constantFrom("ok", "ok", "info-taken", "info-lost", "fail"),
      endsLater: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("deliver" as const), receiver, count: few }) },
  fc.record({ kind: fc.constantFrom("repeat", "leave", "return"), receiver }),
  fc.record({
    kind: fc.constant("outage" as const),
    effect: fc.constantFrom<FaultEffect>("severs", "cuts", "silences", "delays"),
    noticedAfterMs: fc.integer({ min: 1, max: settings.heartbeatTimeoutMs }),
    lastsMs: fc.integer({ min: 10, max: 20_000 }),
    backAfterMs: fc.integer({ min: 10, max: settings.handshakeTimeoutMs + settings.backoffLongestMs }),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("log", "process", "store", "send"), count: few }),
  },
  fc.record({ kind: fc.constantFrom("gap", "drop") }),
);

export const steps = fc.array(step, { maxLength: 60 });

interface Queued {
  readonly source: string;
  readonly sequence: number;
  readonly qos: QoS;
}

interface Session {
  readonly granted: QoS;
  readonly persistent: boolean;
  isConnected: boolean;
  queue: Queued[];
  last: Queued | undefined;
}

/**
 * Plays the steps with a correct broker and correct devices; steps that are not possible are skipped. Begins with a few
 * messages of every kind, so that every mutation finds something, and ends with a complete drain.
 */
export function play(plan: readonly Step[]): BuiltHistory {
  const entries: HistoryEntry[] = [];
  const sessions = new Map<string, Session>();
  const published = new Map<string, number>();
  const uplink: number[] = [];
  let endings: Part[] = [];
  let nowMs = 0;
  let faults = 0;
  let storedCount = 0;
  let head = 0;
  let tail = 0;

  function emit(...parts: readonly Part[]): void {
    const more = historyOf(at(nowMs, ...parts)).entries;
    entries.push(...more);
    nowMs = Math.ceil(more.at(-1)?.atMs ?? nowMs) + 1;
  }

  function join(name: string, granted: QoS, persistent: boolean): void {
    emit(connected(name), subscribed(name, "#", { qos: granted, persistent }));
    sessions.set(name, { granted, persistent, isConnected: true, queue: [], last: undefined });
  }

  function send({ source, qos, fate, endsLater }: Extract<Step, { kind: "publish" }>): void {
    const sequence = (published.get(source) ?? 0) + 1;
    published.set(source, sequence);
    const part = publish(source, sequence, { qos });
    emit(part.began);
    if (fate === "ok" || fate === "info-taken") {
      for (const { granted, isConnected, persistent, queue } of sessions.values()) {
        const lower = Math.min(granted, qos) as QoS;
        if (isConnected || (persistent && lower > 0)) queue.push({ source, sequence, qos: lower });
      }
    }
    const ending = { ok: part.acked, fail: part.failed, "info-taken": part.gaveUp, "info-lost": part.gaveUp }[
      fate
    ];
    const atQos = qos === 0 ? part.gaveUp : ending;
    if (endsLater) endings.push(atQos);
    else emit(atQos);
  }

  function deliver(name: string, count: number): void {
    const session = sessions.get(name);
    if (!session?.isConnected) return;
    for (const message of session.queue.splice(0, count)) {
      emit(delivery(name, message.sequence, { from: message.source, qos: message.qos }));
      session.last = message;
    }
  }

  function repeat(name: string): void {
    const session = sessions.get(name);
    const last = session?.last;
    if (session?.isConnected && last?.qos === 1) {
      emit(delivery(name, last.sequence, { from: last.source, qos: 1, dup: true }));
    }
  }

  function leave(name: string): void {
    const session = sessions.get(name);
    if (!session?.isConnected) return;
    session.isConnected = false;
    if (!session.persistent) session.queue = [];
    session.last = undefined;
    emit(lost(name));
  }

  function comeBack(name: string): void {
    const session = sessions.get(name);
    if (session === undefined || session.isConnected) return;
    session.isConnected = true;
    emit(connected(name));
    if (!session.persistent) emit(subscribed(name, "#", { qos: session.granted, persistent: false }));
  }

  function outage({ effect, noticedAfterMs, lastsMs, backAfterMs }: Extract<Step, { kind: "outage" }>): void {
    faults += 1;
    const parameters = effect === "delays" ? { roundTripMs: 5000 } : {};
    const disturbance = fault(faults, effect, { parameters });
    emit(disturbance.put);
    const noticeMs = nowMs + (effect === "silences" || effect === "delays" ? noticedAfterMs : 1);
    const cause = effect === "silences" || effect === "delays" ? "heartbeatTimedOut" : "connectionLost";
    nowMs = noticeMs;
    emit(lost("meter-1", cause), state("meter-1", "disconnected", "backingOff", { attempt: 0 }));
    nowMs += lastsMs;
    emit(
      disturbance.taken,
      at(nowMs + backAfterMs, state("meter-1", "backingOff", "connecting"), connected("meter-1")),
    );
    nowMs += 10_000;
  }

  function log(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      head += 1;
      emit(logged("meter-1", head));
    }
  }

  function process(count: number): void {
    for (let left = count; left > 0 && tail < head; left -= 1) {
      tail += 1;
      emit(processed("meter-1", tail));
    }
  }

  function skip(): void {
    if (tail === head) return;
    emit(gap("meter-1", tail + 1, head));
    tail = head;
  }

  function store(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      storedCount += 1;
      uplink.push(storedCount);
      emit(stored("logger", storedCount));
    }
  }

  function drainUplink(count: number): void {
    for (const sequence of uplink.splice(0, count)) {
      emit(publish("logger", sequence, { qos: 2 }).ok());
      for (const { granted, persistent, isConnected, queue } of sessions.values()) {
        if (isConnected || persistent) queue.push({ source: "logger", sequence, qos: granted });
      }
    }
  }

  function drop(): void {
    const oldest = uplink.shift();
    if (oldest !== undefined) emit(dropped("logger", oldest));
  }

  function take(next: Step): void {
    emit(...endings.splice(0));
    switch (next.kind) {
      case "publish":
        send(next);
        break;
      case "deliver":
        deliver(next.receiver, next.count);
        break;
      case "repeat":
        repeat(next.receiver);
        break;
      case "leave":
        leave(next.receiver);
        break;
      case "return":
        comeBack(next.receiver);
        break;
      case "outage":
        outage(next);
        break;
      case "log":
        log(next.count);
        break;
      case "process":
        process(next.count);
        break;
      case "gap":
        skip();
        break;
      case "store":
        store(next.count);
        break;
      case "send":
        drainUplink(next.count);
        break;
      case "drop":
        drop();
        break;
    }
  }

  emit(phase("warm-up"), device("meter-1"), device("meter-2", "link-2"), connected("meter-1"));
  join("backend", 2, true);
  join("archive", 1, true);
  join("watcher", 1, false);
  emit(phase("storm"));
  for (const qos of [1, 1, 2, 2] as const) {
    send({ kind: "publish", source: "meter-1", qos, fate: "ok", endsLater: false });
  }
  deliver("backend", 4);
  take({ kind: "log", count: 3 });
  process(3);
  for (const each of plan) take(each);
  emit(...endings.splice(0), phase("drain"));
  endings = [];
  drainUplink(uplink.length);
  for (const name of sessions.keys()) {
    comeBack(name);
    deliver(name, Number.POSITIVE_INFINITY);
  }
  process(head - tail);
  emit(drained(), phase("stop"));
  return { header: headerWith(), entries };
}
