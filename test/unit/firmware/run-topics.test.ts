import fc from "fast-check";
import { expect, test } from "vitest";
import { createRunTopics } from "../../../src/firmware/run-topics.ts";
import { matchesTopic } from "../../../src/history/topic-filter.ts";

const topics = createRunTopics("r1");

test("every topic lies below its run", () => {
  expect(topics.up("meter-1", "readings")).toBe("sf/r1/devices/meter-1/up/readings");
  expect(topics.down("meter-1", "set-point")).toBe("sf/r1/devices/meter-1/down/set-point");
  expect(topics.heartbeat("meter-1")).toBe("sf/r1/devices/meter-1/heartbeat");
  expect(topics.allUp).toBe("sf/r1/devices/+/up/+");
  expect(topics.allDown("meter-1")).toBe("sf/r1/devices/meter-1/down/+");
});

test("filters take in what is meant for them, and nothing of other devices, kinds and runs", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  fc.assert(
    fc.property(name, name, name, (one, other, stream) => {
      fc.pre(one !== other);
      const foreign = createRunTopics("r2");
      expect(matchesTopic(topics.allUp, topics.up(one, stream))).toBe(true);
      expect(matchesTopic(topics.allDown(one), topics.down(one, stream))).toBe(true);
      expect(matchesTopic(topics.allDown(one), topics.down(other, stream))).toBe(false);
      expect(matchesTopic(topics.allUp, topics.down(one, stream))).toBe(false);
      expect(matchesTopic(topics.allUp, topics.heartbeat(one))).toBe(false);
      expect(matchesTopic(topics.allUp, foreign.up(one, stream))).toBe(false);
      for (const channel of ["register", "registered", "resume", "resumed", "downlink"] as const) {
        const topic = topics.compensation.of(one, channel);
        expect(topics.compensation.parse(topic)).toEqual({ device: one, channel });
        expect(foreign.compensation.parse(topic)).toBeNull();
        expect(matchesTopic(topics.allUp, topic) || matchesTopic(topics.allDown(one), topic)).toBe(false);
      }
      expect(topics.compensation.parse(topics.up(one, stream))).toBeNull();
    }),
  );
});
