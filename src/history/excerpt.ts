/** Keeps the first and the last of many things, in order, and counts what lies between. */
export interface Excerpt<Item> {
  add(item: Item): void;
  readonly items: readonly Item[];
  readonly omitted: number;
}

/** An excerpt of at most `head + tail` items. */
export function createExcerpt<Item>({
  head,
  tail,
}: {
  readonly head: number;
  readonly tail: number;
}): Excerpt<Item> {
  const first: Item[] = [];
  const last: Item[] = [];
  let omitted = 0;
  return {
    add(item) {
      if (first.length < head) {
        first.push(item);
        return;
      }
      last.push(item);
      if (last.length <= tail) return;
      last.shift();
      omitted += 1;
    },
    get items() {
      return [...first, ...last];
    },
    get omitted() {
      return omitted;
    },
  };
}
