import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  encodeDownlink,
  encodeRegisterReply,
  encodeRegisterRequest,
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
import type { Parsed } from "../../../src/compensation/wire-json.ts";

const page = readFileSync(new URL("../../../docs/compensation.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```json (\S+)\n(.*?)^```$/gms)].map(([, kind = "", json = ""]) => ({
  kind,
  json,
}));

function readable<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** Reads an example with the real parser and writes it again with the real encoder. */
const roundTrips: Record<string, (payload: Uint8Array) => Uint8Array> = {
  "register-request": (payload) => encodeRegisterRequest(readable(parseRegisterRequest(payload))),
  "register-reply": (payload) => encodeRegisterReply(readable(parseRegisterReply(payload))),
  "resume-request": (payload) => encodeResumeRequest(readable(parseResumeRequest(payload))),
  "resume-reply": (payload) => encodeResumeReply(readable(parseResumeReply(payload))),
  downlink(payload) {
    const { body, ...message } = readable(parseDownlink(payload));
    return encodeDownlink(message, JSON.stringify(body));
  },
};

describe("docs/compensation.md", () => {
  it("has an example of every message", () => {
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(Object.keys(roundTrips)));
  });

  it.each(examples)(
    "shows a $kind as the code reads and writes it, with its fields in order",
    ({ kind, json }) => {
      const written = Buffer.from(roundTrips[kind]?.(Buffer.from(json)) ?? []).toString();
      expect(written).toBe(JSON.stringify(JSON.parse(json)));
    },
  );

  it("names the topics that the code uses", () => {
    const topics = compensationTopics("base");
    for (const channel of ["register", "registered", "resume", "resumed", "downlink"] as const)
      expect(page).toContain(`<${topics.of("device", channel).replace("base/device", "base>/<device>")}`);
    for (const filter of topics.serviceFilters) expect(page).toContain(filter.replace("base", "<base>"));
  });

  it("names the limits that the code has", () => {
    for (const limitBytes of Object.values(protocolLimits))
      expect(page).toContain(limitBytes.toLocaleString("en").replaceAll(",", " "));
  });

  it("names every code that a refusal can carry", () => {
    for (const code of ["COMP_1001", "COMP_1002", "COMP_1003", "COMP_1004", "COMP_1005", "BIZ_1001"])
      expect(page).toContain(code);
  });
});
