import type { Fleet } from "../firmware/fleet.ts";
import { type BackendApplication, backendActor } from "./backend-application.ts";
import type { Awaited, Drain } from "./drain.ts";

/** Sends the last message of every stream in both directions, and lets the drain await it. */
export function sendSentinels(
  { backend, fleet, drain }: SentinelParts,
  isWanted: (awaited: Awaited) => boolean = () => true,
): void {
  const down = (device: string, stream: string) => ({ source: backendActor, stream, receiver: device });
  const up = (device: string, stream: string) => ({ source: device, stream, receiver: backendActor });
  const commands = backend.sendSentinels((device, stream) => isWanted(down(device, stream)));
  for (const { device, stream, sequence } of commands) drain.expect(down(device, stream), sequence);
  for (const device of fleet.devices) {
    const sent = device.sendSentinels((stream) => isWanted(up(device.id, stream)));
    for (const { stream, sequence } of sent) drain.expect(up(device.id, stream), sequence);
  }
}

/** The same once more, for those that are missing. */
export function sendSentinelsAgain(parts: SentinelParts, missing: readonly Awaited[]): void {
  const names = new Set(missing.map(nameOf));
  sendSentinels(parts, (awaited) => names.has(nameOf(awaited)));
}

export interface SentinelParts {
  readonly backend: BackendApplication;
  readonly fleet: Fleet;
  readonly drain: Drain;
}

function nameOf({ source, stream, receiver }: Awaited): string {
  return `${receiver} ${source} ${stream}`;
}
