import { createActor } from "xstate";
import type { World } from "../time/world.ts";
import type { BehaviourEmission, BehaviourEvent, DeviceModel } from "./model.ts";

/** A device's behaviour machine at work. */
export interface Behaviour {
  /** The states it is in, such as `{"climate":"heating","safety":"normal"}`. */
  readonly state: unknown;
  send(event: BehaviourEvent): void;
  stop(): void;
}

/** Starts the model's machine on the world's clock; `onPublish` is called with the stream it wants a message on. */
export function createBehaviour(
  world: World,
  model: DeviceModel,
  onPublish: (stream: string) => void,
): Behaviour {
  const actor = createActor(model.machine, { clock: world.clock });
  actor.on("*", (emitted) => {
    const emission = emitted as unknown as Partial<BehaviourEmission>;
    if (emission.type === "publish" && typeof emission.stream === "string") onPublish(emission.stream);
  });
  actor.start();
  return {
    get state() {
      return actor.getSnapshot().value;
    },
    send: (event) => actor.send(event),
    stop: () => actor.stop(),
  };
}
