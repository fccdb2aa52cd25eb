import { createActor } from "xstate";
import type { World } from "../time/world.ts";
import type { BehaviourEmission, BehaviourEvent, DeviceModel } from "./model.ts";

/** A device's behaviour machine at work. */
export interface Behaviour {
  /** The states it is in, such as `{"climate":"heating","safety":"normal"}`. */
  readonly state: unknown;
  /** Enters the initial states; events that were sent before come after that. Without effect when called again. */
  start(): void;
  /** Without effect once the machine was stopped or has failed. */
  send(event: BehaviourEvent): void;
  stop(): void;
}

/** What a device hears of its machine. */
export interface BehaviourListener {
  /** It wants a message on this stream. */
  onPublish(stream: string): void;
  /** A guard or an action threw, or the machine answers its own messages without end; it is over. */
  onFailed(error: unknown): void;
}

/** How many messages a machine may want before the event loop turns; more is a machine that answers itself. */
const mostInOneTurn = 1000;

/** Sets the model's machine up on the world's clock; it works from `start` on. */
export function createBehaviour(world: World, model: DeviceModel, listener: BehaviourListener): Behaviour {
  const actor = createActor(model.machine, { clock: world.clock });
  let over = false;
  let wantedInTurn = 0;

  function want(stream: string): void {
    // Microtasks come once the machine has let go of the event loop; one that answers itself never does.
    if (wantedInTurn === 0) {
      queueMicrotask(() => {
        wantedInTurn = 0;
      });
    }
    wantedInTurn += 1;
    if (wantedInTurn <= mostInOneTurn) {
      listener.onPublish(stream);
      return;
    }
    over = true;
    listener.onFailed(new Error(`it emitted ${mostInOneTurn} messages at once, the last on "${stream}"`));
  }

  actor.on("*", (emitted) => {
    const emission = emitted as unknown as Partial<BehaviourEmission>;
    if (!over && emission.type === "publish" && typeof emission.stream === "string") want(emission.stream);
  });
  // When nobody hears of it, XState throws what failed in a machine out of a timer, and the process ends.
  actor.subscribe({
    error(error) {
      over = true;
      listener.onFailed(error);
    },
  });
  return {
    get state() {
      return actor.getSnapshot().value;
    },
    start: () => void actor.start(),
    send(event) {
      if (!over) actor.send(event);
    },
    stop() {
      over = true;
      actor.stop();
    },
  };
}
