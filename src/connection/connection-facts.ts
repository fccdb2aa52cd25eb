import type { LifecycleState } from "../history/entry.ts";
import type { Fact } from "../observability/telemetry.ts";
import type { ConnectionTransition } from "./connection-machine.ts";

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
