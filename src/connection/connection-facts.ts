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

/** A transition as a fact for telemetry. */
export function factOfTransition(clientId: string, { code, ...data }: ConnectionTransition): Fact {
  return { name: factNames[data.to], subject: clientId, ...(code !== undefined && { code }), data };
}

/** An event that meant nothing in the state that it met. */
export function factOfIgnored(clientId: string, state: LifecycleState, event: string): Fact {
  return { name: "connection.event-ignored", subject: clientId, data: { state, event } };
}

/** A subscription that could not be made again. */
export function factOfFailedRemake(
  clientId: string,
  { filter, error }: Extract<RemadeSubscription, { error: unknown }>,
): Fact {
  return {
    name: "subscription.failed",
    subject: clientId,
    code: error.code,
    data: { filter, reason: error.message },
  };
}
