import type { Recorder } from "../history/recorder.ts";
import type { World } from "../time/world.ts";

/** Something that must still arrive: the sentinel of a stream at a receiver. */
export interface Awaited {
  readonly source: string;
  readonly stream: string;
  readonly receiver: string;
}

/** Waits until the last message of every stream has arrived where it must. */
export interface Drain {
  /** Call before the sentinel is sent. */
  expect(awaited: Awaited): void;
  /** Call for every sentinel that arrives; unknown ones are ignored. */
  arrived(awaited: Awaited): void;
  /** How many are still missing. */
  readonly open: number;
  /**
   * Resolves when nothing is missing, or after `boundMs`, or as soon as the signal aborts; records the outcome, which
   * tells the checkers what they may judge.
   */
  wait(boundMs: number, signal?: AbortSignal): Promise<{ readonly complete: boolean }>;
}

export function createDrain(world: World, recorder: Recorder): Drain {
  const missing = new Map<string, Awaited>();
  let onEmpty: (() => void) | undefined;
  const key = ({ source, stream, receiver }: Awaited) => `${receiver} ${source} ${stream}`;
  return {
    get open() {
      return missing.size;
    },
    expect: (awaited) => void missing.set(key(awaited), awaited),
    arrived(awaited) {
      missing.delete(key(awaited));
      if (missing.size === 0) onEmpty?.();
    },
    async wait(boundMs, signal) {
      const startMs = world.clock.monotonicMs();
      if (missing.size > 0 && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const timer = world.clock.setTimeout(resolve, boundMs);
          const finish = () => {
            world.clock.clearTimeout(timer);
            resolve();
          };
          onEmpty = finish;
          signal?.addEventListener("abort", finish, { once: true });
        });
        onEmpty = undefined;
      }
      const waitedMs = Math.round(world.clock.monotonicMs() - startMs);
      recorder.record({ type: "drained", waitedMs, boundMs, missing: [...missing.values()] });
      return { complete: missing.size === 0 };
    },
  };
}
