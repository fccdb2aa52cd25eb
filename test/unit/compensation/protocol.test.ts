import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeDownlink,
  encodeRegisterReply,
  encodeResumeReply,
  encodeResumeRequest,
} from "../../../src/compensation/encode.ts";
import {
  parseDownlink,
  parseRegisterReply,
  parseRegisterRequest,
  parseResumeReply,
  parseResumeRequest,
  protocolLimits,
} from "../../../src/compensation/protocol.ts";
import { compensationTopics } from "../../../src/compensation/topics.ts";
import { bodyChecksum, type JsonValue, problemOfJson } from "../../../src/compensation/wire-json.ts";

const bytes = (text: string) => Buffer.from(text);
const parsers = {
  registerRequest: parseRegisterRequest,
  registerReply: parseRegisterReply,
  resumeRequest: parseResumeRequest,
  resumeReply: parseResumeReply,
  downlink: parseDownlink,
};

const resume = {
  requestId: "r-1",
  traceId: "t-1",
  sessionToken: "0123456789abcdef0123456789abcdef",
  logId: "log-1",
  lastMessageId: 41,
};
const message = { logId: "log-1", messageId: 42, traceId: "t-1", via: "live" } as const;

/** The resume request of above, with some fields set differently. */
const resumeWith = (fields: object) =>
  bytes(JSON.stringify({ ...JSON.parse(Buffer.from(encodeResumeRequest(resume)).toString()), ...fields }));

const downlinkWith = (bodyJson: string) => parseDownlink(encodeDownlink(message, bodyJson));

