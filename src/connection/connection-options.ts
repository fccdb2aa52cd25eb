import type { Endpoint } from "../endpoint.ts";
import { StormfleetError } from "../errors.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import { type BackoffOptions, checkBackoff } from "./backoff.ts";
import type { ConnectionListener } from "./connection-listener.ts";
import type { HeartbeatTiming } from "./heartbeat.ts";
import type { Will } from "./messages.ts";
import type { SessionStore } from "./session-store.ts";

/** Small QoS 1 messages whose PUBACK proves that the broker is alive. */
export interface HeartbeatOptions extends HeartbeatTiming {
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
  readonly backoff: BackoffOptions;
  /** How many retries may follow each other before the connection is `unavailable`, from 0. */
  readonly retryBudget: number | "unbounded";
  readonly heartbeat: HeartbeatOptions | false;
  /** Where the session is kept. Default: in memory. */
  readonly store?: SessionStore;
  readonly telemetry: Telemetry;
  readonly listener: ConnectionListener;
}

export const defaultHandshakeTimeoutMs = 10_000;
export const defaultRetryBudget = 5;
export const defaultSessionExpirySeconds = 7_200;

const longestKeepAliveSeconds = 65_535;

/** Throws CONF_1002 for the first option that is out of its range. */
export function checkConnectionOptions(options: ConnectionOptions): void {
  const { heartbeat, retryBudget } = options;
  checkBackoff(options.backoff);
  demand(options.clientId !== "", "the client id is empty");
  demand(
    retryBudget === "unbounded" || (Number.isInteger(retryBudget) && retryBudget >= 0),
    `a retry budget of ${retryBudget} is neither a whole number from 0 nor "unbounded"`,
  );
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs;
  demand(handshakeTimeoutMs > 0, `a handshake timeout of ${handshakeTimeoutMs} ms is not above 0`);
  const keepAliveSeconds = options.keepAliveSeconds ?? 0;
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
