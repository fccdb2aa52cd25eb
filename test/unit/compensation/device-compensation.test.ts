import { describe, expect, it } from "vitest";
import { createDeviceCompensation } from "../../../src/compensation/device-compensation.ts";
import {
  createMemoryLedgerStore,
  emptyLedger,
  type LedgerState,
} from "../../../src/compensation/device-ledger.ts";
import { encodeDownlink, encodeRegisterReply, encodeResumeReply } from "../../../src/compensation/encode.ts";
import type { RefusalCode } from "../../../src/compensation/protocol.ts";
import type { ResumeTiming } from "../../../src/compensation/resume-conversation.ts";
import { createTelemetry, type Fact } from "../../../src/observability/telemetry.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { topics } from "./rig.ts";

const token = "0123456789abcdef0123456789abcdef";
const known: LedgerState = { logId: "log-1", lastMessageId: 5, sessionToken: token };

/** A device whose service is played by the test. */
function setUp(initial: LedgerState = known, timing: Partial<ResumeTiming> = {}) {
  const clock = createManualClock();
  const requests: {
    readonly channel: string;
    readonly atMs: number;
    readonly message: Record<string, unknown>;
  }[] = [];
  const seen: unknown[] = [];
  const facts: Fact[] = [];
  const store = createMemoryLedgerStore(initial);
  let onProcess = (_id: number) => {};
  const device = createDeviceCompensation({
    world: createWorld({ seed: "device", clock }),
    device: "a",
    topics,
    telemetry: createTelemetry([(fact) => facts.push(fact)]),
    store,
    timing,
    maxAheadMessages: 3,
    send(topic, payload) {
      const channel = topics.parse(topic)?.channel ?? topic;
      requests.push({
        channel,
        atMs: clock.monotonicMs(),
        message: JSON.parse(Buffer.from(payload).toString()),
      });
    },
    events: {
      process(id) {
        seen.push(id);
        onProcess(id);
      },
      onGap: (from, to) => seen.push(`gap ${from}-${to}`),
      onError: (code) => seen.push(code),
    },
  });
  const lastRequest = () => {
    const request = requests.at(-1);
    if (request === undefined) throw new Error("The device did not ask.");
    return request;
  };
  const ids = () => ({ requestId: String(lastRequest().message.request_id), traceId: "t" });
  const hear = (channel: "registered" | "resumed" | "downlink", payload: Uint8Array) =>
    device.handle(topics.of("a", channel), payload);
  return {
    clock,
    device,
    store,
    requests,
    seen,
    facts,
    lastRequest,
    hear,
    whenProcessing(run: (id: number) => void) {
      onProcess = run;
    },
    message: (messageId: number, logId = "log-1") =>
      hear("downlink", encodeDownlink({ logId, messageId, traceId: "t", via: "live" }, "1")),
    grant(headMessageId: number, gap: { from: number; to: number } | null = null, more: object = {}) {
      const counts = { logId: "log-1", headMessageId, replayCount: 0, gap };
      hear("resumed", encodeResumeReply({ ok: true, ...ids(), ...counts, ...more }));
    },
    register: (logId: string, headMessageId: number) =>
      hear(
        "registered",
        encodeRegisterReply({ ok: true, ...ids(), sessionToken: token, logId, headMessageId }),
      ),
    refuse: (code: RefusalCode, more: object = {}) =>
      hear("resumed", encodeResumeReply({ ok: false, ...ids(), code, ...more })),
  };
}

