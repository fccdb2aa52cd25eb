import { assign, setup } from "xstate";
import type { ErrorCode } from "../errors.ts";
import type { LifecycleState, StateEntry } from "../history/entry.ts";
import { isPermanentRefusal } from "./refusal.ts";

/** One change of state, as the history records it. */
export type ConnectionTransition = Omit<StateEntry, "type" | "actor" | "atMs" | "code"> & {
  readonly code?: ErrorCode;
};

/** What happened to a connection. */
export type ConnectionEvent =
  | { readonly type: "connectRequested" }
  | { readonly type: "connackReceived"; readonly sessionPresent: boolean }
  | { readonly type: "connackRefused"; readonly returnCode: number; readonly reason: string }
  /** The stream could not be opened, or closed before the CONNACK. */
  | { readonly type: "handshakeFailed"; readonly reason: string }
  | { readonly type: "connectionLost"; readonly reason: string }
  | { readonly type: "heartbeatTimedOut" }
  /** The first heartbeat was answered: the retries are forgiven. */
  | { readonly type: "connectionProven" }
  | { readonly type: "stopRequested" }
  /** The device lost its power: like a stop, without a word to the broker. */
  | { readonly type: "powerCut" };

/** What the machine causes. Every effect must be safe when there is nothing to do. */
export interface ConnectionEffects {
  /** Told of every transition, in order. */
  announce(transition: ConnectionTransition): void;
  openStream(): void;
  /** Closes the stream hard: nothing of it is heard of any more. */
  abandonStream(): void;
  /** Sends DISCONNECT and closes the stream. */
  sayGoodbye(): void;
  startHeartbeat(): void;
  stopHeartbeat(): void;
  remakeSubscriptions(): void;
  /** Decides what becomes of open publishes: the connection is lost, another may follow. */
  settleLost(): void;
  /** Ends all open publishes: no other connection follows. */
  settleAll(): void;
  /** `reason` is why the last try failed, in words. */
  tellUnavailable(code: ErrorCode, reason: string): void;
  /** Told of an event that means nothing in the present state; it changed nothing. */
  reportIgnored(state: LifecycleState, event: string): void;
}

interface ConnectionMachineInput {
  /** How many retries may follow each other without success; Infinity for unbounded. */
  readonly retryBudget: number;
  readonly handshakeTimeoutMs: number;
  /** Asked once per retry. */
  readonly drawDelayMs: (retry: { readonly attempt: number; readonly previousDelayMs?: number }) => number;
  readonly effects: ConnectionEffects;
}

interface ConnectionContext extends ConnectionMachineInput {
  readonly from: LifecycleState;
  readonly state: LifecycleState;
  /** True from the first connectRequested on: a lost connection is then tried again. */
  readonly wanted: boolean;
  readonly epoch: number;
  readonly sessionPresent: boolean;
  /** Retries since the last proven connection. */
  readonly retries: number;
  readonly delayMs: number;
  readonly cause: string;
  readonly code: ErrorCode | undefined;
  readonly reason: string;
}

const connection = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionMachineInput,
  },
  guards: {
    wanted: ({ context }) => context.wanted,
    wantedWithinBudget: ({ context }) => context.wanted && context.retries < context.retryBudget,
    withinBudget: ({ context }) => context.retries < context.retryBudget,
    refusedForGood: ({ event }) => event.type === "connackRefused" && isPermanentRefusal(event.returnCode),
  },
  delays: {
    handshakeTimeout: ({ context }) => context.handshakeTimeoutMs,
    backoffDelay: ({ context }) => context.delayMs,
  },
  actions: {
    /** Notes why the transition is taken; the cause is the event's name unless another is given. */
    because: assign(({ event }, why: { readonly code?: ErrorCode; readonly cause?: string }) => {
      const cause = why.cause ?? event.type;
      return { cause, code: why.code, reason: "reason" in event ? event.reason : cause };
    }),
    /** Keeps the reason: that of the last failure. */
    giveUp: assign({ cause: "retryBudgetSpent", code: "CONN_1006" }),
    enter: assign(({ context }, { state }: { readonly state: LifecycleState }) => ({
      from: context.state,
      state,
    })),
    want: assign({ wanted: true }),
    forgiveRetries: assign({ retries: 0, delayMs: 0 }),
    countHandshake: assign(({ context, event }) => ({
      epoch: context.epoch + 1,
      sessionPresent: event.type === "connackReceived" && event.sessionPresent,
    })),
    scheduleRetry: assign(({ context }) => ({
      delayMs: context.drawDelayMs({
        attempt: context.retries,
        ...(context.retries > 0 && { previousDelayMs: context.delayMs }),
      }),
      retries: context.retries + 1,
    })),
    announce: ({ context }) => {
      // The machine enters its initial state without having been anywhere.
      if (context.from !== context.state) context.effects.announce(describeTransition(context));
    },
    openStream: ({ context }) => context.effects.openStream(),
    abandonStream: ({ context }) => context.effects.abandonStream(),
    sayGoodbye: ({ context }) => context.effects.sayGoodbye(),
    startHeartbeat: ({ context }) => context.effects.startHeartbeat(),
    stopHeartbeat: ({ context }) => context.effects.stopHeartbeat(),
    remakeSubscriptions: ({ context }) => context.effects.remakeSubscriptions(),
    settleLost: ({ context }) => context.effects.settleLost(),
    settleAll: ({ context }) => context.effects.settleAll(),
    tellUnavailable: ({ context }) =>
      context.effects.tellUnavailable(context.code ?? "CONN_1006", context.reason),
    reportIgnored: ({ context, event }) => context.effects.reportIgnored(context.state, event.type),
  },
});

