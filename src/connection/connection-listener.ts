import type { StormfleetError } from "../errors.ts";
import type { QoS } from "../history/entry.ts";
import type { ConnectionTransition } from "./connection-machine.ts";
import type { HeartbeatEvent } from "./heartbeat.ts";
import type { IncomingMessage } from "./messages.ts";

/** What a connection tells the layer above. A listener may call the connection back; it must not throw. */
export interface ConnectionListener {
  /** Every change of state, in order. */
  onTransition(transition: ConnectionTransition): void;
  /** Comes after the transition to `connected` of its epoch; never after a transition away from it. */
  onMessage(message: IncomingMessage & { readonly epoch: number }): void;
  /** Once per entry into `unavailable`: CONN_1006 when the budget is spent, CONN_1003 when the broker refused for good. */
  onUnavailable?(error: StormfleetError): void;
  onHeartbeat?(event: HeartbeatEvent): void;
  /** A subscription was made again because the broker had no session any more. */
  onSubscriptionRemade?(subscription: {
    readonly filter: string;
    readonly grantedQos: QoS;
    readonly epoch: number;
  }): void;
}
