import { messageOf } from "../errors.ts";
import type { Recorder } from "../history/recorder.ts";
import type { Cure, Link } from "../infrastructure/infrastructure.ts";
import { sleep } from "../time/clock.ts";
import type { World } from "../time/world.ts";
import type { FaultStep } from "./experiment.ts";
import { type FaultParameters, inOrder, resolveParameters, undoAll } from "./fault.ts";
import { selectLinks } from "./select-links.ts";

/** What injects and undoes faults, and keeps the stack of what there is to undo. */
export interface Nemesis {
  /** The faults that are in force, for the progress display. */
  active(): readonly string[];
  /** Carries out the method; resolves when its last step is healed. Rejects when a fault could not be injected. */
  run(method: readonly FaultStep[], durationMs: number, signal: AbortSignal): Promise<void>;
  /** Undoes everything that is still in force, newest first. Safe to call at any time and more than once. */
  healAll(): Promise<void>;
}

interface Injection {
  readonly id: number;
  readonly name: string;
  readonly heal: Cure;
}

/** Makes the nemesis of one run. */
export function createNemesis(world: World, links: ReadonlyMap<string, Link>, recorder: Recorder): Nemesis {
  const inForce = new Set<Injection>();
  let injections = 0;

  async function inject(step: FaultStep, chosen: readonly Link[]): Promise<Injection> {
    injections += 1;
    const id = injections;
    const parameters = resolveParameters(step.fault, step.parameters);
    const note = noteStages(recorder, id, step, chosen, parameters);
    note("injecting");
    let cure: Cure;
    try {
      cure = await inOrder(...chosen.map((link) => () => step.fault.inject(link, parameters)));
    } catch (error) {
      note("healed", messageOf(error));
      throw error;
    }
    note("injected");
    const injection: Injection = { id, name: step.fault.name, heal: once(healing(note, cure)) };
    inForce.add(injection);
    return injection;
  }

  async function heal(injection: Injection): Promise<void> {
    // What could not be healed stays in force, so that the end of the run tries it again.
    await injection.heal();
    inForce.delete(injection);
  }

  async function carryOut(step: FaultStep, index: number, durationMs: number, signal: AbortSignal) {
    const chosen = selectLinks(world.random.fork(`step-${index}`), [...links.values()], step.links ?? "all");
    await sleep(world.clock, step.from * durationMs, signal);
    const injection = await inject(step, chosen);
    await sleep(world.clock, (step.until - step.from) * durationMs, signal);
    await heal(injection);
  }

  return {
    active: () => [...inForce].map(({ name }) => name),
    async run(method, durationMs, signal) {
      const outcomes = await Promise.allSettled(
        method.map((step, index) => carryOut(step, index, durationMs, signal)),
      );
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure && !signal.aborted) throw failure.reason;
    },
    async healAll() {
      await undoAll([...inForce].map((injection) => () => heal(injection)));
    },
  };
}

type NoteStage = (stage: "injecting" | "injected" | "healing" | "healed", error?: string) => void;

function noteStages(
  recorder: Recorder,
  id: number,
  step: FaultStep,
  chosen: readonly Link[],
  parameters: FaultParameters,
): NoteStage {
  const { name, effect, derived } = step.fault;
  const common = {
    type: "fault" as const,
    id,
    fault: name,
    links: chosen.map((link) => link.name),
    parameters: { ...parameters, ...derived?.(parameters) },
    effect,
  };
  return (stage, error) => recorder.record({ ...common, stage, ...(error === undefined ? {} : { error }) });
}

function healing(note: NoteStage, cure: Cure): Cure {
  return async () => {
    note("healing");
    try {
      await cure();
      note("healed");
    } catch (error) {
      note("healed", messageOf(error));
      throw error;
    }
  };
}

/**
 * Two callers (the schedule and an interruption) may want the same cure; it is taken once and both wait for it. After a
 * failure it may be taken again.
 */
function once(cure: Cure): Cure {
  let taken: Promise<void> | undefined;
  return () => {
    taken ??= cure().catch((error: unknown) => {
      taken = undefined;
      throw error;
    });
    return taken;
  };
}
