import type { FaultEffect, FaultEntry, HistoryEntry } from "./entry.ts";
import { valueAt } from "./stream-map.ts";

/** A fault on a link. Its effect lies within `fromMs … untilMs`. */
export interface LinkFault {
  readonly id: number;
  readonly fault: string;
  readonly effect: FaultEffect;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** When it began to be put in. */
  readonly fromMs: number;
  /** When it was out; infinite while it is in. */
  readonly untilMs: number;
}

/** Follows which device is on which link, and which faults are on the links. */
export interface LinkFaults {
  see(entry: HistoryEntry): void;
  /** The link of a device; undefined for actors that are past every link. */
  linkOf(actor: string): string | undefined;
  /** The faults that are on the link now. */
  active(link: string): readonly LinkFault[];
  /**
   * The faults that were on the link at any time from `sinceMs` until now. Older ones are forgotten, so ask with a
   * start that does not go back.
   */
  since(link: string, sinceMs: number): readonly LinkFault[];
}

/** No link has a fault yet. */
export function createLinkFaults(): LinkFaults {
  const linkByActor = new Map<string, string>();
  const faultsByLink = new Map<string, LinkFault[]>();

  function note(entry: FaultEntry): void {
    for (const link of entry.links) {
      const faults = valueAt(faultsByLink, link, () => []);
      if (entry.stage === "injecting") {
        const { id, fault, effect, parameters, atMs } = entry;
        faults.push({ id, fault, effect, parameters, fromMs: atMs, untilMs: Number.POSITIVE_INFINITY });
      } else if (entry.stage === "healed" && entry.error === undefined) {
        const at = faults.findIndex(({ id }) => id === entry.id);
        const fault = faults[at];
        if (fault !== undefined) faults[at] = { ...fault, untilMs: entry.atMs };
      }
    }
  }

  return {
    see(entry) {
      if (entry.type === "device") linkByActor.set(entry.actor, entry.link);
      else if (entry.type === "fault") note(entry);
    },
    linkOf: (actor) => linkByActor.get(actor),
    active: (link) =>
      (faultsByLink.get(link) ?? []).filter(({ untilMs }) => untilMs === Number.POSITIVE_INFINITY),
    since(link, sinceMs) {
      const faults = (faultsByLink.get(link) ?? []).filter(({ untilMs }) => untilMs >= sinceMs);
      faultsByLink.set(link, faults);
      return faults;
    },
  };
}
