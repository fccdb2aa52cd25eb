import { type CompensationTopics, compensationTopics } from "../compensation/topics.ts";

/**
 * The topics of a run. Everything is below `sf/<run>/`, so that runs side by side on one broker never meet.
 *
 *     sf/<run>/devices/<device>/up/<stream>        device → backend
 *     sf/<run>/devices/<device>/down/<command>     backend → device
 *     sf/<run>/devices/<device>/heartbeat          device → (nobody: its acknowledgement is what counts)
 *     sf/<run>/devices/<device>/compensation/…     see docs/compensation.md
 */
export interface RunTopics {
  /** The base of one device's topics, without a slash at the end. */
  device(id: string): string;
  up(id: string, stream: string): string;
  /** All that devices send. */
  readonly allUp: string;
  down(id: string, command: string): string;
  /** All commands for one device. */
  allDown(id: string): string;
  heartbeat(id: string): string;
  readonly compensation: CompensationTopics;
}

export function createRunTopics(run: string): RunTopics {
  const device = (id: string) => `sf/${run}/devices/${id}`;
  return {
    device,
    up: (id, stream) => `${device(id)}/up/${stream}`,
    allUp: `sf/${run}/devices/+/up/+`,
    down: (id, command) => `${device(id)}/down/${command}`,
    allDown: (id) => `${device(id)}/down/+`,
    heartbeat: (id) => `${device(id)}/heartbeat`,
    compensation: compensationTopics(`sf/${run}/devices`),
  };
}
