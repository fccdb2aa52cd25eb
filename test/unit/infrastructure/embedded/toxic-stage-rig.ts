import {
  type ChunkTarget,
  type Toxic,
  ToxicStage,
} from "../../../../src/infrastructure/embedded/fault-proxy/toxic-stage.ts";
import { toxicTypes } from "../../../../src/infrastructure/embedded/fault-proxy/toxics/registry.ts";
import type { Chunk } from "../../../../src/infrastructure/embedded/fault-proxy/toxics/toxic.ts";
import { createRandom } from "../../../../src/time/random.ts";
import { createManualClock, type ManualClock } from "../../../helpers/manual-clock.ts";

/** What comes out of a stage, with the time of it; can be told to be full. */
export class RecordingTarget implements ChunkTarget {
  onRoom: () => void = () => {};
  readonly clock: ManualClock;
  /** `text@ms` of every chunk, and `end@ms`. */
  readonly log: string[] = [];
  readonly sizes: number[] = [];
  isFull = false;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  push(chunk: Chunk): void {
    this.sizes.push(chunk.data.length);
    this.log.push(`${chunk.data.toString("latin1")}@${this.clock.monotonicMs()}`);
  }

  end(): void {
    this.log.push(`end@${this.clock.monotonicMs()}`);
  }

  full(): boolean {
    return this.isFull;
  }

  /** Makes room again and says so. */
  makeRoom(): void {
    this.isFull = false;
    this.onRoom();
  }
}

export interface StageRig {
  readonly clock: ManualClock;
  readonly stage: ToxicStage;
  readonly toxic: Toxic;
  readonly out: RecordingTarget;
  send(data: string | number): void;
  restart(change?: { toxicity?: number; attributes?: Record<string, number> }): void;
}

/** One running stage whose time is moved by hand. */
export function createStageRig(
  typeName: string,
  attributes: Record<string, number>,
  options: { readonly toxicity?: number; readonly seed?: string; readonly onActing?: () => void } = {},
): StageRig {
  const clock = createManualClock();
  const out = new RecordingTarget(clock);
  const toxic = createToxic(typeName, attributes, options.toxicity ?? 1);
  const stage = new ToxicStage(toxic, out, {
    clock,
    forkRandom: () => createRandom(options.seed ?? "toxics"),
    onActing: options.onActing ?? (() => {}),
  });
  out.onRoom = stage.nextHasRoom;
  stage.start();
  return {
    clock,
    stage,
    toxic,
    out,
    send(data) {
      const bytes = typeof data === "number" ? Buffer.alloc(data, "x") : Buffer.from(data);
      stage.push({ data: bytes, stampMs: clock.monotonicMs() });
    },
    restart(change = {}) {
      toxic.toxicity = change.toxicity ?? toxic.toxicity;
      toxic.attributes = { ...toxic.attributes, ...change.attributes };
      stage.interrupt();
      stage.start();
    },
  };
}

function createToxic(typeName: string, attributes: Record<string, number>, toxicity: number): Toxic {
  const type = toxicTypes.get(typeName);
  if (!type) throw new Error(`There is no toxic ${typeName}.`);
  const zeros = Object.fromEntries(type.attributes.map((name) => [name, 0]));
  return {
    name: typeName,
    type,
    direction: "downstream",
    stream: "downstream",
    toxicity,
    attributes: { ...zeros, ...attributes },
  };
}
