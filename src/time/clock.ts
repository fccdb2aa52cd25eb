/** What `setTimeout` of a clock returns; only good for giving it back. */
export type TimerHandle = unknown;

/**
 * The only source of time. Production code receives a clock and never asks the machine.
 *
 * The timer methods carry the names that XState's `createActor(logic, { clock })` expects, so a clock can be
 * handed to an actor as it is.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May step; use it for stamps that people read. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, fractional, never going back. Use it to measure. */
  monotonicMs(): number;
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
  setInterval(callback: () => void, intervalMs: number): TimerHandle;
  clearInterval(handle: TimerHandle): void;
  /** Runs the callback once after pending I/O. */
  setImmediate(callback: () => void): TimerHandle;
  clearImmediate(handle: TimerHandle): void;
}

/**
 * Resolves after `delayMs`, or rejects with the signal's reason as soon as the signal aborts.
 *
 * @example
 * await sleep(world.clock, 250, signal);
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clock.clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Settles like `work`, unless `timeoutMs` pass first: then it rejects with what `onTimeout` returns.
 * The work itself goes on; hand it a signal if it must stop.
 */
export function withTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  work: Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(onTimeout()), timeoutMs);
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
