/** What the application of one device saw, in order. */
export type Seen =
  | { readonly type: "processed"; readonly id: number; readonly checksum: number }
  | { readonly type: "gap"; readonly from: number; readonly to: number };

/** What the service put on one device's topics, in order. */
export type Sent =
  | { readonly type: "requested"; readonly authentic: boolean }
  | { readonly type: "refused"; readonly code: string }
  | { readonly type: "granted" }
  | { readonly type: "message"; readonly id: number; readonly via: "live" | "replay" };

export interface Truth {
  /** The checksums of the logged messages: the first has id 1. */
  readonly logged: readonly number[];
  /** The oldest id that the log still holds. */
  readonly oldest: number;
}

/** What is wrong at the application: every logged id is processed once, in order, or reported as gone; nothing else. */
export function judgeSeen(truth: Truth, seen: readonly Seen[]): string[] {
  const problems: string[] = [];
  let last = 0;
  for (const event of seen) {
    const from = event.type === "gap" ? event.from : event.id;
    if (from <= last) problems.push(`${event.type} ${from} again or out of order`);
    if (from > last + 1) problems.push(`${last + 1} … ${from - 1} skipped in silence`);
    if (event.type === "gap" && event.to >= truth.oldest)
      problems.push(`gap up to ${event.to} is in the log`);
    if (event.type === "processed" && truth.logged[event.id - 1] !== event.checksum)
      problems.push(`${event.id} has another body`);
    last = Math.max(last, event.type === "gap" ? event.to : event.id);
  }
  if (last < truth.logged.length) problems.push(`${last + 1} … ${truth.logged.length} never processed`);
  if (last > truth.logged.length) problems.push(`${last} was never logged`);
  return problems;
}

/** What is wrong on the wire: a forged request is answered by one code alone, and each replay runs upwards without a hole. */
export function judgeSent(sent: readonly Sent[]): string[] {
  const problems: string[] = [];
  let replayed: number | null = null;
  sent.forEach((event, index) => {
    const next = sent[index + 1]?.type ?? "nothing";
    if (event.type === "requested" && !event.authentic && next !== "refused")
      problems.push(`a forged request got ${next}`);
    if (event.type === "granted") replayed = null;
    if (event.type !== "message" || event.via !== "replay") return;
    if (replayed !== null && event.id !== replayed + 1)
      problems.push(`replay went from ${replayed} to ${event.id}`);
    replayed = event.id;
  });
  return problems;
}
