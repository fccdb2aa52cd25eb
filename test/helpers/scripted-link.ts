import type { Cure, Link, ToxicSpec } from "../../src/infrastructure/infrastructure.ts";

/** A link that writes down what is done to it. */
export interface ScriptedLink extends Link {
  /** Such as `link-1 disable`, `link-1 add latency upstream`, and the same with `undo`. */
  readonly log: string[];
  /** What is in force, in the order of its coming. */
  readonly inForce: readonly string[];
  readonly toxics: readonly ToxicSpec[];
  /** Looks at each step before it is taken, to throw or to wait. */
  before: (step: string) => void | Promise<void>;
}

/** Several links may share a log, so that the order across them can be seen. */
export function createScriptedLink(name: string, log: string[] = []): ScriptedLink {
  const inForce: string[] = [];
  const toxics: ToxicSpec[] = [];
  const take = async (what: string): Promise<Cure> => {
    const step = `${name} ${what}`;
    await link.before(step);
    log.push(step);
    inForce.push(step);
    return async () => {
      await link.before(`undo ${step}`);
      log.push(`undo ${step}`);
      inForce.splice(inForce.indexOf(step), 1);
    };
  };
  const link: ScriptedLink = {
    name,
    endpoint: { url: "mqtt://127.0.0.1:1" },
    log,
    inForce,
    toxics,
    before() {},
    addToxic(toxic) {
      toxics.push(toxic);
      return take(`add ${toxic.type} ${toxic.stream}`);
    },
    disable: () => take("disable"),
  };
  return link;
}
