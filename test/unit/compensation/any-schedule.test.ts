import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRig, type Rig, type RigDevice } from "./rig.ts";

type Step =
  | { readonly type: "publish"; readonly device: number; readonly count: number }
  | { readonly type: "connect" | "disconnect"; readonly device: number }
  | { readonly type: "weather"; readonly device: number; readonly loss: number; readonly duplication: number }
  | { readonly type: "wait"; readonly ms: number };

const device = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("publish" as const), device, count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ type: fc.constantFrom("connect" as const, "disconnect" as const), device }),
  fc.record({
    type: fc.constant("weather" as const),
    device,
    loss: fc.constantFrom(0, 0.1, 0.5, 1),
    duplication: fc.constantFrom(0, 0.3),
  }),
  fc.record({ type: fc.constant("wait" as const), ms: fc.constantFrom(1, 50, 400, 6_000, 200_000) }),
);

const schedule = fc.record({
  seed: fc.nat().map(String),
  maxMessages: fc.constantFrom(5, 40, 1_000),
  chunkMessages: fc.constantFrom(1, 7, 100),
  steps: fc.array(step, { maxLength: 40 }),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

function play(rig: Rig, steps: readonly Step[]): void {
  for (const next of steps) {
    if (next.type === "wait") rig.clock.advance(next.ms);
    else act(rig, rig.devices[next.device] as RigDevice, next);
  }
}

function act(rig: Rig, target: RigDevice, next: Exclude<Step, { type: "wait" }>): void {
  if (next.type === "weather") target.channel.weather = next;
  else if (next.type !== "publish") target[next.type]();
  else for (let count = 0; count < next.count; count += 1) rig.publish(target);
}

function heal(rig: Rig): void {
  for (const target of rig.devices) target.channel.weather = { loss: 0, duplication: 0 };
}

const quarterHourMs = 15 * 60_000;

function storm({ steps, ...options }: Schedule): Rig {
  const rig = createRig({ ...options, devices: ["meter-1", "meter-2"] });
  for (const target of rig.devices) target.connect();
  for (const target of rig.devices) target.connect();
  play(rig, steps);
  return rig;
}

function problemsOf(rig: Rig): string[] {
  return rig.devices.flatMap((target) => rig.problems(target).map((problem) => `${target.name}: ${problem}`));
}

describe("compensation under any schedule of losses, repeats, cuts and reconnects", () => {
  it("processes every logged message once and in order, or reports the gap, after a reconnect", () => {
    fc.assert(
      fc.property(schedule, (plan) => {
        const rig = storm(plan);
        heal(rig);
        for (const target of rig.devices) {
          target.disconnect();
          target.connect();
        }
        rig.clock.advance(20_000);
        expect(problemsOf(rig)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("heals without a reconnect too, because an idle device asks now and then", () => {
    fc.assert(
      fc.property(schedule, (plan) => {
        const rig = storm(plan);
        for (const target of rig.devices) target.connect();
        play(
          rig,
          plan.steps.filter(({ type }) => type !== "disconnect"),
        );
        heal(rig);
        rig.clock.advance(quarterHourMs);
        expect(problemsOf(rig)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it("ends each resume request that it tells of exactly once, and leaves no timer behind when offline", () => {
    fc.assert(
      fc.property(schedule, (plan) => {
        const rig = storm(plan);
        for (const target of rig.devices) target.disconnect();
        rig.clock.advance(20_000);
        expect(rig.clock.pending).toBe(0);
        for (const { resumes } of rig.devices) {
          const invoked = resumes.filter(({ type }) => type === "invoked").map(({ requestId }) => requestId);
          const ended = resumes.filter(({ type }) => type !== "invoked").map(({ requestId }) => requestId);
          expect(ended).toEqual(invoked);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("asks no more often than its rate bound, however many holes it sees", () => {
    fc.assert(
      fc.property(schedule, (plan) => {
        const rig = createRig({ ...plan, devices: ["meter-1", "meter-2"] });
        for (const target of rig.devices) target.connect();
        play(
          rig,
          plan.steps.filter(({ type }) => type !== "disconnect" && type !== "connect"),
        );
        for (const { askedAtMs } of rig.devices)
          for (const [index, atMs] of askedAtMs.slice(1).entries())
            expect(atMs - (askedAtMs[index] ?? 0)).toBeGreaterThanOrEqual(1_000);
      }),
      { numRuns: 100 },
    );
  });
});
