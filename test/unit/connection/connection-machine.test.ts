import { describe, expect, test } from "vitest";
import { createActor } from "xstate";
import {
  type ConnectionEffects,
  type ConnectionEvent,
  type ConnectionTransition,
  connectionMachine,
} from "../../../src/connection/connection-machine.ts";
import type { LifecycleState } from "../../../src/history/entry.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

const retryDelayMs = 1_000;
const handshakeTimeoutMs = 10_000;

/** The machine alone: effects are only noted. */
function setUp(retryBudget = 5) {
  const clock = createManualClock();
  const transitions: ConnectionTransition[] = [];
  const effects: string[] = [];
  const ignored: { state: LifecycleState; event: string }[] = [];
  const note = (name: string) => () => void effects.push(name);
  const noted: ConnectionEffects = {
    announce: (transition) => void transitions.push(transition),
    openStream: note("openStream"),
    abandonStream: note("abandonStream"),
    sayGoodbye: note("sayGoodbye"),
    startHeartbeat: note("startHeartbeat"),
    stopHeartbeat: note("stopHeartbeat"),
    remakeSubscriptions: note("remakeSubscriptions"),
    settleLost: note("settleLost"),
    settleAll: note("settleAll"),
    tellUnavailable: (code, reason) => void effects.push(`tellUnavailable ${code} ${reason}`),
    reportIgnored: (state, event) => void ignored.push({ state, event }),
  };
  const actor = createActor(connectionMachine, {
    clock,
    input: {
      retryBudget,
      handshakeTimeoutMs,
      drawDelayMs: ({ attempt }) => retryDelayMs * (attempt + 1),
      effects: noted,
    },
  }).start();
  const send = (...events: readonly ConnectionEvent[]) => {
    for (const event of events) actor.send(event);
  };
  return { clock, actor, send, transitions, effects, ignored, state: () => actor.getSnapshot().value };
}

const connectRequested = { type: "connectRequested" } as const;
const connackReceived = { type: "connackReceived", sessionPresent: false } as const;
const handshakeFailed = { type: "handshakeFailed", reason: "no answer" } as const;
const connectionLost = { type: "connectionLost", reason: "reset" } as const;
const heartbeatTimedOut = { type: "heartbeatTimedOut" } as const;
const connectionProven = { type: "connectionProven" } as const;
const refused = (returnCode: number) => ({ type: "connackRefused", returnCode, reason: "no" }) as const;

const wayTo: Readonly<Record<Exclude<LifecycleState, "stopped">, readonly ConnectionEvent[]>> = {
  disconnected: [],
  connecting: [connectRequested],
  connected: [connectRequested, connackReceived],
  backingOff: [connectRequested, handshakeFailed],
  unavailable: [connectRequested, refused(5)],
};

/** Where each event leads; what is not named is ignored. */
const table: Readonly<Record<keyof typeof wayTo, Readonly<Record<string, LifecycleState>>>> = {
  disconnected: { connectRequested: "connecting", stopRequested: "stopped", powerCut: "stopped" },
  connecting: {
    connackReceived: "connected",
    "connackRefused 5": "unavailable",
    "connackRefused 3": "backingOff",
    handshakeFailed: "backingOff",
    stopRequested: "stopped",
    powerCut: "stopped",
  },
  connected: {
    connectionLost: "backingOff",
    heartbeatTimedOut: "backingOff",
    connectionProven: "connected",
    stopRequested: "stopped",
    powerCut: "stopped",
  },
  backingOff: { stopRequested: "stopped", powerCut: "stopped" },
  unavailable: { connectRequested: "connecting", stopRequested: "stopped", powerCut: "stopped" },
};

const allEvents: readonly ConnectionEvent[] = [
  connectRequested,
  connackReceived,
  refused(3),
  refused(5),
  handshakeFailed,
  connectionLost,
  heartbeatTimedOut,
  connectionProven,
  { type: "stopRequested" },
  { type: "powerCut" },
];

