import type { Endpoint } from "../endpoint.ts";
import { StormfleetError } from "../errors.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { type BackoffOptions, checkBackoff, defaultBackoff } from "./backoff.ts";
import type { ConnectionListener } from "./connection-listener.ts";
import { defaultHeartbeatTiming, type HeartbeatTiming } from "./heartbeat.ts";
import type { Will } from "./messages.ts";
import type { SessionStore } from "./session-store.ts";

/** Small QoS 1 messages whose PUBACK proves that the broker is alive. */
export interface HeartbeatOptions extends Partial<HeartbeatTiming> {
  readonly topic: string;
  /** Asked for each heartbeat. */
  payload(): string | Buffer;
}

export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  /** At least one character. */
  readonly clientId: string;
  /** Default 3.1.1. */
  readonly protocol?: "3.1.1" | "5.0";
  /** `clean`: nothing outlives a connection; `persistent`: broker and client keep the session over reconnects. */
  readonly session: "clean" | "persistent";
  /** MQTT 5.0 with a persistent session: how long the broker keeps it, in seconds. Default 7,200 (as EMQX for 3.1.1). */
  readonly sessionExpirySeconds?: number;
  readonly username?: string;
  readonly password?: string | Buffer;
  readonly will?: Will;
  /**
   * MQTT's own keep alive in whole seconds, 0 … 65,535. Default 0: off. The heartbeat finds dead links, on the injected
   * clock; the keep alive runs on timers inside MQTT.js and costs a third more CPU. Set it when the broker must notice
   * a silent client by itself (will, expiry of sessions).
   */
  readonly keepAliveSeconds?: number;
  /** From opening the stream to the CONNACK, in milliseconds. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Default: `defaultBackoff`. */
  readonly backoff?: BackoffOptions;
  /** How many retries may follow each other before the connection is `unavailable`, from 0. Default 5. */
  readonly retryBudget?: number | "unbounded";
  readonly heartbeat: HeartbeatOptions | false;
  /** Where the session is kept. Default: in memory. */
  readonly store?: SessionStore;
  readonly telemetry: Telemetry;
  /** The name under which facts are told. Default: the client id. */
  readonly subject?: string;
  readonly listener: ConnectionListener;
}

const defaults = {
  protocol: "3.1.1",
  sessionExpirySeconds: 7_200,
  keepAliveSeconds: 0,
  handshakeTimeoutMs: 10_000,
  backoff: defaultBackoff,
  retryBudget: 5,
} as const;

const longestKeepAliveSeconds = 65_535;

/** The options with their defaults filled in. */
export type ConnectionSettings = Omit<ConnectionOptions, keyof typeof defaults | "heartbeat"> &
  Required<Pick<ConnectionOptions, keyof typeof defaults>> & {
    readonly heartbeat: Required<HeartbeatOptions> | false;
  };

/** Fills in the defaults. Throws CONF_1002 for the first option that is out of its range. */
export function settleConnectionOptions(options: ConnectionOptions): ConnectionSettings {
  const { heartbeat } = options;
  const settings: ConnectionSettings = {
    ...defaults,
    ...options,
    // Field by field: the payload may be a method of an object of the caller's.
    heartbeat: heartbeat !== false && {
      intervalMs: heartbeat.intervalMs ?? defaultHeartbeatTiming.intervalMs,
      timeoutMs: heartbeat.timeoutMs ?? defaultHeartbeatTiming.timeoutMs,
      topic: heartbeat.topic,
      payload: () => heartbeat.payload(),
    },
  };
  check(settings);
  return settings;
}

function check({
  heartbeat,
  retryBudget,
  backoff,
  clientId,
  handshakeTimeoutMs,
  keepAliveSeconds,
}: ConnectionSettings): void {
  checkBackoff(backoff);
  demand(clientId !== "", "the client id is empty");
  demand(
    retryBudget === "unbounded" || (Number.isInteger(retryBudget) && retryBudget >= 0),
    `a retry budget of ${retryBudget} is neither a whole number from 0 nor "unbounded"`,
  );
  demand(handshakeTimeoutMs > 0, `a handshake timeout of ${handshakeTimeoutMs} ms is not above 0`);
  demand(
    Number.isInteger(keepAliveSeconds) &&
      keepAliveSeconds >= 0 &&
      keepAliveSeconds <= longestKeepAliveSeconds,
    `a keep alive of ${keepAliveSeconds} s is not a whole number from 0 to ${longestKeepAliveSeconds}`,
  );
  if (heartbeat === false) return;
  demand(
    heartbeat.intervalMs > 0 && heartbeat.intervalMs < heartbeat.timeoutMs,
    `a heartbeat every ${heartbeat.intervalMs} ms with a timeout of ${heartbeat.timeoutMs} ms is not possible; ` +
      "the timeout must be the longer one",
  );
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new StormfleetError("CONF_1002", `Cannot set up the connection: ${otherwise}.`);
}
