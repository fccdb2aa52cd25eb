import type { ErrorCode } from "../errors.ts";
import type { TimerHandle } from "../time/clock.ts";
import type { World } from "../time/world.ts";
import { type LedgerState, registeredWith, withoutToken } from "./device-ledger.ts";
import { encodeRegisterRequest, encodeResumeRequest } from "./encode.ts";
import type { Refusal, Registration, Resumption } from "./protocol.ts";

/** When a device asks, and how often. */
export interface ResumeTiming {
  /** How long a reply, or the next message of a replay, may take before the device asks again. Doubles with each try. Default 5000. */
  readonly requestTimeoutMs: number;
  /** The longest that the doubled timeout gets, before up to 25 % of jitter. Default 60 000. */
  readonly longestTimeoutMs: number;
  /** Requests without progress before COMP_1005 is reported and the device waits for a reason to ask again. Default 5. */
  readonly maxAttempts: number;
  /** The shortest time between two requests within one connection, retries aside. Default 1000. */
  readonly minIntervalMs: number;
  /** How often an idle device asks whether it missed the newest message; 0 for never. Default 60 000. */
  readonly recheckIntervalMs: number;
}

export const defaultResumeTiming: ResumeTiming = {
  requestTimeoutMs: 5_000,
  longestTimeoutMs: 60_000,
  maxAttempts: 5,
  minIntervalMs: 1_000,
  recheckIntervalMs: 60_000,
};

/** One resume request, told in facts: each `invoked` is followed by exactly one of the others with its request id. */
export type ResumeEvent =
  | {
      readonly type: "invoked";
      readonly requestId: string;
      readonly traceId: string;
      readonly lastMessageId: number;
    }
  | {
      readonly type: "ok";
      readonly requestId: string;
      readonly replayed: number;
      readonly headMessageId: number;
    }
  | { readonly type: "fail"; readonly requestId: string; readonly code: ErrorCode }
  | { readonly type: "info"; readonly requestId: string; readonly reason: "timeout" | "disconnected" };

export interface ConversationOptions {
  readonly timing: ResumeTiming;
  readonly ledger: () => LedgerState;
  readonly updateLedger: (next: LedgerState) => void;
  readonly send: (channel: "register" | "resume", payload: Uint8Array) => void;
  readonly onResume: (event: ResumeEvent) => void;
  readonly onError: (code: ErrorCode) => void;
}

/** The device's side of asking: one request at a time, with timeout, retries and rate bound, all on the clock. */
export interface ResumeConversation {
  /** There is a connection: asks at once. */
  begin(): void;
  /** There is none any more: nothing is awaited. */
  end(): void;
  /** Something is missing: asks, unless an answer is awaited, and no more often than the rate bound allows. */
  miss(): void;
  /** The ledger went forward. */
  progressed(): void;
  registered(reply: Registration): void;
  resumed(reply: Resumption): void;
  refused(channel: "registered" | "resumed", reply: Refusal): void;
  /** True from the moment that the ledger was found to belong to no log until the next registration. */
  readonly doubtful: boolean;
}

interface Awaited {
  readonly channel: "register" | "resume";
  readonly requestId: string;
  /** The ledger's place when it was last looked at, to see progress. */
  lastMessageId: number;
  /** How the request ended; the newest id that a granted one promised. */
  outcome: "open" | "refused" | { readonly promised: number };
}

