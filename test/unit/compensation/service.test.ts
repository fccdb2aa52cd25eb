import { describe, expect, it } from "vitest";
import { encodeRegisterRequest, encodeResumeRequest } from "../../../src/compensation/encode.ts";
import { createMemoryMessageLog } from "../../../src/compensation/memory-message-log.ts";
import { parseRegisterReply } from "../../../src/compensation/protocol.ts";
import { createCompensationService, type ServiceResume } from "../../../src/compensation/service.ts";
import type { StormfleetError } from "../../../src/errors.ts";
import { createTelemetry, type Fact } from "../../../src/observability/telemetry.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { topics } from "./rig.ts";

function setUp(options: { readonly maxMessages?: number; readonly chunkMessages?: number } = {}) {
  const clock = createManualClock();
  const world = createWorld({ seed: "service", clock });
  const log = createMemoryMessageLog(world, { maxMessages: options.maxMessages ?? 1_000 });
  const sent: {
    readonly device: string;
    readonly channel: string;
    readonly message: Record<string, unknown>;
  }[] = [];
  const facts: Fact[] = [];
  const resumes: ServiceResume[] = [];
  let onSend = (_message: Record<string, unknown>) => {};
  const service = createCompensationService({
    world,
    topics,
    log,
    telemetry: createTelemetry([(fact) => facts.push(fact)]),
    chunkMessages: options.chunkMessages ?? 5,
    events: { onResume: (resume) => resumes.push(resume) },
    send(topic, payload) {
      const target = topics.parse(topic);
      if (target === null) throw new Error(`What topic is ${topic}?`);
      const message: Record<string, unknown> = JSON.parse(Buffer.from(payload).toString());
      sent.push({ ...target, message });
      onSend(message);
    },
  });
  let requests = 0;
  /** Registers a device and returns its token. */
  const register = (device: string, requestId = `register-${device}`) => {
    const answered = sent.length;
    service.handle(topics.of(device, "register"), encodeRegisterRequest({ requestId, traceId: "t" }));
    const reply = parseRegisterReply(Buffer.from(JSON.stringify(sent[answered]?.message)));
    if (!reply.ok || !reply.value.ok) throw new Error("The device was not registered.");
    return reply.value.sessionToken;
  };
  const resume = (
    device: string,
    sessionToken: string,
    lastMessageId: number,
    more: { logId?: string; requestId?: string } = {},
  ) => {
    requests += 1;
    const { logId = log.id, requestId = `resume-${requests}` } = more;
    const request = { requestId, traceId: "trace-9", sessionToken, logId, lastMessageId };
    sent.length = 0;
    service.handle(topics.of(device, "resume"), encodeResumeRequest(request));
  };
  const publish = (device: string, count: number) => {
    for (let next = 0; next < count; next += 1) service.publish(device, { next });
  };
  const whenSending = (run: typeof onSend) => {
    onSend = run;
  };
  const idsTo = (device: string) =>
    sent
      .filter((one) => one.device === device && one.channel === "downlink")
      .map(({ message }) => message.msg_id);
  return { clock, log, service, sent, facts, resumes, register, resume, publish, idsTo, whenSending };
}

