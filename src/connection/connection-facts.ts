import type { LifecycleState } from "../history/entry.ts";
import type { Fact } from "../observability/telemetry.ts";
import type { ConnectionTransition } from "./connection-machine.ts";
import type { RemadeSubscription } from "./subscriptions.ts";

const factNames: Readonly<Record<LifecycleState, string>> = {
  disconnected: "connection.lost",
  connecting: "connection.opened",
  connected: "connection.established",
  backingOff: "connection.retry-scheduled",
  unavailable: "connection.given-up",
  stopped: "connection.stopped",
};

/** What all facts of one connection share: whom they are about, and the id by which they can be followed. */
export interface FactOrigin {
  readonly subject: string;
  readonly traceId: string;
}

/** A transition as a fact for telemetry. */
export function factOfTransition(origin: FactOrigin, { code, ...data }: ConnectionTransition): Fact {
  return { name: factNames[data.to], ...origin, ...(code !== undefined && { code }), data };
}

/** An event that meant nothing in the state that it met. */
export function factOfIgnored(origin: FactOrigin, state: LifecycleState, event: string): Fact {
  return { name: "connection.event-ignored", ...origin, data: { state, event } };
}

/** A subscription that could not be made again. */
export function factOfFailedRemake(
  origin: FactOrigin,
  { filter, error }: Extract<RemadeSubscription, { error: unknown }>,
): Fact {
  return {
    name: "subscription.failed",
    ...origin,
    code: error.code,
    data: { filter, reason: error.message },
  };
}
