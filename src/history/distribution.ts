/** Times in milliseconds, summed up for a verdict's counts. */
export interface Distribution {
  add(valueMs: number): void;
  readonly count: number;
  /** `medianMs`, `p99Ms` and `maxMs` (nearest rank, rounded to a microsecond); empty when there is no value. */
  summary(): Readonly<Record<string, number>>;
}

/** No values yet. Keeps eight bytes for each. */
export function createDistribution(): Distribution {
  const values: number[] = [];
  return {
    add(valueMs) {
      values.push(valueMs);
    },
    get count() {
      return values.length;
    },
    summary() {
      if (values.length === 0) return {};
      const sorted = Float64Array.from(values).sort();
      return { medianMs: rank(sorted, 0.5), p99Ms: rank(sorted, 0.99), maxMs: rank(sorted, 1) };
    },
  };
}

function rank(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(value * 1000) / 1000;
}
