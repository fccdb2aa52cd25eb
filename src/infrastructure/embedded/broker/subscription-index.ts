import type { QoS } from "mqtt-packet";

interface Level {
  readonly children: Map<string, Level>;
  readonly clients: Map<string, QoS>;
}

/**
 * Who is subscribed to what: a tree of topic levels. Wildcards match as MQTT 3.1.1 section 4.7 says, including empty
 * levels and the rule that a leading wildcard does not match a topic that begins with `$`.
 */
export class SubscriptionIndex {
  readonly #root = emptyLevel();

  add(filter: string, clientId: string, qos: QoS): void {
    let level = this.#root;
    for (const name of filter.split("/")) {
      const next = level.children.get(name) ?? emptyLevel();
      level.children.set(name, next);
      level = next;
    }
    level.clients.set(clientId, qos);
  }

  remove(filter: string, clientId: string): void {
    const path: [Level, string][] = [];
    let level = this.#root;
    for (const name of filter.split("/")) {
      const next = level.children.get(name);
      if (!next) return;
      path.push([level, name]);
      level = next;
    }
    level.clients.delete(clientId);
    for (const [parent, name] of path.reverse()) {
      const child = parent.children.get(name);
      if (child && child.clients.size + child.children.size === 0) parent.children.delete(name);
    }
  }

  /** The clients with a matching filter, each with the highest QoS among its matches [MQTT-3.3.5-1]. */
  match(topic: string): Map<string, QoS> {
    const found = new Map<string, QoS>();
    collect(this.#root, topic.split("/"), 0, found);
    return found;
  }
}

/** True when the filter matches the topic name; the same rules, for one filter. */
export function filterMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith("$") && (filter.startsWith("#") || filter.startsWith("+"))) return false;
  const names = topic.split("/");
  const wanted = filter.split("/");
  for (const [depth, name] of wanted.entries()) {
    if (name === "#") return true;
    if (depth >= names.length || (name !== "+" && name !== names[depth])) return false;
  }
  return wanted.length === names.length;
}

function emptyLevel(): Level {
  return { children: new Map(), clients: new Map() };
}

function collect(level: Level, names: readonly string[], depth: number, found: Map<string, QoS>): void {
  const wildcards = depth > 0 || !names[0]?.startsWith("$");
  if (wildcards) take(level.children.get("#"), found);
  const name = names[depth];
  if (name === undefined) {
    take(level, found);
    return;
  }
  for (const next of [level.children.get(name), wildcards ? level.children.get("+") : undefined]) {
    if (next) collect(next, names, depth + 1, found);
  }
}

function take(level: Level | undefined, found: Map<string, QoS>): void {
  for (const [clientId, qos] of level?.clients ?? []) {
    if (qos >= (found.get(clientId) ?? 0)) found.set(clientId, qos);
  }
}
