import type { BackoffOptions } from "../connection/backoff.ts";
import type { ConnectionSettings } from "../firmware/connection-settings.ts";

/** How the fleet's firmware is configured. */
export interface FleetSettings {
  /** Above 0 and below the timeout. */
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** How long a broker may take to answer CONNECT; above 0. */
  readonly handshakeTimeoutMs: number;
  readonly backoff: BackoffOptions;
  /** How many retries may follow each other before a device is unavailable, from 0. */
  readonly retryBudget: number | "unbounded";
  /** How many devices connect per second while the fleet starts; above 0. */
  readonly rampPerSecond: number;
}

/**
 * Fast settings, so that a run of half a minute sees several outages: heartbeat 1 s, dead after 3 s, backoff
 * 0.25 s … 2 s, no end to retrying. Real firmware is slower; the guarantees are the same.
 */
export const briskSettings: FleetSettings = {
  heartbeatIntervalMs: 1000,
  heartbeatTimeoutMs: 3000,
  handshakeTimeoutMs: 3000,
  backoff: { jitter: "proportional", baseMs: 250, maxMs: 2000 },
  retryBudget: "unbounded",
  rampPerSecond: 100,
};

/** The settings as a device takes them. */
export function connectionSettings(settings: FleetSettings): ConnectionSettings {
  return {
    heartbeat: { intervalMs: settings.heartbeatIntervalMs, timeoutMs: settings.heartbeatTimeoutMs },
    handshakeTimeoutMs: settings.handshakeTimeoutMs,
    backoff: settings.backoff,
    retryBudget: settings.retryBudget,
    // As brisk as the rest of the firmware.
    resumeTiming: {
      requestTimeoutMs: settings.heartbeatTimeoutMs,
      recheckIntervalMs: settings.heartbeatTimeoutMs,
    },
  };
}
