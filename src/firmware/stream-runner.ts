import { StormfleetError } from "../errors.ts";
import type { World } from "../time/world.ts";
import { type Behaviour, createBehaviour } from "./behaviour.ts";
import type { DeviceModel, PayloadData } from "./model.ts";
import { createPayloadStream, type PayloadStream } from "./payload-stream.ts";
import { type Periodic, startPeriodic } from "./periodic.ts";

/** Makes a device's messages, on their intervals and when its behaviour asks for one. */
export interface StreamRunner {
  readonly behaviour: Behaviour;
  /** Starts the intervals, each at its own seeded offset so that a fleet does not speak in unison. */
  start(): void;
  stop(): void;
  /** Makes one message on each stream for which `wanted` holds and that has made any; used for the last ones. */
  makeLast(wanted: (stream: string) => boolean): void;
}

/** A message was made. `last` is true for the sentinels. */
export type OnMade = (stream: string, sequence: number, data: PayloadData, last: boolean) => void;

export interface StreamRunnerOptions {
  readonly model: DeviceModel;
  readonly profile: PayloadData;
  /** Whether a message of this stream may be made now; otherwise its turn passes without one. */
  readonly mayMake: (stream: string) => boolean;
  readonly onMade: OnMade;
}

export function createStreamRunner(world: World, options: StreamRunnerOptions): StreamRunner {
  const { model, profile, mayMake, onMade } = options;
  const streams = new Map<string, PayloadStream>();
  for (const [name, { payload }] of Object.entries(model.streams)) {
    streams.set(name, createPayloadStream(world.random.fork(`stream/${name}`), profile, payload));
  }
  const behaviour = createBehaviour(world, model, (stream) => make(stream));
  let running: Periodic[] = [];

  function make(stream: string, last = false): void {
    const payloads = streams.get(stream);
    if (!payloads) {
      throw new StormfleetError(
        "CONF_1004",
        `The device "${model.name}" emits to a stream "${stream}" that it lacks.`,
        {
          hint: `Its streams are: ${[...streams.keys()].join(", ")}.`,
        },
      );
    }
    if (!last && !mayMake(stream)) return;
    const data = payloads.next();
    onMade(stream, payloads.sequence, data, last);
    if (!last) behaviour.send({ type: "published", stream, data });
  }

  return {
    behaviour,
    start() {
      const offsets = world.random.fork("offsets");
      for (const [name, { everyMs }] of Object.entries(model.streams)) {
        if (everyMs === undefined) continue;
        running.push(startPeriodic(world.clock, everyMs, offsets.next() * everyMs, () => make(name)));
      }
    },
    stop() {
      for (const periodic of running) periodic.stop();
      running = [];
    },
    makeLast(wanted) {
      for (const [name, payloads] of streams) if (payloads.sequence > 0 && wanted(name)) make(name, true);
    },
  };
}