const from1To = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("the compensation service", () => {
  it("logs and sends a message at once, with ids that count from 1 for each device", () => {
    const { service, sent } = setUp();
    expect([
      service.publish("a", "x"),
      service.publish("b", "y"),
      service.publish("a", "z", "trace-1"),
    ]).toEqual([1, 1, 2]);
    expect(sent.map(({ device, message }) => [device, message.msg_id, message.body, message.via])).toEqual([
      ["a", 1, "x", "live"],
      ["b", 1, "y", "live"],
      ["a", 2, "z", "live"],
    ]);
    expect(sent[2]?.message.trace_id).toBe("trace-1");
  });

  it("replays in order what came after last_msg_id, and echoes the ids of request and trace", () => {
    const { register, resume, publish, clock, sent, idsTo, resumes } = setUp();
    const token = register("a");
    publish("a", 12);
    resume("a", token, 4);
    clock.advance(0);
    expect(sent[0]).toMatchObject({
      channel: "resumed",
      message: {
        ok: true,
        request_id: "resume-1",
        trace_id: "trace-9",
        head_msg_id: 12,
        replay_count: 8,
        gap: null,
      },
    });
    expect(idsTo("a")).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    expect(resumes).toMatchObject([
      { device: "a", lastMessageId: 4, headMessageId: 12, replayCount: 8, gap: null },
    ]);
  });

  it("answers a wrong token with a code and nothing else", () => {
    const { register, resume, publish, clock, sent } = setUp();
    register("a");
    publish("a", 3);
    resume("a", "f".repeat(32), 0);
    clock.advance(1_000);
    expect(sent.map(({ message }) => message)).toEqual([
      { v: 1, ok: false, request_id: "resume-1", trace_id: "trace-9", code: "COMP_1001" },
    ]);
  });

  it("answers a token stolen from another device with a code and nothing else, on either topic", () => {
    const { register, resume, publish, clock, sent } = setUp();
    const tokenOfA = register("a");
    const tokenOfB = register("b");
    publish("a", 3);
    publish("b", 3);
    for (const [device, token] of [
      ["b", tokenOfA],
      ["a", tokenOfB],
    ] as const) {
      resume(device, token, 0);
      clock.advance(1_000);
      expect(sent).toEqual([
        { device, channel: "resumed", message: expect.objectContaining({ code: "COMP_1001" }) },
      ]);
    }
  });

  it("refuses a token after the device registered anew, and after its lifetime", () => {
    const { register, resume, clock, sent } = setUp();
    const old = register("a");
    const current = register("a", "another-registration");
    resume("a", old, 0);
    expect(sent).toMatchObject([{ message: { code: "COMP_1001" } }]);
    resume("a", current, 0);
    expect(sent).toMatchObject([{ message: { ok: true } }]);
    clock.advance(24 * 3_600_000);
    resume("a", current, 0);
    expect(sent).toMatchObject([{ message: { code: "COMP_1001" } }]);
  });

  it("gives a repeated registration the same token, so that a late duplicate revokes nothing", () => {
    const { register } = setUp();
    expect(register("a")).toBe(register("a"));
    expect(register("b")).not.toBe(register("a"));
  });

  it("refuses a last_msg_id that it never gave, and ids of another log", () => {
    const { register, resume, publish, sent, clock } = setUp();
    const token = register("a");
    publish("a", 3);
    resume("a", token, 4);
    clock.advance(0);
    expect(sent.map(({ message }) => message.code)).toEqual(["COMP_1004"]);
    resume("a", token, 3, { logId: "another" });
    clock.advance(0);
    expect(sent.map(({ message }) => message.code)).toEqual(["COMP_1004"]);
  });

  it.each(["", "{", "null", "[]", "42", '{"v":1}', `{"v":1,"pad":"${"x".repeat(1_000_000)}"}`])(
    "answers the unreadable request %.20s with COMP_1002",
    (text) => {
      const { service, sent } = setUp();
      for (const channel of ["resume", "register"] as const)
        service.handle(topics.of("a", channel), Buffer.from(text));
      expect(sent.map(({ message }) => message.code)).toEqual(["COMP_1002", "COMP_1002"]);
      expect(sent.map(({ channel }) => channel)).toEqual(["resumed", "registered"]);
    },
  );

  it("stays silent on topics that are not requests", () => {
    const { service, sent } = setUp();
    for (const topic of ["x", topics.of("a", "downlink"), topics.of("a", "resumed")])
      service.handle(topic, Buffer.from("{}"));
    expect(sent).toEqual([]);
  });

  it("reports the range that its log forgot, and replays the rest", () => {
    const { register, resume, publish, clock, sent, idsTo, facts } = setUp({ maxMessages: 3 });
    const token = register("a");
    publish("a", 10);
    resume("a", token, 2);
    clock.advance(0);
    expect(sent[0]?.message).toMatchObject({ gap: { from: 3, to: 7 }, replay_count: 3, head_msg_id: 10 });
    expect(idsTo("a")).toEqual([8, 9, 10]);
    expect(facts).toContainEqual(
      expect.objectContaining({ name: "compensation.gap", code: "COMP_1003", traceId: "trace-9" }),
    );
  });

  it("reports what the log forgets while the replay is on its way", () => {
    const { register, resume, publish, clock, sent, idsTo } = setUp({ maxMessages: 3, chunkMessages: 1 });
    const token = register("a");
    publish("a", 3);
    resume("a", token, 0);
    publish("a", 4);
    clock.advance(0);
    expect(sent.flatMap(({ message }) => (message.gap ? [message.gap] : []))).toEqual([{ from: 1, to: 4 }]);
    expect(idsTo("a")).toEqual([5, 6, 7]);
  });

  it("queues what is published during a replay behind it", () => {
    const { register, resume, publish, clock, sent, idsTo } = setUp();
    const token = register("a");
    publish("a", 12);
    resume("a", token, 0);
    publish("a", 2);
    expect(idsTo("a")).toEqual([]);
    clock.advance(0);
    expect(idsTo("a")).toEqual(from1To(14));
    expect(sent.slice(-3).map(({ message }) => message.via)).toEqual(["replay", "live", "live"]);
  });

  it("goes on with the replay when its request arrives twice, and starts over for a new request", () => {
    const { register, resume, publish, clock, sent, idsTo } = setUp({ chunkMessages: 1 });
    const token = register("a");
    publish("a", 3);
    resume("a", token, 0, { requestId: "same" });
    resume("a", token, 0, { requestId: "same" });
    clock.advance(0);
    expect(idsTo("a")).toEqual([1, 2, 3]);
    resume("a", token, 0);
    resume("a", token, 1);
    clock.advance(0);
    expect(sent.filter(({ channel }) => channel === "resumed")).toHaveLength(1);
    expect(idsTo("a")).toEqual([2, 3]);
  });

  it("breaks a replay off in the middle of a chunk when the device asks anew", () => {
    const { register, resume, publish, clock, idsTo, whenSending } = setUp();
    const token = register("a");
    publish("a", 12);
    whenSending((message) => {
      if (message.msg_id === 2) resume("a", token, 10);
    });
    resume("a", token, 0);
    clock.advance(0);
    expect(idsTo("a")).toEqual([11, 12]);
  });

  it("lets devices take turns, a chunk each, so that a large backlog holds nobody up", () => {
    const { register, resume, publish, clock, sent } = setUp({ chunkMessages: 5 });
    const tokens = { a: register("a"), b: register("b") };
    publish("a", 20);
    publish("b", 5);
    resume("a", tokens.a, 0);
    resume("b", tokens.b, 0);
    clock.advance(0);
    const order = sent
      .filter(({ channel }) => channel === "downlink")
      .map(({ device }) => device)
      .join("");
    expect(order).toBe("aaaaabbbbbaaaaaaaaaaaaaaa");
  });

  it("survives a transport that throws, and leaves nothing behind when stopped", () => {
    const clock = createManualClock();
    const world = createWorld({ seed: "1", clock });
    const facts: string[] = [];
    const service = createCompensationService({
      world,
      topics,
      log: createMemoryMessageLog(world),
      telemetry: createTelemetry([({ name }) => facts.push(name)]),
      send() {
        throw new Error("not connected");
      },
    });
    expect(service.publish("a", 1)).toBe(1);
    expect(facts).toContain("compensation.send-failed");
    service.stop();
    expect(clock.pending).toBe(0);
  });

  it("stops a replay that is under way", () => {
    const { service, register, resume, publish, clock, idsTo } = setUp();
    const token = register("a");
    publish("a", 5);
    resume("a", token, 0);
    service.stop();
    expect(clock.pending).toBe(0);
    expect(idsTo("a")).toEqual([]);
  });

  it("does not log a body that it could not send", () => {
    const { service, log } = setUp();
    const refused = { code: "BIZ_1001" } satisfies Partial<StormfleetError>;
    expect(() => service.publish("a", "x".repeat(300_000))).toThrow(expect.objectContaining(refused));
    expect(() => service.publish("a", JSON.parse('{"__proto__":1}'))).toThrow(
      expect.objectContaining(refused),
    );
    expect(() => service.publish("a/b", 1)).toThrow(RangeError);
    expect(log.head("a")).toBe(0);
  });
});

describe("the message log in memory", () => {
  it("forgets by count and by age, and still knows the newest id", () => {
    const clock = createManualClock();
    const log = createMemoryMessageLog(createWorld({ seed: "1", clock }), {
      maxMessages: 3,
      maxAgeMs: 1_000,
    });
    const append = () => log.append("a", { bodyJson: "1", traceId: "t" }).id;
    expect([log.head("a"), log.oldest("a"), log.read("a", 1, 9)]).toEqual([0, 1, []]);
    expect([append(), append(), append(), append()]).toEqual([1, 2, 3, 4]);
    expect([log.head("a"), log.oldest("a")]).toEqual([4, 2]);
    expect(log.read("a", 1, 2).map(({ id }) => id)).toEqual([2, 3]);
    clock.advance(600);
    append();
    clock.advance(600);
    expect([log.head("a"), log.oldest("a")]).toEqual([5, 5]);
    clock.advance(600);
    expect([log.head("a"), log.oldest("a"), log.read("a", 1, 9)]).toEqual([5, 6, []]);
    expect(append()).toBe(6);
  });
});
