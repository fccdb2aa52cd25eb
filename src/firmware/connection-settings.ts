import type { ResumeTiming } from "../compensation/resume-conversation.ts";
import type { BackoffOptions } from "../connection/backoff.ts";

/** What all devices of a fleet have in common when they connect. */
export interface ConnectionSettings {
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly handshakeTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly retryBudget: number | "unbounded";
  readonly resumeTiming: Partial<ResumeTiming>;
}
