import type { Offender } from "./checker.ts";
import type { FaultEntry, HistoryEntry, MessageId, StateEntry } from "./entry.ts";
import { createExcerpt } from "./excerpt.ts";
import { createLinkFaults } from "./link-faults.ts";

/** Gathers what happened around one offender. */
export interface TimelineCollector {
  readonly offender: Offender;
  /** The actors whose entries it wants to see, besides those that name no actor. */
  readonly actors: ReadonlySet<string>;
  see(entry: HistoryEntry): void;
  gathered(): { readonly entries: readonly HistoryEntry[]; readonly omitted: number };
}

/**
 * Makes the collector of an offender. Its window opens with `fromMs` or the first entry of its message, whichever is
 * first, and closes after `untilMs`. When there is too much, the entries of the message come before those around it, and
 * the first and last before those between.
 */
export function createTimelineCollector(offender: Offender, maxEntries: number): TimelineCollector {
  const { message, related = [], actor, logId, fromMs, untilMs = Number.POSITIVE_INFINITY } = offender;
  const messages = [...(message === undefined ? [] : [message]), ...related];
  const actors = new Set([...messages.map(({ source }) => source), ...(actor === undefined ? [] : [actor])]);
  // Half for the message itself, half for what was around it.
  const share = Math.floor(maxEntries / 4);
  const core = createExcerpt<Placed>({ head: share, tail: share });
  const around = createExcerpt<Placed>({ head: share, tail: maxEntries - 3 * share });
  const ops = new Set<number>();
  const faults = createLinkFaults();
  const before = { states: new Map<string, StateEntry>(), faults: new Map<number, FaultEntry>() };
  const topics = new Set<string>();
  const isAboutTime = message === undefined && logId === undefined;
  const isWithoutSubject = message === undefined && logId === undefined && fromMs === undefined;
  let isOpen = false;
  let isStopping = false;
  let place = 0;

  function isCore(entry: HistoryEntry): boolean {
    switch (entry.type) {
      case "invoke":
        if (entry.action !== "publish" || !isAbout(entry.message)) return false;
        ops.add(entry.op);
        topics.add(entry.topic);
        return true;
      case "ok":
      case "fail":
      case "info":
      case "completed":
        return ops.has(entry.op);
      case "delivery":
        // What cannot be read on the message's topic may have been the message.
        return entry.message === null ? topics.has(entry.topic) : isAbout(entry.message);
      case "uplink":
        return isAbout(entry.message);
      case "logged":
        return entry.device === actor && entry.id === logId;
      case "processed":
        return entry.actor === actor && entry.id === logId;
      case "gap":
        return logId !== undefined && entry.actor === actor && entry.fromId <= logId && logId <= entry.toId;
      default:
        return false;
    }
  }

  function isAround(entry: HistoryEntry): boolean {
    switch (entry.type) {
      case "state":
        return isTelling(entry);
      case "fault":
        return touches(entry);
      case "phase":
        return isWithoutSubject;
      case "note":
        return isWithoutSubject || entry.note === "interrupted" || entry.note === "method-failed";
      case "broker":
      case "drained":
      case "stalled":
        return true;
      case "invoke":
        return logId !== undefined && entry.action === "resume";
      case "ok":
      case "fail":
      case "info":
        return logId !== undefined && entry.action === "resume";
      default:
        return false;
    }
  }

  /** To a message it is all one when a device tries again: what came of the attempt says enough. */
  function isTelling({ actor: who, to, cause }: StateEntry): boolean {
    return actors.has(who) && (isAboutTime || to !== "connecting" || cause !== "backoffElapsed");
  }

  const isAbout = (id: MessageId | null) => messages.some((each) => isSame(id, each));

  function touches({ links }: FaultEntry): boolean {
    return [...actors].some((each) => links.includes(faults.linkOf(each) ?? ""));
  }

  /** Keeps the situation that the window will open in. */
  function remember(entry: HistoryEntry): void {
    if (entry.type === "state" && isTelling(entry)) before.states.set(entry.actor, entry);
    else if (entry.type === "fault" && touches(entry)) {
      if (entry.stage === "healed") before.faults.delete(entry.id);
      else before.faults.set(entry.id, entry);
    }
  }

  function open(): void {
    isOpen = true;
    const situation = [...before.states.values(), ...before.faults.values()];
    situation.sort((one, other) => one.atMs - other.atMs);
    for (const entry of situation) around.add({ place: nextPlace(), entry });
  }

  const nextPlace = () => {
    place += 1;
    return place;
  };

  return {
    offender,
    actors,
    see(entry) {
      if (entry.type === "device") faults.see(entry);
      const belongs = isCore(entry);
      if (!isOpen && (belongs || isWithoutSubject || (fromMs !== undefined && entry.atMs >= fromMs))) open();
      if (!isOpen) remember(entry);
      else if (belongs) core.add({ place: nextPlace(), entry });
      else if (!isStopping && entry.atMs <= untilMs && isAround(entry))
        around.add({ place: nextPlace(), entry });
      // The end of the run is no part of any story.
      if (entry.type === "phase" && entry.phase === "stop") isStopping = true;
    },
    gathered() {
      const placed = [...core.items, ...around.items].sort((one, other) => one.place - other.place);
      const entries = withoutPreludes(placed.map(({ entry }) => entry));
      return { entries, omitted: core.omitted + around.omitted };
    },
  };
}

/** An entry and where it stands in the timeline. */
interface Placed {
  readonly place: number;
  readonly entry: HistoryEntry;
}

/** An injection or a cure that nothing came between takes one line, not two. */
function withoutPreludes(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  return entries.filter((entry, index) => {
    const next = entries[index + 1];
    const isPrelude = entry.type === "fault" && (entry.stage === "injecting" || entry.stage === "healing");
    return !(isPrelude && next?.type === "fault" && next.id === entry.id);
  });
}

function isSame(one: MessageId | null, other: MessageId): boolean {
  return (
    one !== null &&
    one.sequence === other.sequence &&
    one.source === other.source &&
    one.stream === other.stream
  );
}