/** Makes the conversation of one device. `world.random` should be the device's own fork. */
export function createResumeConversation(world: World, options: ConversationOptions): ResumeConversation {
  const { clock, random } = world;
  const { timing, ledger } = options;
  let online = false;
  let doubtful = false;
  let awaited: Awaited | null = null;
  let registrationId: string | null = null;
  let attempt = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let timer: TimerHandle | null = null;
  let askPlanned = false;

  function arm(delayMs: number, run: () => void): void {
    disarm();
    timer = clock.setTimeout(() => {
      timer = null;
      askPlanned = false;
      run();
    }, delayMs);
  }

  function disarm(): void {
    if (timer !== null) clock.clearTimeout(timer);
    timer = null;
    askPlanned = false;
  }

  function ask(): void {
    closeAs("timeout");
    askedAtMs = clock.monotonicMs();
    const { sessionToken, logId, lastMessageId } = ledger();
    const traceId = random.hex(32);
    arm(retryDelayMs(), expire);
    if (sessionToken === null || logId === null) {
      // Kept over retries and connections, so that all of them are given the same token.
      registrationId ??= random.hex(16);
      awaited = { channel: "register", requestId: registrationId, lastMessageId, outcome: "open" };
      options.send("register", encodeRegisterRequest({ requestId: registrationId, traceId }));
    } else {
      const requestId = random.hex(16);
      awaited = { channel: "resume", requestId, lastMessageId, outcome: "open" };
      options.onResume({ type: "invoked", requestId, traceId, lastMessageId });
      options.send("resume", encodeResumeRequest({ requestId, traceId, sessionToken, logId, lastMessageId }));
    }
  }

  function retryDelayMs(): number {
    const doubledMs = timing.requestTimeoutMs * 2 ** Math.min(attempt, 30);
    return Math.min(timing.longestTimeoutMs, doubledMs) * random.between(1, 1.25);
  }

  function expire(): void {
    if (awaited === null) return;
    const { lastMessageId } = ledger();
    const progress = lastMessageId > awaited.lastMessageId;
    awaited.lastMessageId = lastMessageId;
    attempt = progress ? 0 : attempt + 1;
    // A long replay is under way.
    if (progress && typeof awaited.outcome === "object") arm(retryDelayMs(), expire);
    // The first contact is tried for as long as there is a connection: without it the device can do nothing else.
    else if (awaited.channel === "register" || attempt < timing.maxAttempts) ask();
    else giveUp();
  }

  function giveUp(): void {
    rest("timeout");
    options.onError("COMP_1005");
  }

  function rest(reason: "timeout" | "disconnected"): void {
    closeAs(reason);
    awaited = null;
    attempt = 0;
    disarm();
    if (online && timing.recheckIntervalMs > 0) arm(timing.recheckIntervalMs * random.between(1, 1.25), ask);
  }

  function closeAs(reason: "timeout" | "disconnected"): void {
    if (awaited?.channel !== "resume" || awaited.outcome !== "open") return;
    awaited.outcome = "refused";
    options.onResume({ type: "info", requestId: awaited.requestId, reason });
  }

  function planAsk(): void {
    awaited = null;
    const waitMs = askedAtMs + timing.minIntervalMs - clock.monotonicMs();
    arm(Math.max(0, waitMs), ask);
    askPlanned = true;
  }

  function restWhenComplete(): void {
    const outcome = awaited?.outcome;
    if (typeof outcome === "object" && ledger().lastMessageId >= outcome.promised) rest("timeout");
  }

  return {
    get doubtful() {
      return doubtful;
    },
    begin() {
      online = true;
      rest("disconnected");
      ask();
    },
    end() {
      online = false;
      rest("disconnected");
    },
    miss() {
      if (online && awaited === null && !askPlanned) planAsk();
    },
    progressed: restWhenComplete,
    registered(reply) {
      if (awaited?.channel !== "register" || reply.requestId !== registrationId) return;
      const before = ledger();
      const next = registeredWith(before, reply, doubtful);
      // Said once: COMP_1004 was already reported when the doubt came up.
      const strange = before.logId !== null && before.logId !== next.logId && !doubtful;
      doubtful = false;
      registrationId = null;
      options.updateLedger(next);
      if (strange) options.onError("COMP_1004");
      if (online) ask();
    },
    resumed(reply) {
      if (awaited?.channel !== "resume" || reply.requestId !== awaited.requestId) return;
      if (awaited.outcome !== "open") return;
      const { headMessageId, replayCount: replayed } = reply;
      awaited.outcome = { promised: headMessageId };
      options.onResume({ type: "ok", requestId: reply.requestId, replayed, headMessageId });
      restWhenComplete();
    },
    refused(channel, reply) {
      const expected = channel === "registered" ? "register" : "resume";
      // A refusal that was meant for an earlier request must not cost the token that replaced it.
      const ours = awaited?.channel === expected && awaited.requestId === reply.requestId;
      if (awaited === null || !ours || awaited.outcome !== "open") return;
      awaited.outcome = "refused";
      if (expected === "resume")
        options.onResume({ type: "fail", requestId: awaited.requestId, code: reply.code });
      options.onError(reply.code);
      // Unreadable for the service: asked again when the timer says so.
      if (expected === "register" || reply.code === "COMP_1002") return;
      if (reply.code === "COMP_1004") doubtful = true;
      options.updateLedger(withoutToken(ledger()));
      attempt += 1;
      if (attempt >= timing.maxAttempts) rest("timeout");
      else planAsk();
    },
  };
}
