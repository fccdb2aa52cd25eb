import { describe, expect, it } from "vitest";
import { encodeResumeRequest } from "../../../src/compensation/encode.ts";
import type { MessageLog } from "../../../src/compensation/message-log.ts";
import { createRig, onlyDevice, type Rig, type RigOptions, topics } from "./rig.ts";

/** 3 messages arrive live, 20 more are missed, the device comes back. */
function missTwenty(options: RigOptions): Rig {
  const rig = createRig(options);
  const device = onlyDevice(rig);
  device.connect();
  rig.clock.advance(2_000);
  for (let count = 0; count < 3; count += 1) rig.publish(device);
  rig.clock.advance(2_000);
  device.disconnect();
  for (let count = 0; count < 20; count += 1) rig.publish(device);
  device.connect();
  rig.clock.advance(600_000);
  return rig;
}

const problemsOf = (options: RigOptions) => {
  const rig = missTwenty(options);
  return rig.problems(onlyDevice(rig)).join("; ");
};

const mutantLog = (mutation: (log: MessageLog) => Partial<MessageLog>) => (log: MessageLog) => ({
  ...log,
  ...mutation(log),
});

describe("the oracle of the compensation tests", () => {
  it("finds nothing wrong with the true service", () => {
    expect(problemsOf({})).toBe("");
    expect(problemsOf({ maxMessages: 5 })).toBe("");
  });

  it("notices a service that skips a message in every replay", () => {
    const skips = mutantLog((log) => ({
      read: (...asked) => log.read(...asked).filter(({ id }) => id !== 10),
    }));
    expect(problemsOf({ mutateLog: skips })).toMatch(/10 … 23 never processed.*replay went from 9 to 11/);
  });

  it("notices a service that replays out of order, though the device puts it right", () => {
    const reverses = mutantLog((log) => ({
      read: (...asked) => [...log.read(...asked)].reverse(),
    }));
    expect(problemsOf({ mutateLog: reverses })).toMatch(/replay went from 10 to 9/);
  });

  it("notices a service that gives messages the ids of others", () => {
    const shuffles = mutantLog((log) => ({
      read(...asked) {
        const chunk = log.read(...asked);
        return chunk
          .map((message, index) => ({ ...message, id: chunk[chunk.length - 1 - index]?.id ?? 0 }))
          .reverse();
      },
    }));
    expect(problemsOf({ mutateLog: shuffles })).toMatch(/4 has another body/);
  });

  it("notices a service that hides a gap", () => {
    const hides = mutantLog(() => ({ oldest: () => 1 }));
    expect(problemsOf({ mutateLog: hides, maxMessages: 5 })).toMatch(/4 … 23 never processed/);
  });

  it("notices a service that reports a gap where there is none", () => {
    const lies = mutantLog((log) => ({
      oldest: (device) => Math.max(log.oldest(device), Math.min(log.head(device), 8)),
    }));
    expect(problemsOf({ mutateLog: lies })).toMatch(/gap up to 7 is in the log/);
  });

  it("notices a service that accepts any token", () => {
    const forged = (options: RigOptions) => {
      const rig = missTwenty(options);
      const device = onlyDevice(rig);
      const logId = device.compensation.ledger.logId ?? "";
      const request = {
        requestId: "r1",
        traceId: "t1",
        sessionToken: "0".repeat(32),
        logId,
        lastMessageId: 0,
      };
      device.channel.toService(topics.of(device.name, "resume"), encodeResumeRequest(request));
      rig.clock.advance(5_000);
      return rig.problems(device).join("; ");
    };
    const anyToken: RigOptions = { mutateTokens: (tokens) => ({ ...tokens, verify: () => true }) };
    expect(forged({})).toBe("");
    expect(forged(anyToken)).toMatch(/a forged request got granted/);
  });

  it("tells the application when the service cannot be brought to answer with what is missing", () => {
    const skips = mutantLog((log) => ({
      read: (...asked) => log.read(...asked).filter(({ id }) => id !== 10),
    }));
    const rig = missTwenty({ mutateLog: skips });
    expect(onlyDevice(rig).errors).toContain("COMP_1005");
  });
});
