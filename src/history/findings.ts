import { maxOffenders, type Offender } from "./checker.ts";

/** The offenders of one judge: the first ones are kept, all are counted. */
export interface Findings {
  /**
   * Counts an offender. `order` says where in the history it belongs (any number that grows with the history); the
   * offender is only made when it is among the first ones.
   */
  add(order: number, make: () => Offender): void;
  readonly count: number;
  /** The first offenders by order, at most `maxOffenders`. */
  readonly offenders: readonly Offender[];
}

/** No offenders yet. */
export function createFindings(): Findings {
  const kept: { readonly order: number; readonly offender: Offender }[] = [];
  let count = 0;
  return {
    add(order, make) {
      count += 1;
      const last = kept.at(-1);
      if (kept.length === maxOffenders && last !== undefined && last.order <= order) return;
      const at = kept.findIndex((other) => other.order > order);
      kept.splice(at === -1 ? kept.length : at, 0, { order, offender: make() });
      kept.splice(maxOffenders);
    },
    get count() {
      return count;
    },
    get offenders() {
      return kept.map((each) => each.offender);
    },
  };
}

/** A number with its noun: `1 message`, `2 messages`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
