import { distance } from "fastest-levenshtein";

/** The name that was probably meant, or undefined when none is close (more than half of its letters would change). */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, edits: distance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.ceil(Math.max(name.length, given.length) / 2))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.name;
}
