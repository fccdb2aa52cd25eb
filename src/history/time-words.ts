/** A time of the run as timelines and sentences say it: `12.345 s`. */
export function describeTime(atMs: number): string {
  return `${(atMs / 1000).toFixed(3)} s`;
}

/** A length of time as people say it: `8 ms`, `0.3 s`, `12.0 s`. */
export function describeSpan(spanMs: number): string {
  return spanMs < 100 ? `${Math.round(spanMs)} ms` : `${(spanMs / 1000).toFixed(1)} s`;
}
