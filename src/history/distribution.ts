import { describeSpan } from "./time-words.ts";

/** Times in milliseconds, summed up for a verdict's counts. */
export interface Distribution {
  add(valueMs: number): void;
  readonly count: number;
  /** `medianMs`, `p99Ms` and `maxMs` (nearest rank, rounded to a microsecond); empty when there is no value. */
  summary(): Readonly<Record<string, number>>;
  /** The same in words: `median 0.9 s, P99 2.1 s, max 2.2 s`. */
  describe(): string;
}

/** No values yet. Keeps eight bytes for each. */
export function createDistribution(): Distribution {
  const values: number[] = [];
  const ranks = (...shares: readonly number[]) => {
    const sorted = Float64Array.from(values).sort();
    return shares.map((share) => rank(sorted, share));
  };
  return {
    add(valueMs) {
      values.push(valueMs);
    },
    get count() {
      return values.length;
    },
    summary() {
      if (values.length === 0) return {};
      const [medianMs = 0, p99Ms = 0, maxMs = 0] = ranks(0.5, 0.99, 1);
      return { medianMs, p99Ms, maxMs };
    },
    describe() {
      const [median = 0, p99 = 0, max = 0] = ranks(0.5, 0.99, 1);
      return `median ${describeSpan(median)}, P99 ${describeSpan(p99)}, max ${describeSpan(max)}`;
    },
  };
}

function rank(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(value * 1000) / 1000;
}