const everyPair = (Object.keys(wayTo) as (keyof typeof wayTo)[]).flatMap((state) =>
  allEvents.map((event) => {
    const name = event.type === "connackRefused" ? `${event.type} ${event.returnCode}` : event.type;
    return { state, event, name, leadsTo: table[state][name] };
  }),
);

describe("connection machine", () => {
  test.each(everyPair)("in $state, $name leads to $leadsTo", ({ state, event, leadsTo }) => {
    const machine = setUp();
    machine.send(...wayTo[state]);
    expect(machine.state()).toBe(state);
    const before = { transitions: machine.transitions.length, effects: machine.effects.length };
    machine.send(event);
    expect(machine.state()).toBe(leadsTo ?? state);
    expect(machine.ignored).toEqual(leadsTo === undefined ? [{ state, event: event.type }] : []);
    if (leadsTo !== undefined) return;
    expect(machine.transitions.length).toBe(before.transitions);
    expect(machine.effects.length).toBe(before.effects);
  });

  test("each transition begins where the last one ended, starting from disconnected", () => {
    const machine = setUp();
    machine.send(connectRequested, connackReceived, connectionProven, heartbeatTimedOut);
    machine.clock.advance(retryDelayMs);
    machine.send({ ...connackReceived, sessionPresent: true }, { type: "stopRequested" });
    expect(machine.transitions).toEqual([
      { from: "disconnected", to: "connecting", cause: "connectRequested", epoch: 0 },
      { from: "connecting", to: "connected", cause: "connackReceived", epoch: 1, sessionPresent: false },
      { from: "connected", to: "disconnected", cause: "heartbeatTimedOut", epoch: 1, code: "CONN_1004" },
      {
        from: "disconnected",
        to: "backingOff",
        cause: "heartbeatTimedOut",
        epoch: 1,
        attempt: 0,
        delayMs: retryDelayMs,
        code: "CONN_1004",
      },
      { from: "backingOff", to: "connecting", cause: "backoffElapsed", epoch: 1 },
      { from: "connecting", to: "connected", cause: "connackReceived", epoch: 2, sessionPresent: true },
      { from: "connected", to: "stopped", cause: "stopRequested", epoch: 2 },
    ]);
  });

  test("waits exactly the recorded delay before the retry", () => {
    const machine = setUp();
    machine.send(connectRequested, handshakeFailed);
    machine.clock.advance(retryDelayMs - 1);
    expect(machine.state()).toBe("backingOff");
    machine.clock.advance(1);
    expect(machine.state()).toBe("connecting");
  });

  test("a handshake without an answer ends at its timeout", () => {
    const machine = setUp();
    machine.send(connectRequested);
    machine.clock.advance(handshakeTimeoutMs - 1);
    expect(machine.state()).toBe("connecting");
    machine.clock.advance(1);
    expect(machine.transitions.at(-1)).toMatchObject({
      to: "backingOff",
      cause: "handshakeTimedOut",
      code: "CONN_1002",
    });
    expect(machine.effects).toContain("abandonStream");
  });

  test("after the retry budget it is unavailable, told exactly once, and quiet", () => {
    const machine = setUp(2);
    machine.send(connectRequested);
    for (let tries = 0; tries < 3; tries += 1) {
      machine.send(handshakeFailed);
      if (tries < 2) machine.clock.advance(retryDelayMs * (tries + 1));
    }
    expect(machine.transitions.filter(({ to }) => to === "backingOff").map(({ attempt }) => attempt)).toEqual(
      [0, 1],
    );
    expect(machine.transitions.at(-1)).toMatchObject({
      from: "connecting",
      to: "unavailable",
      cause: "retryBudgetSpent",
      code: "CONN_1006",
    });
    machine.clock.advance(1_000_000);
    expect(machine.effects.filter((effect) => effect.startsWith("tell"))).toEqual([
      "tellUnavailable CONN_1006 no answer",
    ]);
    expect(machine.clock.pending).toBe(0);
  });

  test("a budget of 0 gives up at the first failure, before and after the handshake", () => {
    const unreachable = setUp(0);
    unreachable.send(connectRequested, handshakeFailed);
    expect(unreachable.state()).toBe("unavailable");
    const lost = setUp(0);
    lost.send(connectRequested, connackReceived, connectionProven, connectionLost);
    expect(lost.transitions.map(({ to }) => to)).toEqual([
      "connecting",
      "connected",
      "disconnected",
      "unavailable",
    ]);
  });

  test("an unbounded budget never gives up", () => {
    const machine = setUp(Number.POSITIVE_INFINITY);
    machine.send(connectRequested);
    for (let tries = 0; tries < 200; tries += 1) {
      machine.send(handshakeFailed);
      machine.clock.advance(retryDelayMs * (tries + 1));
    }
    expect(machine.state()).toBe("connecting");
  });

  test("a flapping link keeps backing off: only a proven connection renews the budget", () => {
    const flapping = setUp(3);
    flapping.send(connectRequested);
    for (let tries = 0; tries < 4; tries += 1) {
      flapping.send(connackReceived, connectionLost);
      flapping.clock.advance(100 * retryDelayMs);
    }
    expect(flapping.transitions.filter(({ to }) => to === "backingOff").map((t) => t.attempt)).toEqual([
      0, 1, 2,
    ]);
    expect(flapping.state()).toBe("unavailable");

    const healthy = setUp(3);
    healthy.send(connectRequested);
    for (let tries = 0; tries < 20; tries += 1) {
      healthy.send(connackReceived, connectionProven, connectionLost);
      healthy.clock.advance(retryDelayMs);
    }
    expect(healthy.state()).toBe("connecting");
  });

  test("a connect request after unavailable renews the budget, and it can become unavailable again", () => {
    const machine = setUp(1);
    for (let rounds = 0; rounds < 2; rounds += 1) {
      machine.send(connectRequested, handshakeFailed);
      machine.clock.advance(retryDelayMs);
      machine.send(handshakeFailed);
      expect(machine.state()).toBe("unavailable");
    }
    expect(machine.effects.filter((effect) => effect.startsWith("tell"))).toHaveLength(2);
  });

  test.each([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87])("a refusal with code %i is not retried", (returnCode) => {
    const machine = setUp();
    machine.send(connectRequested, refused(returnCode));
    expect(machine.transitions.at(-1)).toMatchObject({
      to: "unavailable",
      cause: "connackRefused",
      code: "CONN_1003",
    });
  });

  test.each([3, 0x88, 0x89, 0x97])("a refusal with code %i is retried", (returnCode) => {
    const machine = setUp();
    machine.send(connectRequested, refused(returnCode));
    expect(machine.state()).toBe("backingOff");
  });

  test("a stop says goodbye only when connected, and leaves no timer in any state", () => {
    for (const [state, way] of Object.entries(wayTo)) {
      const machine = setUp();
      machine.send(...way, { type: "stopRequested" });
      expect(machine.effects.includes("sayGoodbye")).toBe(state === "connected");
      expect(machine.effects.at(-1)).toBe("settleAll");
      expect(machine.clock.pending).toBe(0);
    }
  });

  test("the heartbeat runs exactly while connected", () => {
    const machine = setUp();
    machine.send(connectRequested, connackReceived, heartbeatTimedOut);
    machine.clock.advance(retryDelayMs);
    machine.send(connackReceived, { type: "powerCut" });
    expect(machine.effects.filter((effect) => effect.endsWith("Heartbeat"))).toEqual([
      "startHeartbeat",
      "stopHeartbeat",
      "startHeartbeat",
      "stopHeartbeat",
    ]);
  });
});
