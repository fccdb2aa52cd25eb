/** Topic filters with a value each, arranged so that a topic finds its filters without trying all of them. */
export interface FilterTree<Value> {
  add(filter: string, value: Value): void;
  /** The values of all filters that match the topic, by the rules of `matchesTopic`. */
  match(topic: string): Value[];
}

interface Level<Value> {
  readonly values: Value[];
  readonly next: Map<string, Level<Value>>;
}

/** An empty tree. Shared subscriptions do not belong in it. */
export function createFilterTree<Value>(): FilterTree<Value> {
  const root = emptyLevel<Value>();
  return {
    add(filter, value) {
      let level = root;
      for (const name of filter.split("/")) {
        const next = level.next.get(name) ?? emptyLevel<Value>();
        level.next.set(name, next);
        level = next;
      }
      level.values.push(value);
    },
    match(topic) {
      const found: Value[] = [];
      collect(root, topic.split("/"), 0, found);
      return found;
    },
  };
}

function emptyLevel<Value>(): Level<Value> {
  return { values: [], next: new Map() };
}

function collect<Value>(level: Level<Value>, names: readonly string[], depth: number, found: Value[]): void {
  // Wildcards at the first level leave the broker's own topics alone [MQTT-4.7.2-1].
  const wildcards = depth > 0 || !names[0]?.startsWith("$");
  if (wildcards) found.push(...(level.next.get("#")?.values ?? []));
  const name = names[depth];
  if (name === undefined) {
    found.push(...level.values);
    return;
  }
  const exact = level.next.get(name);
  if (exact !== undefined) collect(exact, names, depth + 1, found);
  const plus = wildcards ? level.next.get("+") : undefined;
  if (plus !== undefined && name !== "+") collect(plus, names, depth + 1, found);
}
