import { StormfleetError } from "../errors.ts";
import { nearestName } from "../nearest-name.ts";
import type { StartInfrastructure } from "./infrastructure.ts";

/** The backends that a run can ask for. */
export const backendNames = ["embedded"] as const;

/**
 * Finds a backend by name. It is loaded when it starts, so that a run pays only for the one it uses.
 *
 * @throws StormfleetError CONF_1001 for an unknown backend or mutant, with the nearest name.
 */
export async function selectBackend(
  name: string,
  options: { readonly mutant?: string | undefined } = {},
): Promise<StartInfrastructure> {
  if (name !== "embedded") throw unknownName("backend", name, backendNames);
  const { brokerMutants } = await import("./embedded/broker/broker-mutants.ts");
  const { mutant } = options;
  if (mutant !== undefined && !isKey(brokerMutants, mutant)) {
    throw unknownName("mutant", mutant, Object.keys(brokerMutants));
  }
  const { startEmbedded } = await import("./embedded/embedded.ts");
  return (world, infrastructure) =>
    startEmbedded(world, { ...infrastructure, ...(mutant ? { mutant } : {}) });
}

function isKey<T extends object>(table: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(table, key);
}

function unknownName(kind: string, name: string, names: readonly string[]): StormfleetError {
  const nearest = nearestName(name, names);
  return new StormfleetError("CONF_1001", `There is no ${kind} "${name}".`, {
    hint: nearest ? `Did you mean "${nearest}"?` : `There are: ${names.join(", ")}.`,
  });
}