describe("the compensation protocol", () => {
  it("reads what it wrote", () => {
    const ids = { requestId: "r-1", traceId: "t-1" };
    const granted = {
      ok: true,
      ...ids,
      logId: "log-1",
      headMessageId: 60,
      replayCount: 11,
      gap: { from: 42, to: 49 },
    } as const;
    const registered = {
      ok: true,
      ...ids,
      sessionToken: resume.sessionToken,
      logId: "log-1",
      headMessageId: 0,
    } as const;
    const refusal = { ok: false, requestId: null, traceId: null, code: "COMP_1001" } as const;
    expect(parseResumeRequest(encodeResumeRequest(resume))).toEqual({ ok: true, value: resume });
    expect(parseResumeReply(encodeResumeReply(granted))).toEqual({ ok: true, value: granted });
    expect(parseResumeReply(encodeResumeReply(refusal))).toEqual({ ok: true, value: refusal });
    expect(parseRegisterReply(encodeRegisterReply(registered))).toEqual({ ok: true, value: registered });
    expect(downlinkWith('{"rate":0.31}')).toEqual({ ok: true, value: { ...message, body: { rate: 0.31 } } });
  });

  it("carries any JSON body unchanged, with the same checksum on both sides", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (body) => {
        // The generator likes to name keys after prototypes, which other tests are about.
        fc.pre(problemOfJson(body) === null);
        const parsed = downlinkWith(JSON.stringify(body));
        if (!parsed.ok) throw new Error(parsed.problem);
        expect(JSON.stringify(parsed.value.body)).toBe(JSON.stringify(body));
        expect(bodyChecksum(parsed.value.body)).toBe(bodyChecksum(body as JsonValue));
      }),
    );
  });

  it("names the checksum that any CRC-32 gives for the JSON text", () => {
    expect(bodyChecksum(123456789)).toBe(0xcbf43926);
  });

  it("gives an error code for any bytes that are no message, and never throws", () => {
    const codes = { registerRequest: "COMP_1002", resumeRequest: "COMP_1002" } as Record<string, string>;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (payload) => {
        for (const [name, parse] of Object.entries(parsers))
          expect(parse(payload)).toMatchObject({ ok: false, code: codes[name] ?? "BIZ_1001" });
      }),
    );
  });

  it.each([
    ["another version", { v: 2 }],
    ["a version in text", { v: "1" }],
    ["a fraction as id", { last_msg_id: 1.5 }],
    ["a negative id", { last_msg_id: -1 }],
    ["an id past the safe integers", { last_msg_id: 2 ** 53 }],
    ["an id in text", { last_msg_id: "41" }],
    ["no token", { session_token: undefined }],
    ["a short token", { session_token: "abc" }],
    ["a token that is an object", { session_token: { toString: "x" } }],
    ["a token of a megabyte", { session_token: "a".repeat(1_000_000) }],
    ["a request id with control characters", { request_id: "a\nb" }],
    ["an empty trace id", { trace_id: "" }],
  ])("refuses a resume request with %s", (_what, fields) => {
    expect(parseResumeRequest(resumeWith(fields))).toMatchObject({ ok: false, code: "COMP_1002" });
  });

  it("ignores fields that it does not know", () => {
    expect(parseResumeRequest(resumeWith({ later: "version" }))).toEqual({ ok: true, value: resume });
  });

  it("refuses a payload over the bound without reading it", () => {
    const huge = Buffer.alloc(protocolLimits.downlinkBytes + 1, 0x20);
    expect(parseDownlink(huge)).toMatchObject({ problem: expect.stringContaining("bytes") });
    expect(parseResumeRequest(resumeWith({ pad: "x".repeat(protocolLimits.requestBytes) }))).toMatchObject({
      ok: false,
    });
  });

  it.each([
    ["__proto__ at the top", '{"__proto__":{"polluted":true}}'],
    ["__proto__ deep inside", '{"a":[{"b":{"__proto__":{"polluted":true}}}]}'],
    ["constructor.prototype", '{"constructor":{"prototype":{"polluted":true}}}'],
    ["a number that is not finite", '{"a":1e999}'],
    ["a nest that exhausts a stack", "[".repeat(100_000) + "]".repeat(100_000)],
  ])("refuses a body with %s", (_what, body) => {
    expect(downlinkWith(body)).toMatchObject({ ok: false, code: "BIZ_1001" });
    expect({}).not.toHaveProperty("polluted");
  });

  it("takes no field from a prototype", () => {
    const inherited = JSON.stringify({ v: 1, request_id: "r", trace_id: "t", log_id: "l" });
    const polluted = `${inherited.slice(0, -1)},"__proto__":{"session_token":"${resume.sessionToken}","last_msg_id":1}}`;
    expect(parseResumeRequest(bytes(polluted))).toMatchObject({ ok: false, code: "COMP_1002" });
  });

  it("lets a body have a harmless key named constructor", () => {
    expect(downlinkWith('{"constructor":"Miller & Sons"}')).toMatchObject({ ok: true });
  });

  it.each([
    ["ends before it begins", { from: 9, to: 8 }],
    ["begins at 0", { from: 0, to: 8 }],
    ["reaches past the log", { from: 9, to: 61 }],
  ])("refuses a gap that %s", (_what, gap) => {
    const granted = {
      ok: true,
      requestId: "r",
      traceId: "t",
      logId: "l",
      headMessageId: 60,
      replayCount: 0,
      gap,
    } as const;
    expect(parseResumeReply(encodeResumeReply(granted))).toMatchObject({ ok: false, code: "BIZ_1001" });
  });

  it("refuses a refusal with a code that is none of the protocol's", () => {
    const reply = JSON.stringify({ v: 1, ok: false, request_id: null, trace_id: null, code: "toString" });
    expect(parseResumeReply(bytes(reply))).toMatchObject({ ok: false, code: "BIZ_1001" });
  });
});

describe("the topics of compensation", () => {
  const topics = compensationTopics("sf/run/devices");

  it("are understood as they are made", () => {
    expect(topics.of("meter-1", "resume")).toBe("sf/run/devices/meter-1/compensation/resume");
    expect(topics.parse(topics.of("meter-1", "resume"))).toEqual({ device: "meter-1", channel: "resume" });
  });

  it.each([
    "sf/run/devices/meter-1/compensation/other",
    "sf/run/devices/a/b/compensation/resume",
    "sf/run/devices/m/up/resume",
    "sf/run/devices/meter-1/compensation/resume/x",
    "sf/run/devices//compensation/resume",
    "x/meter-1/compensation/resume",
  ])("do not include %s", (topic) => {
    expect(topics.parse(topic)).toBeNull();
  });

  it.each(["", "a/b", "+", "#", "ü", "x".repeat(129)])('have no place for a device named "%s"', (device) => {
    expect(() => topics.of(device, "resume")).toThrow(RangeError);
  });

  it.each(["", "/a", "a/", "a//b", "a/+/b", "#"])('have no base "%s"', (base) => {
    expect(() => compensationTopics(base)).toThrow(RangeError);
  });
});
