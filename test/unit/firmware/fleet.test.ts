import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeviceModel, PayloadContext } from "../../../src/define.ts";
import { allocate } from "../../../src/firmware/allocate.ts";
import type { DeviceEvents } from "../../../src/firmware/device.ts";
import { createFleet } from "../../../src/firmware/fleet.ts";
import { createRunTopics } from "../../../src/firmware/run-topics.ts";
import { createRecorder } from "../../../src/history/recorder.ts";
import { silentTelemetry } from "../../../src/observability/telemetry.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { modelWith } from "./model-with.ts";

const noEvents: DeviceEvents = {
  onSubscribed() {},
  onEligible() {},
  onSentinel() {},
  onCompensated() {},
  onStateChanged() {},
  onDefect(error) {
    throw error;
  },
};

/** What a fleet said: by device, then by stream. */
type Said = Map<string, Map<string, unknown[]>>;

/** Two models that write down what they send, with what is fixed for the device as the key. */
function talkers(said: Said): readonly DeviceModel[] {
  const note = (stream: string, { profile, random, faker, sequence, previous }: PayloadContext) => {
    const data = {
      sequence,
      drift: Number(previous?.drift ?? 0) + random.int(-9, 9),
      word: faker.word.noun(),
    };
    const streams = said.get(String(profile.serial)) ?? new Map<string, unknown[]>();
    said.set(String(profile.serial), streams);
    streams.set(stream, [...(streams.get(stream) ?? []), data]);
    return data;
  };
  const stream = (name: string, everyMs: number) => ({
    description: "",
    qos: 1 as const,
    everyMs,
    whenOffline: "store" as const,
    payload: (context: PayloadContext) => note(name, context),
  });
  const profile: DeviceModel["profile"] = ({ random, faker }) => ({
    serial: random.hex(16),
    name: faker.person.fullName(),
  });
  return ["one", "two"].map((name) =>
    modelWith({ name, profile, streams: { fast: stream("fast", 100), slow: stream("slow", 700) } }),
  );
}

function fleetOf(seed: string, devices: number) {
  const said: Said = new Map();
  const clock = createManualClock();
  const recorder = createRecorder(clock);
  const allotments = allocate(
    talkers(said).map((model) => ({ model, weight: 1 })),
    devices,
    ["link-1", "link-2"],
  );
  const refused = {
    name: "memory:nothing",
    open: () => new Duplex().destroy(new Error("connect ECONNREFUSED")),
  };
  const fleet = createFleet(createWorld({ seed, clock }), {
    allotments,
    endpointOf: () => refused,
    run: "r",
    topics: createRunTopics("r"),
    connection: {
      heartbeat: { intervalMs: 1000, timeoutMs: 3000 },
      handshakeTimeoutMs: 1000,
      backoff: { baseMs: 100, maxMs: 1000, jitter: "full" },
      retryBudget: "unbounded",
      resumeTiming: {},
    },
    recorder,
    telemetry: silentTelemetry,
    events: noEvents,
  });
  return { fleet, clock, said, recorder };
}

describe("a fleet", () => {
  test("of one seed says the same, whatever its size and however long each runs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 500, max: 3000 }),
        async (seed, small, more, durationMs) => {
          const one = fleetOf(seed, small);
          const other = fleetOf(seed, small + more);
          one.fleet.startStreams();
          one.clock.advance(durationMs);
          other.fleet.startStreams();
          other.clock.advance(2000);
          for (const [serial, streams] of one.said) {
            for (const [stream, messages] of streams) {
              const others = other.said.get(serial)?.get(stream) ?? [];
              const both = Math.min(messages.length, others.length);
              expect(messages.slice(0, both)).toEqual(others.slice(0, both));
            }
          }
          expect([...other.said.keys()].length).toBe(small + more);
          const setUp = (each: typeof one) =>
            [...each.recorder.entries].flatMap((entry) =>
              entry.type === "device" ? [{ ...entry, atMs: 0 }] : [],
            );
          expect(setUp(other).slice(0, small)).toEqual(setUp(one));
          await Promise.all([one.fleet.stop(), other.fleet.stop()]);
          expect(one.clock.pending + other.clock.pending).toBe(0);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("says something else under another seed", () => {
    const saidBy = (seed: string) => {
      const { fleet, clock, said } = fleetOf(seed, 2);
      fleet.startStreams();
      clock.advance(1000);
      fleet.stopStreams();
      return said;
    };
    expect(saidBy("1")).toEqual(saidBy("1"));
    expect(saidBy("1")).not.toEqual(saidBy("2"));
  });

  test("starts its devices one by one at its ramp, and stops doing so on abort", async () => {
    const { fleet, clock } = fleetOf("7", 6);
    const controller = new AbortController();
    const starting = fleet.start(2, controller.signal);
    expect(fleet.countByState().disconnected).toBe(6);
    // The microtasks between two sleeps belong to the ramp.
    for (let step = 0; step < 10; step += 1) {
      clock.advance(150);
      await Promise.resolve();
      await Promise.resolve();
    }
    const notStarted = fleet.countByState().disconnected;
    expect(notStarted).toBeGreaterThan(0);
    expect(notStarted).toBeLessThan(6);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(starting).rejects.toBe(reason);
    await fleet.stop();
    expect(fleet.countByState()).toMatchObject({ stopped: 6 });
    expect(clock.pending).toBe(0);
  });
});
