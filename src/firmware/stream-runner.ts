import { messageOf, StormfleetError } from "../errors.ts";
import type { World } from "../time/world.ts";
import { type Behaviour, createBehaviour } from "./behaviour.ts";
import type { DeviceModel, PayloadData } from "./model.ts";
import { createPayloadStream, type PayloadStream } from "./payload-stream.ts";
import { type Periodic, startPeriodic } from "./periodic.ts";

/** Makes a device's messages, on their intervals and when its behaviour asks for one. */
export interface StreamRunner {
  readonly behaviour: Behaviour;
  /** Starts the behaviour and the intervals, each at its own seeded offset so that a fleet does not speak in unison. */
  start(): void;
  /** From now on nothing is made but last messages, whatever the behaviour asks for. */
  stop(): void;
  /** Makes one message on each stream for which `wanted` holds and that has made any; used for the last ones. */
  makeLast(
    wanted: (stream: string) => boolean,
  ): readonly { readonly stream: string; readonly sequence: number }[];
}

/** A message was made. `last` is true for the sentinels. */
export type OnMade = (stream: string, sequence: number, data: PayloadData, last: boolean) => void;

export interface StreamRunnerOptions {
  readonly model: DeviceModel;
  readonly profile: PayloadData;
  /** Whether a message of this stream may be made now; otherwise its turn passes without one. */
  readonly mayMake: (stream: string) => boolean;
  readonly onMade: OnMade;
  /** The model is wrong in a way that only shows at work (CONF_1004); nothing is made any more. */
  readonly onDefect: (error: StormfleetError) => void;
}

export function createStreamRunner(world: World, options: StreamRunnerOptions): StreamRunner {
  const { model, profile, mayMake, onMade, onDefect } = options;
  const streams = new Map<string, PayloadStream>();
  for (const [name, { payload }] of Object.entries(model.streams)) {
    streams.set(name, createPayloadStream(world.random.fork(`stream/${name}`), profile, payload));
  }
  let working = false;
  let intervals: Periodic[] = [];
  const behaviour = createBehaviour(world, model, {
    onPublish(stream) {
      if (working) make(stream);
    },
    onFailed: (error) =>
      fail(`has a machine that failed: ${messageOf(error)}`, "Correct the machine.", error),
  });

  function fail(what: string, hint: string, cause?: unknown): void {
    stop();
    onDefect(new StormfleetError("CONF_1004", `The device "${model.name}" ${what}.`, { hint, cause }));
  }

  function stop(): void {
    working = false;
    for (const interval of intervals) interval.stop();
    intervals = [];
  }

  function make(stream: string, last = false): void {
    const payloads = streams.get(stream);
    if (!payloads) {
      const known = [...streams.keys()].join(", ");
      fail(
        `has a machine that emits to the stream "${stream}", which the model lacks`,
        known === "" ? "The model has no streams: add this one." : `Its streams are: ${known}.`,
      );
      return;
    }
    if (!last && !mayMake(stream)) return;
    try {
      const data = payloads.next();
      onMade(stream, payloads.sequence, data, last);
      if (!last) behaviour.send({ type: "published", stream, data });
    } catch (error) {
      fail(
        `could not make message ${payloads.sequence} of its stream "${stream}": ${messageOf(error)}`,
        "Its payload must be made without throwing, and be JSON.",
        error,
      );
    }
  }

  return {
    behaviour,
    start() {
      working = true;
      behaviour.start();
      const offsets = world.random.fork("offsets");
      for (const [name, { everyMs }] of Object.entries(model.streams)) {
        if (everyMs === undefined) continue;
        intervals.push(startPeriodic(world.clock, everyMs, offsets.next() * everyMs, () => make(name)));
      }
    },
    stop,
    makeLast(wanted) {
      return [...streams].flatMap(([stream, payloads]) => {
        if (payloads.sequence === 0 || !wanted(stream)) return [];
        make(stream, true);
        return [{ stream, sequence: payloads.sequence }];
      });
    },
  };
}
