import type { DrainedEntry, HistoryEntry } from "./entry.ts";
import { createStreamMap } from "./stream-map.ts";

/**
 * How far a stream was drained towards a receiver.
 *
 * `complete`: what was published before has arrived or never will · `hit-bound`: the wait ended first, so more may be
 * on its way · `absent`: the run did not drain.
 */
export type DrainState = "complete" | "hit-bound" | "absent";

/** Follows the end of a run's streams, to tell what is lost from what is late. */
export interface DrainWatch {
  see(entry: HistoryEntry): void;
  /** True once the drain is over: what is published from then on was not waited for. */
  readonly over: boolean;
  /**
   * The state of one stream towards one receiver; without a receiver, towards all of them. With a sequence number, as
   * far as that message is concerned: a later sentinel of its stream that came shows that it should have come too.
   */
  stateOf(
    name: { readonly source: string; readonly stream: string; readonly sequence?: number },
    receiver?: string,
  ): DrainState;
}

/** Watches one history. */
export function createDrainWatch(): DrainWatch {
  // A sentinel that came late, after the bound, still shows that its stream is through.
  const newestArrived = createStreamMap(() => new Map<string, number>());
  const missing = createStreamMap(() => new Set<string>());
  let drained: DrainedEntry | undefined;
  return {
    see(entry) {
      if (entry.type === "delivery") {
        if (!entry.sentinel || entry.message === null) return;
        const newest = newestArrived.at(entry.message);
        newest.set(entry.actor, Math.max(newest.get(entry.actor) ?? 0, entry.message.sequence));
      } else if (entry.type === "drained") {
        drained = entry;
        for (const each of entry.missing) missing.at(each).add(each.receiver);
      }
    },
    get over() {
      return drained !== undefined;
    },
    stateOf(name, receiver) {
      if (drained === undefined) return "absent";
      const absentees = missing.find(name);
      if (absentees === undefined) return "complete";
      const late = receiver === undefined ? [...absentees] : absentees.has(receiver) ? [receiver] : [];
      const { sequence = 0 } = name;
      const isThrough = (each: string) => (newestArrived.find(name)?.get(each) ?? 0) > sequence;
      return late.every(isThrough) ? "complete" : "hit-bound";
    },
  };
}

/** Why the drain leaves a question open, as a clause. */
export function describeDrain(state: DrainState): string {
  if (state === "absent") return "the run did not drain";
  return state === "hit-bound" ? "the drain's bound was hit first" : "the drain was complete";
}