describe("a device's message compensation", () => {
  it("registers at its first connection, then asks for everything from the beginning", () => {
    const { device, lastRequest, register, store } = setUp(emptyLedger);
    device.onConnected();
    expect(lastRequest().channel).toBe("register");
    register("log-1", 7);
    expect(lastRequest()).toMatchObject({
      channel: "resume",
      message: { last_msg_id: 0, session_token: token, log_id: "log-1" },
    });
    expect(store.load()).toEqual({ logId: "log-1", lastMessageId: 0, sessionToken: token });
  });

  it("repeats its registration under one request id until it is answered, also over connections", () => {
    const { device, clock, requests } = setUp(emptyLedger);
    device.onConnected();
    clock.advance(600_000);
    device.onDisconnected();
    device.onConnected();
    expect(requests.length).toBeGreaterThan(5);
    expect(new Set(requests.map(({ message }) => message.request_id)).size).toBe(1);
  });

  it("ignores the answer to a registration that is not its own", () => {
    const { device, hear, store } = setUp(emptyLedger);
    device.onConnected();
    const other = {
      ok: true,
      requestId: "other",
      traceId: "t",
      sessionToken: token,
      logId: "x",
      headMessageId: 0,
    } as const;
    hear("registered", encodeRegisterReply(other));
    expect(store.load()).toEqual(emptyLedger);
  });

  it("asks after each connect for what came after its last message, and saves what it processed", () => {
    const { device, lastRequest, grant, message, seen, store } = setUp();
    device.onConnected();
    expect(lastRequest().message).toMatchObject({ v: 1, last_msg_id: 5, session_token: token });
    grant(7);
    for (const id of [6, 7, 7, 6]) message(id);
    expect(seen).toEqual([6, 7]);
    expect(store.load().lastMessageId).toBe(7);
  });

  it("holds live messages that arrive before the replay reached them", () => {
    const { device, grant, message, seen } = setUp();
    device.onConnected();
    for (const id of [8, 7]) message(id);
    grant(8);
    expect(seen).toEqual([]);
    message(6);
    expect(seen).toEqual([6, 7, 8]);
  });

  it("holds no more messages than it has room for, and asks for the rest", () => {
    const { device, clock, grant, message, seen, lastRequest } = setUp();
    device.onConnected();
    grant(5);
    for (const id of [7, 8, 9, 10, 11]) message(id);
    clock.advance(1_000);
    expect(lastRequest().message.last_msg_id).toBe(5);
    message(6);
    expect(seen).toEqual([6, 7, 8, 9]);
  });

  it("asks by itself when it sees a hole, but not more often than its rate bound", () => {
    const { device, clock, grant, message, requests } = setUp(known, { minIntervalMs: 1_000 });
    device.onConnected();
    grant(5);
    clock.advance(300);
    for (const id of [7, 9, 11]) message(id);
    expect(requests).toHaveLength(1);
    clock.advance(699);
    expect(requests).toHaveLength(1);
    clock.advance(1);
    grant(5);
    message(11);
    clock.advance(5_000);
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_000]);
  });

  it("asks about a hole that showed while another replay was under way", () => {
    const { device, clock, grant, message, requests } = setUp();
    device.onConnected();
    grant(6);
    message(8);
    message(6);
    clock.advance(1_000);
    expect(requests.map(({ message: sent }) => sent.last_msg_id)).toEqual([5, 6]);
  });

  it("reports a gap with its range and goes on after it", () => {
    const { device, grant, message, seen, store, facts } = setUp();
    device.onConnected();
    message(12);
    grant(12, { from: 6, to: 11 });
    message(13);
    expect(seen).toEqual(["gap 6-11", 12, 13]);
    expect(store.load().lastMessageId).toBe(13);
    expect(facts).toContainEqual(expect.objectContaining({ name: "compensation.gap", code: "COMP_1003" }));
  });

  it("reports only the part of a gap that it does not hold", () => {
    const { device, grant, message, seen } = setUp();
    device.onConnected();
    for (const id of [8, 9]) message(id);
    grant(12, { from: 6, to: 11 });
    expect(seen).toEqual(["gap 6-7", 8, 9, "gap 10-11"]);
  });

  it("waits with a gap that begins later until the messages before it came", () => {
    const { device, grant, message, seen } = setUp();
    device.onConnected();
    grant(12, { from: 7, to: 11 });
    expect(seen).toEqual([]);
    message(6);
    expect(seen).toEqual([6, "gap 7-11"]);
  });

  it("believes a gap also in the late reply to an earlier request", () => {
    const { device, clock, grant, seen, requests } = setUp();
    device.onConnected();
    clock.advance(20_000);
    expect(requests.length).toBeGreaterThan(1);
    grant(9, { from: 6, to: 9 }, { requestId: requests[0]?.message.request_id });
    expect(seen).toEqual(["gap 6-9"]);
  });

  it("asks again with growing patience, gives up after its bound, and says so", () => {
    const { device, clock, requests, seen } = setUp(known, {
      requestTimeoutMs: 1_000,
      maxAttempts: 4,
      recheckIntervalMs: 0,
    });
    device.onConnected();
    clock.advance(600_000);
    expect(requests).toHaveLength(4);
    const waits = requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
    for (const [index, waitMs] of waits.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual(1_000 * 2 ** index);
      expect(waitMs).toBeLessThanOrEqual(1_250 * 2 ** index);
    }
    expect(seen).toEqual(["COMP_1005"]);
    expect(clock.pending).toBe(0);
  });

  it("takes the late reply to a request that it gave up as a reason to ask again", () => {
    const { device, clock, grant, requests } = setUp(known, { maxAttempts: 1, recheckIntervalMs: 0 });
    device.onConnected();
    clock.advance(60_000);
    expect(requests).toHaveLength(1);
    grant(9);
    clock.advance(1_000);
    expect(requests).toHaveLength(2);
  });

  it("keeps what it holds over a reconnect", () => {
    const { device, grant, message, seen } = setUp();
    device.onConnected();
    message(7);
    device.onDisconnected();
    device.onConnected();
    grant(7);
    message(6);
    expect(seen).toEqual([6, 7]);
  });

  it("asks again when a granted replay stops half-way", () => {
    const { device, clock, grant, message, lastRequest } = setUp();
    device.onConnected();
    grant(9);
    message(6);
    clock.advance(15_000);
    expect(lastRequest().message.last_msg_id).toBe(6);
  });

  it("does not ask again while a long replay makes progress", () => {
    const { device, clock, grant, message, requests } = setUp(known, { requestTimeoutMs: 1_000 });
    device.onConnected();
    grant(100);
    for (let id = 6; id <= 100; id += 1) {
      message(id);
      clock.advance(900);
    }
    expect(requests).toHaveLength(1);
  });

  it("looks now and then whether it missed the newest message", () => {
    const { device, clock, grant, requests } = setUp(known, { recheckIntervalMs: 30_000 });
    device.onConnected();
    grant(5);
    clock.advance(29_999);
    expect(requests).toHaveLength(1);
    clock.advance(7_501);
    expect(requests).toHaveLength(2);
  });

  it("registers anew when its token is refused, keeps its place, and does not hammer", () => {
    const { device, clock, refuse, register, requests, lastRequest, seen } = setUp();
    device.onConnected();
    refuse("COMP_1001");
    clock.advance(999);
    expect(requests).toHaveLength(1);
    clock.advance(1);
    expect(lastRequest().channel).toBe("register");
    register("log-1", 9);
    expect(lastRequest().message.last_msg_id).toBe(5);
    expect(seen).toEqual(["COMP_1001"]);
  });

  it("stops asking after some refusals in a row", () => {
    const { device, clock, refuse, register, requests } = setUp(known, {
      maxAttempts: 3,
      recheckIntervalMs: 0,
    });
    device.onConnected();
    for (let turn = 0; turn < 10 && requests.at(-1)?.channel === "resume"; turn += 1) {
      refuse("COMP_1001");
      clock.advance(1_000);
      if (requests.at(-1)?.channel === "register") register("log-1", 9);
      else break;
    }
    expect(requests.filter(({ channel }) => channel === "resume")).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it("keeps its token when a refusal belongs to an earlier request, or to none", () => {
    const { device, refuse, store } = setUp();
    device.onConnected();
    refuse("COMP_1001", { requestId: "earlier" });
    refuse("COMP_1001", { requestId: null });
    expect(store.load().sessionToken).toBe(token);
  });

  it("starts over with another log, and says that its place in the old one is lost", () => {
    const { device, clock, refuse, register, message, seen, lastRequest } = setUp();
    device.onConnected();
    refuse("COMP_1001");
    clock.advance(1_000);
    register("log-2", 1);
    expect(lastRequest().message).toMatchObject({ last_msg_id: 0, log_id: "log-2" });
    message(6, "log-1");
    message(1, "log-2");
    expect(seen).toEqual(["COMP_1001", "COMP_1004", 1]);
  });

  it("forgets what it held of another log", () => {
    const { device, clock, refuse, register, message, seen } = setUp();
    device.onConnected();
    message(7);
    refuse("COMP_1001");
    clock.advance(1_000);
    register("log-2", 6);
    for (const id of [1, 2, 3, 4, 5, 6]) message(id, "log-2");
    expect(seen.slice(2)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("processes nothing while the service doubts its ledger, then goes back with the log", () => {
    const { device, clock, refuse, register, message, seen, lastRequest } = setUp();
    device.onConnected();
    refuse("COMP_1004");
    message(6);
    clock.advance(1_000);
    expect(lastRequest().channel).toBe("register");
    register("log-1", 3);
    expect(lastRequest().message.last_msg_id).toBe(3);
    message(4);
    expect(seen).toEqual(["COMP_1004", 4]);
  });

  it("drops messages of another log and asks what happened", () => {
    const { device, clock, grant, message, seen, requests } = setUp();
    device.onConnected();
    grant(5);
    message(6, "log-2");
    clock.advance(1_000);
    expect(seen).toEqual([]);
    expect(requests).toHaveLength(2);
  });

  it("reports unreadable payloads and goes on", () => {
    const { device, hear, message, seen } = setUp();
    device.onConnected();
    for (const channel of ["downlink", "resumed", "registered"] as const)
      hear(channel, Buffer.from("{nonsense"));
    message(6);
    expect(seen).toEqual(["BIZ_1001", "BIZ_1001", "BIZ_1001", 6]);
  });

  it("ignores the topics of others", () => {
    const { device, seen } = setUp();
    const payload = encodeDownlink({ logId: "log-1", messageId: 6, traceId: "t", via: "live" }, "1");
    device.handle(topics.of("b", "downlink"), payload);
    expect(seen).toEqual([]);
  });

  it("counts a message as processed when the application throws", () => {
    const { device, message, seen, whenProcessing, facts } = setUp();
    whenProcessing(() => {
      throw new Error("no such tariff");
    });
    device.onConnected();
    for (const id of [6, 7]) message(id);
    expect(seen).toEqual([6, 7]);
    expect(facts.filter(({ name }) => name === "compensation.process-failed")).toHaveLength(2);
  });

  it("stays in order when processing a message makes another arrive", () => {
    const { device, message, seen, whenProcessing } = setUp();
    whenProcessing((id) => {
      if (id < 9) for (const next of [id, id + 1]) message(next);
    });
    device.onConnected();
    message(6);
    expect(seen).toEqual([6, 7, 8, 9]);
  });

  it("sees no hole where a held message arrived again and was processed", () => {
    const { device, clock, grant, message, requests, seen, whenProcessing } = setUp();
    device.onConnected();
    message(7);
    grant(7);
    whenProcessing((id) => {
      if (id === 6) message(7);
    });
    message(6);
    clock.advance(30_000);
    expect(seen).toEqual([6, 7]);
    expect(requests).toHaveLength(1);
  });

  it("remembers its place and its token over a restart", () => {
    const { device, grant, message, store } = setUp();
    device.onConnected();
    grant(6);
    message(6);
    const { device: restarted, lastRequest } = setUp(store.load());
    restarted.onConnected();
    expect(lastRequest()).toMatchObject({
      channel: "resume",
      message: { last_msg_id: 6, session_token: token },
    });
  });

  it("leaves no timer running when disconnected, and asks nothing then", () => {
    const { device, clock, message, requests } = setUp();
    device.onConnected();
    device.onDisconnected();
    message(9);
    clock.advance(600_000);
    expect(clock.pending).toBe(0);
    expect(requests).toHaveLength(1);
  });
});
