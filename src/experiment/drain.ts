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
  /** Call when a sentinel is sent; several of one stream are awaited all. What has no numbers has the number 0. */
  expect(awaited: Awaited, sequence?: number): void;
  /** Call for every sentinel that arrives; unknown ones are ignored. */
  arrived(awaited: Awaited, sequence?: number): void;
  /** How many are still missing. */
  readonly open: number;
  /**
   * Resolves when nothing is missing, or after `boundMs`, or as soon as the signal aborts; records the outcome, which
   * tells the checkers what they may judge.
   *
   * A sentinel may be lost like any other message, and then proves nothing. So `resend` is called every quarter of the
   * bound with what is missing. When a later sentinel has come and an earlier one is still missing a quarter after, the
   * earlier one is lost and not late, because one topic keeps its order: the stream is through.
   */
  wait(
    boundMs: number,
    signal?: AbortSignal,
    resend?: (missing: readonly Awaited[]) => void,
  ): Promise<{ readonly complete: boolean }>;
}

interface Missing {
  readonly awaited: Awaited;
  /** The sentinels that have not come, oldest first. */
  readonly sequences: Set<number>;
  newest: number;
}

export function createDrain(world: World, recorder: Recorder): Drain {
  const { clock } = world;
  const missing = new Map<string, Missing>();
  let onEmpty: (() => void) | undefined;
  const key = ({ source, stream, receiver }: Awaited) => `${receiver} ${source} ${stream}`;
  const names = () => [...missing.values()].map(({ awaited }) => awaited);

  function forget(name: string): void {
    missing.delete(name);
    if (missing.size === 0) onEmpty?.();
  }

  function look(resend: (missing: readonly Awaited[]) => void): void {
    const overtaken = [...missing].filter(([, { sequences, newest }]) => !sequences.has(newest));
    for (const [name] of overtaken) forget(name);
    if (missing.size > 0) resend(names());
  }

  return {
    get open() {
      return missing.size;
    },
    expect(awaited, sequence = 0) {
      const known = missing.get(key(awaited)) ?? { awaited, sequences: new Set(), newest: 0 };
      known.sequences.add(sequence);
      known.newest = Math.max(known.newest, sequence);
      missing.set(key(awaited), known);
    },
    arrived(awaited, sequence = 0) {
      const sequences = missing.get(key(awaited))?.sequences;
      sequences?.delete(sequence);
      if (sequences?.size === 0) forget(key(awaited));
    },
    async wait(boundMs, signal, resend = () => {}) {
      const startMs = clock.monotonicMs();
      if (missing.size > 0 && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const timer = clock.setTimeout(() => finish(), boundMs);
          const looks = clock.setInterval(() => look(resend), boundMs / 4);
          const finish = () => {
            clock.clearTimeout(timer);
            clock.clearInterval(looks);
            signal?.removeEventListener("abort", finish);
            resolve();
          };
          onEmpty = finish;
          signal?.addEventListener("abort", finish, { once: true });
        });
        onEmpty = undefined;
      }
      const waitedMs = Math.round(clock.monotonicMs() - startMs);
      recorder.record({ type: "drained", waitedMs, boundMs, missing: names() });
      return { complete: missing.size === 0 };
    },
  };
}
