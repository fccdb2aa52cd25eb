import { messageOf, StormfleetError } from "../errors.ts";
import type { FaultEffect } from "../history/entry.ts";
import type { Capability, Cure, Link } from "../infrastructure/infrastructure.ts";
import { checkFault } from "./check-fault.ts";

/** A number that a fault can be given. */
export interface FaultParameter {
  readonly description: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export type FaultParameters<Names extends string = string> = Readonly<Record<Names, number>>;

/** A named, reversible disturbance of links. */
export interface Fault<Names extends string = string> {
  readonly name: string;
  readonly description: string;
  /** What the backend must be able to do. */
  readonly needs: readonly Capability[];
  /** What it does to a link, for the checkers. */
  readonly effect: FaultEffect;
  readonly parameters: Readonly<Record<Names, FaultParameter>>;
  /** Facts for the checkers that follow from the parameters, such as `roundTripMs`. */
  derived?(parameters: FaultParameters<Names>): Readonly<Record<string, number>>;
  /** Disturbs one link and gives back the cure. */
  inject(link: Link, parameters: FaultParameters<Names>): Promise<Cure>;
}

/**
 * Defines a fault.
 *
 * @example
 * export const slowUplink = defineFault({
 *   name: "slow-uplink",
 *   description: "Devices send through a narrow pipe.",
 *   needs: ["link.toxics"],
 *   effect: "delays",
 *   parameters: { rateKBps: { description: "Kilobytes per second.", default: 8, min: 1, max: 1_000_000 } },
 *   inject: (link, { rateKBps }) =>
 *     link.addToxic({ type: "bandwidth", stream: "upstream", attributes: { rate: rateKBps } }),
 * });
 * @throws StormfleetError CONF_1004 naming the first thing that is wrong.
 */
export function defineFault<Names extends string = never>(fault: Fault<Names>): Fault<Names> {
  checkFault(fault);
  return fault;
}

/**
 * The parameters of one injection: the defaults, overridden by what was given.
 *
 * @throws StormfleetError CONF_1002 for a name that the fault does not have or a value outside its range.
 */
export function resolveParameters(
  fault: Fault,
  given: Readonly<Record<string, number>> = {},
): FaultParameters {
  const known = Object.keys(fault.parameters);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new StormfleetError("CONF_1002", `The fault "${fault.name}" has no parameter "${name}".`, {
        hint: known.length > 0 ? `It has: ${known.join(", ")}.` : "It has none.",
      });
    }
  }
  return Object.fromEntries(
    Object.entries(fault.parameters).map(([name, { default: fallback, min, max }]) => {
      const value = given[name] ?? fallback;
      if (!(value >= min && value <= max)) {
        throw new StormfleetError("CONF_1002", `The fault "${fault.name}" cannot have ${name} = ${value}.`, {
          hint: `Use a number from ${min} to ${max}.`,
        });
      }
      return [name, value];
    }),
  );
}

/**
 * Takes several steps as one: when a step fails, those before it are undone, newest first; the cure undoes all. A cure
 * that failed may be called again, and then undoes what is left.
 */
export async function inOrder(...steps: readonly (() => Promise<Cure>)[]): Promise<Cure> {
  const cures: Cure[] = [];
  try {
    for (const step of steps) cures.push(untilDone(await step()));
  } catch (error) {
    await undoAll(cures).catch((left: unknown) => {
      throw new AggregateError([error, left], `${messageOf(error)} And not undone: ${messageOf(left)}`);
    });
    throw error;
  }
  return () => undoAll(cures);
}

function untilDone(cure: Cure): Cure {
  let done = false;
  return async () => {
    if (done) return;
    await cure();
    done = true;
  };
}

/** Runs all cures, newest first, also when some fail; several failures travel in one AggregateError. */
export async function undoAll(cures: readonly Cure[]): Promise<void> {
  const failures: unknown[] = [];
  for (const cure of cures.toReversed()) {
    try {
      await cure();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures);
}
