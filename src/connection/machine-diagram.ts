import type { AnyStateMachine } from "xstate";

/** The parts of XState's state nodes and transitions that a diagram needs. */
interface DrawnState {
  readonly id: string;
  readonly type: string;
  readonly path: readonly string[];
  readonly states: Readonly<Record<string, DrawnState>>;
  readonly initial?: { readonly target?: readonly DrawnState[] | undefined } | undefined;
  readonly transitions: ReadonlyMap<string, readonly DrawnTransition[]>;
  readonly always?: readonly DrawnTransition[] | undefined;
}

interface DrawnTransition {
  readonly eventType: string;
  readonly target?: readonly DrawnState[] | undefined;
  readonly guard?: unknown;
}

/**
 * The machine as a Mermaid `stateDiagram-v2`: states, nested and parallel ones too, transitions with their event or
 * delay and `[guard]`, final states. Transitions of the root without a target are left out.
 *
 * @example
 * toMermaid(connectionMachine); // "stateDiagram-v2\n  [*] --> disconnected\n  …"
 */
export function toMermaid(machine: AnyStateMachine): string {
  const root = machine.root as unknown as DrawnState;
  return ["stateDiagram-v2", ...drawInside(root, "  "), ""].join("\n");
}

function drawInside(parent: DrawnState, indent: string): string[] {
  const lines = targetsOf(parent.initial).map((initial) => `${indent}[*] --> ${nameOf(initial)}`);
  for (const [index, state] of Object.values(parent.states).entries()) {
    if (index > 0 && parent.type === "parallel") lines.push(`${indent}--`);
    lines.push(...drawState(state, indent));
  }
  if (parent.path.length === 0) lines.push(...drawRootTransitions(parent, indent));
  return lines;
}

function drawState(state: DrawnState, indent: string): string[] {
  const name = nameOf(state);
  const lines: string[] = [];
  if (Object.keys(state.states).length > 0)
    lines.push(`${indent}state ${name} {`, ...drawInside(state, `${indent}  `), `${indent}}`);
  for (const transition of transitionsOf(state)) {
    // Without a target the state is not left.
    for (const target of transition.target ?? [state])
      lines.push(`${indent}${name} --> ${nameOf(target)}${labelOf(transition)}`);
  }
  if (state.type === "final") lines.push(`${indent}${name} --> [*]`);
  return lines.length > 0 ? lines : [`${indent}${name}`];
}

/** What every state answers in the same way is drawn from each top-level state that has no answer of its own. */
function drawRootTransitions(root: DrawnState, indent: string): string[] {
  return Object.values(root.states)
    .filter((state) => state.type !== "final")
    .flatMap((state) =>
      transitionsOf(root)
        .filter(({ eventType }) => !state.transitions.has(eventType))
        .flatMap((transition) =>
          (transition.target ?? []).map(
            (target) => `${indent}${nameOf(state)} --> ${nameOf(target)}${labelOf(transition)}`,
          ),
        ),
    );
}

function transitionsOf(state: DrawnState): readonly DrawnTransition[] {
  return [...[...state.transitions.values()].flat(), ...(state.always ?? [])];
}

function targetsOf(transition: DrawnState["initial"]): readonly DrawnState[] {
  return transition?.target ?? [];
}

/** Nested states may share a key; Mermaid's names are global. */
function nameOf(state: DrawnState): string {
  return state.path.join("_").replaceAll(/[^\p{L}\p{N}_]/gu, "_");
}

function labelOf({ eventType, guard }: DrawnTransition): string {
  const words = [describeEvent(eventType), guard === undefined ? "" : `[${describeGuard(guard)}]`];
  const label = words.filter((word) => word !== "").join(" ");
  return label === "" ? "" : ` : ${label}`;
}

/** XState names a delayed transition `xstate.after.<delay>.<state id>`, and the end of a child `xstate.done.….<id>`. */
function describeEvent(eventType: string): string {
  const [prefix, kind, detail] = eventType.split(".");
  if (prefix !== "xstate") return eventType;
  if (kind === "after")
    return `after ${detail !== undefined && /^\d+$/.test(detail) ? `${detail} ms` : detail}`;
  return `${kind}`;
}

function describeGuard(guard: unknown): string {
  if (typeof guard === "string") return guard;
  if (typeof guard === "function") return guard.name === "" ? "guard" : guard.name;
  if (typeof guard === "object" && guard !== null && "type" in guard) return String(guard.type);
  return "guard";
}
