import type { Link } from "../infrastructure/infrastructure.ts";
import type { Random } from "../time/random.ts";
import type { LinkSelection } from "./experiment.ts";

/** The links that a step disturbs, in their own order; a share is rounded and takes at least one. */
export function selectLinks(
  random: Random,
  links: readonly Link[],
  selection: LinkSelection,
): readonly Link[] {
  if (selection === "all") return links;
  const count = Math.max(1, Math.round(links.length * selection.share));
  const chosen = new Set(random.shuffled(links).slice(0, count));
  return links.filter((link) => chosen.has(link));
}
