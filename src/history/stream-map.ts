/** What names a stream: who publishes on it, and which of its streams it is. */
interface StreamName {
  readonly source: string;
  readonly stream: string;
}

/** One value for each stream, made when it is first asked for. */
export interface StreamMap<Value> {
  /** The stream's value; made when there is none. */
  at(name: StreamName): Value;
  /** The stream's value, if there is one. */
  find(name: StreamName): Value | undefined;
  /** All values that were made, stream by stream. */
  values(): Iterable<Value>;
}

/** An empty map; `make` gives the value of a new stream. */
export function createStreamMap<Value>(make: () => Value): StreamMap<Value> {
  // Two small maps are faster than one with joined keys: no string is made on the way.
  const sources = new Map<string, Map<string, Value>>();
  return {
    find: (name) => sources.get(name.source)?.get(name.stream),
    at(name) {
      const streams = valueAt(sources, name.source, () => new Map<string, Value>());
      return valueAt(streams, name.stream, make);
    },
    *values() {
      for (const streams of sources.values()) yield* streams.values();
    },
  };
}

/** The value at a key of a map; made and kept when there is none. */
export function valueAt<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
