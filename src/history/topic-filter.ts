/**
 * Whether a topic filter matches a topic name (MQTT 3.1.1 and 5.0, section 4.7).
 *
 * `+` stands for one level, `#` for the parent and everything below. A filter that begins with a wildcard does not
 * match topics that begin with `$` [MQTT-4.7.2-1]. A shared subscription (`$share/group/filter`) matches what its
 * filter matches.
 *
 * @example
 * matchesTopic("meters/+/readings", "meters/7/readings"); // true
 */
export function matchesTopic(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (filter.startsWith("$share/")) return matchesTopic(filterOfShare(filter), topic);
  if (topic.startsWith("$") && (filter.startsWith("+") || filter.startsWith("#"))) return false;
  let at = 0;
  for (let from = 0; from <= filter.length; ) {
    const filterEnd = levelEnd(filter, from);
    const isLast = filterEnd === filter.length;
    if (isLast && filter[from] === "#" && filterEnd === from + 1) return true;
    if (at > topic.length) return false;
    const topicEnd = levelEnd(topic, at);
    const isPlus = filterEnd === from + 1 && filter[from] === "+";
    if (!isPlus && filter.slice(from, filterEnd) !== topic.slice(at, topicEnd)) return false;
    from = filterEnd + 1;
    at = topicEnd + 1;
  }
  return at > topic.length;
}

/** Whether the filter is a shared subscription: its group is owed one copy, no single member is. */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith("$share/");
}

function filterOfShare(filter: string): string {
  const groupEnd = levelEnd(filter, "$share/".length);
  return filter.slice(groupEnd + 1);
}

function levelEnd(text: string, from: number): number {
  const slash = text.indexOf("/", from);
  return slash === -1 ? text.length : slash;
}
