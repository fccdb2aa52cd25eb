/**
 * A set of sequence numbers that costs as much as it has holes.
 *
 * Messages arrive nearly in order, so the members form few runs; each run is kept as its first and last number.
 */
export interface SequenceSet {
  has(sequence: number): boolean;
  /** Adds the number; false when it was a member already. */
  add(sequence: number): boolean;
  /** How many members there are. */
  readonly size: number;
}

interface Run {
  first: number;
  last: number;
}

/** An empty set. Numbers are integers, in any order. */
export function createSequenceSet(): SequenceSet {
  const runs: Run[] = [];
  let size = 0;

  /** The index of the last run that begins at or before the number, or -1. */
  const indexAt = (sequence: number): number => {
    let low = 0;
    let high = runs.length - 1;
    // Most questions are about the newest run.
    if (high >= 0 && sequence >= firstOf(high)) return high;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (firstOf(middle) <= sequence) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  };
  const firstOf = (index: number): number => runs[index]?.first ?? Number.POSITIVE_INFINITY;

  return {
    has(sequence) {
      const run = runs[indexAt(sequence)];
      return run !== undefined && sequence <= run.last;
    },
    add(sequence) {
      const index = indexAt(sequence);
      const before = runs[index];
      if (before !== undefined && sequence <= before.last) return false;
      const after = runs[index + 1];
      const joinsBefore = before !== undefined && before.last === sequence - 1;
      const joinsAfter = after !== undefined && after.first === sequence + 1;
      if (joinsBefore && joinsAfter) {
        before.last = after.last;
        runs.splice(index + 1, 1);
      } else if (joinsBefore) before.last = sequence;
      else if (joinsAfter) after.first = sequence;
      else runs.splice(index + 1, 0, { first: sequence, last: sequence });
      size += 1;
      return true;
    },
    get size() {
      return size;
    },
  };
}