/** A failed try is followed by a retry while the budget lasts. */
function retryOrGiveUp(why: { readonly code: ErrorCode; readonly cause?: string }) {
  return [
    { guard: "withinBudget", target: "backingOff", actions: { type: "because", params: why } },
    { target: "unavailable", actions: [{ type: "because", params: why }, "giveUp"] },
  ] as const;
}

function enter(state: LifecycleState) {
  return { type: "enter", params: { state } } as const;
}

/**
 * The lifecycle of one client's connections: the only place that decides what follows what. Events are facts, actions
 * are effects of the outside; events that mean nothing in a state are reported and change nothing.
 *
 * ```
 * disconnected ──► connecting ──► connected ──► disconnected (lost, or no heartbeat answered)
 *      │              │   ▲                          │
 *      │     failed   ▼   │ after the delay          │ while wanted
 *      │          backingOff ◄───────────────────────┤
 *      │              │ budget spent, or refused     │
 *      │              └──► unavailable ◄─────────────┘      every state ──► stopped
 * ```
 *
 * A connection that is lost before it has proven itself does not renew the retry budget, so a flapping link keeps
 * backing off. Run it with `createActor(connectionMachine, { clock: world.clock, input })`.
 */
export const connectionMachine = connection.createMachine({
  id: "connection",
  context: ({ input }) => ({
    ...input,
    from: "disconnected",
    state: "disconnected",
    wanted: false,
    epoch: 0,
    sessionPresent: false,
    retries: 0,
    delayMs: 0,
    cause: "",
    code: undefined,
    reason: "",
  }),
  initial: "disconnected",
  on: {
    "*": { actions: "reportIgnored" },
    stopRequested: { target: ".stopped", actions: ["abandonStream", { type: "because", params: {} }] },
    powerCut: { target: ".stopped", actions: ["abandonStream", { type: "because", params: {} }] },
  },
  states: {
    disconnected: {
      entry: ["abandonStream", enter("disconnected"), "announce", "settleLost"],
      always: [
        { guard: "wantedWithinBudget", target: "backingOff" },
        { guard: "wanted", target: "unavailable", actions: "giveUp" },
      ],
      on: {
        connectRequested: { target: "connecting", actions: ["want", { type: "because", params: {} }] },
      },
    },
    connecting: {
      entry: [enter("connecting"), "announce", "openStream"],
      after: {
        handshakeTimeout: retryOrGiveUp({ code: "CONN_1002", cause: "handshakeTimedOut" }),
      },
      on: {
        connackReceived: {
          target: "connected",
          actions: ["countHandshake", { type: "because", params: {} }],
        },
        connackRefused: [
          {
            guard: "refusedForGood",
            target: "unavailable",
            actions: { type: "because", params: { code: "CONN_1003" } },
          },
          ...retryOrGiveUp({ code: "CONN_1003" }),
        ],
        handshakeFailed: retryOrGiveUp({ code: "CONN_1001" }),
      },
    },
    connected: {
      entry: [enter("connected"), "announce", "remakeSubscriptions", "startHeartbeat"],
      exit: "stopHeartbeat",
      on: {
        connectionLost: {
          target: "disconnected",
          actions: { type: "because", params: { code: "CONN_1005" } },
        },
        heartbeatTimedOut: {
          target: "disconnected",
          actions: { type: "because", params: { code: "CONN_1004" } },
        },
        connectionProven: { actions: "forgiveRetries" },
        stopRequested: { target: "stopped", actions: ["sayGoodbye", { type: "because", params: {} }] },
      },
    },
    backingOff: {
      entry: ["abandonStream", "scheduleRetry", enter("backingOff"), "announce"],
      after: {
        backoffDelay: {
          target: "connecting",
          actions: { type: "because", params: { cause: "backoffElapsed" } },
        },
      },
    },
    unavailable: {
      entry: ["abandonStream", enter("unavailable"), "announce", "tellUnavailable"],
      on: {
        connectRequested: {
          target: "connecting",
          actions: ["forgiveRetries", { type: "because", params: {} }],
        },
      },
    },
    stopped: { type: "final", entry: [enter("stopped"), "announce", "settleAll"] },
  },
});

function describeTransition(context: ConnectionContext): ConnectionTransition {
  const { from, state, cause, epoch, code } = context;
  return {
    from,
    to: state,
    cause,
    epoch,
    ...(state === "connected" && { sessionPresent: context.sessionPresent }),
    ...(state === "backingOff" && { attempt: context.retries - 1, delayMs: context.delayMs }),
    ...(code !== undefined && { code }),
  };
}
