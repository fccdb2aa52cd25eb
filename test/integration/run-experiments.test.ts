import { describe, it } from "vitest";
import { calm } from "../../chaos/experiments/calm.ts";
import { halfOpenLinks } from "../../chaos/experiments/half-open-links.ts";
import { partitionAndHeal } from "../../chaos/experiments/partition-and-heal.ts";
import { partition } from "../../chaos/faults/partition.ts";
import { defineExperiment, type PayloadContext, type PayloadData } from "../../src/define.ts";
import { createTelemetry } from "../../src/observability/telemetry.ts";
import { chattyDevice } from "../helpers/chatty-device.ts";
import { experimentWith, nothingLeft, outcomesOf, runInRig } from "../helpers/run-rig.ts";

/** Detects and retries within a second, so that a run of seconds sees whole outages. */
const quickSettings = {
  heartbeatIntervalMs: 300,
  heartbeatTimeoutMs: 900,
  backoff: { jitter: "proportional", baseMs: 100, maxMs: 400 },
} as const;

/** Everybody is cut off twice, for longer than several messages take. */
const partitions = experimentWith({
  devices: 6,
  durationMs: 4000,
  method: [
    { fault: partition, from: 0.1, until: 0.4 },
    { fault: partition, from: 0.5, until: 0.8 },
  ],
});

/** A model that writes down what is made on each stream of each of its devices, in both directions. */
function withNotes() {
  const said = new Map<string, PayloadData[]>();
  const noting =
    (name: string, payload: (context: PayloadContext) => PayloadData) =>
    (context: PayloadContext): PayloadData => {
      const data = { ...payload(context), draw: context.random.next() };
      // Commands know no profile; the first draw of their own source tells the devices apart.
      const key = `${name} ${String(context.profile.serial ?? context.previous?.key ?? data.draw)}`;
      said.set(key, [...(said.get(key) ?? []), data]);
      return { ...data, key: key.slice(name.length + 1) };
    };
  const { streams, commands, notices } = chattyDevice;
  const noted = <T extends { readonly payload: (context: PayloadContext) => PayloadData }>(
    name: string,
    one: T,
  ): T => ({
    ...one,
    payload: noting(name, one.payload),
  });
  const all = <T extends { readonly payload: (context: PayloadContext) => PayloadData }>(
    table: Readonly<Record<string, T>>,
  ) => Object.fromEntries(Object.entries(table).map(([name, one]) => [name, noted(name, one)]));
  const model = {
    ...chattyDevice,
    streams: all(streams),
    commands: all(commands),
    ...(notices ? { notices: noted("notices", notices) } : {}),
  };
  return { said, model };
}

describe.concurrent("a broker that keeps its word", () => {
  it("makes a calm run valid, and leaves nothing running", async ({ expect }) => {
    const { result, error, ...left } = await runInRig(calm, { devices: 4, durationMs: 3000 });
    expect(error).toBeUndefined();
    expect(result?.outcome).toBe("valid");
    expect(result?.verdicts.map(({ checker }) => checker)).toEqual(calm.checkers.map(({ name }) => name));
    expect(result?.notes).toEqual([]);
    expect(left).toEqual(nothingLeft);
  });

  it("makes a run with partitions valid, in which devices were really away", async ({ expect }) => {
    const experiment = defineExperiment({ ...partitionAndHeal, settings: quickSettings });
    const { result, error } = await runInRig(experiment, { devices: 4, durationMs: 4000 });
    expect(error).toBeUndefined();
    expect(outcomesOf(result)).toEqual(
      Object.fromEntries(experiment.checkers.map(({ name }) => [name, "valid"])),
    );
    const reconnects = result?.verdicts.find(({ checker }) => checker === "reconnect-bound");
    expect(reconnects?.summary).toMatch(/^[1-9]\d* reconnects?/);
  });

  it("makes a run with half-open links valid, in which heartbeats noticed them", async ({ expect }) => {
    const experiment = defineExperiment({ ...halfOpenLinks, settings: quickSettings });
    const { result, error } = await runInRig(experiment, { devices: 4, durationMs: 4000 });
    expect(error).toBeUndefined();
    expect(outcomesOf(result)).toEqual(
      Object.fromEntries(experiment.checkers.map(({ name }) => [name, "valid"])),
    );
    const detection = result?.verdicts.find(({ checker }) => checker === "detection-bound");
    expect(detection?.summary).toMatch(/^[1-9]\d* dead links? noticed/);
  });

  it("is judged the same when a sink of telemetry throws at every fact", async ({ expect }) => {
    const names = new Set<string>();
    const telemetry = createTelemetry([
      ({ name }) => {
        names.add(name);
        throw new Error("a broken sink");
      },
    ]);
    const { result, error } = await runInRig(experimentWith({ devices: 2, durationMs: 1500 }), { telemetry });
    expect(error).toBeUndefined();
    expect(result?.outcome).toBe("valid");
    for (const name of [
      "message.published",
      "message.acknowledged",
      "message.delivered",
      "compensation.processed",
    ])
      expect(names).toContain(name);
  });

  it("makes the partitions valid that the mutants are judged by", async ({ expect }) => {
    const { result, error } = await runInRig(partitions);
    expect(error).toBeUndefined();
    expect(result?.outcome).toBe("valid");
  });
});

describe.concurrent("two runs of one seed", () => {
  it("make the same messages, with and without outages, and with more devices beside", async ({ expect }) => {
    const calmly = withNotes();
    const stormily = withNotes();
    const outage = [{ fault: partition, from: 0.2, until: 0.6 }];
    const mixOf = ({ model }: typeof calmly) => [{ model, weight: 1 }];
    await Promise.all([
      runInRig(experimentWith({ mix: mixOf(calmly), devices: 2 })),
      runInRig(experimentWith({ mix: mixOf(stormily), devices: 3, method: outage })),
    ]);
    expect(calmly.said.size).toBe(10);
    expect(stormily.said.size).toBe(15);
    for (const [stream, messages] of calmly.said) {
      const others = stormily.said.get(stream) ?? [];
      const both = Math.min(messages.length, others.length);
      expect(both).toBeGreaterThan(0);
      expect(others.slice(0, both)).toEqual(messages.slice(0, both));
    }
  });

  it("put a device on every link, also when there are few", async ({ expect }) => {
    const links: string[] = [];
    const { error } = await runInRig(experimentWith({ devices: 2, links: 8, durationMs: 200 }), {
      onInfrastructure: (infrastructure) => links.push(...infrastructure.links.keys()),
    });
    expect(error).toBeUndefined();
    expect(links).toEqual(["link-1", "link-2"]);
  });
});

describe.concurrent("a broker that breaks its word", () => {
  it("is caught when its persistence loses or repeats QoS 2 messages on resume", async ({ expect }) => {
    const { result } = await runInRig(partitions, { mutant: "unfixed-persistence" });
    expect(result?.outcome).toBe("invalid");
    const guilty = result?.verdicts.filter(({ outcome }) => outcome === "invalid") ?? [];
    expect(guilty.map(({ checker }) => checker)).toContain("exactly-once");
    const stories = result?.stories.filter(({ checker }) => checker === "exactly-once") ?? [];
    expect(stories.length).toBeGreaterThan(0);
    for (const { timeline } of stories) expect(timeline.join("\n")).toMatch(/QoS 2/);
  });

  it("is caught when it drops what it acknowledged", async ({ expect }) => {
    const { result } = await runInRig(experimentWith(), { mutant: "drops-acked" });
    const outcomes = outcomesOf(result);
    expect(outcomes).toMatchObject({ "acked-not-lost": "invalid", "exactly-once": "invalid" });
    expect(outcomes).toMatchObject({ "topic-order": "valid", "no-crosstalk": "valid" });
  });

  it("is caught when it doubles QoS 2 messages, and is not said to lose any", async ({ expect }) => {
    const { result } = await runInRig(experimentWith(), { mutant: "doubles-qos2" });
    expect(outcomesOf(result)).toMatchObject({ "exactly-once": "invalid", "acked-not-lost": "valid" });
  });

  it("is caught when it changes the order within a topic", async ({ expect }) => {
    const { result } = await runInRig(experimentWith(), { mutant: "reorders-topic" });
    expect(outcomesOf(result)).toMatchObject({ "topic-order": "invalid", "acked-not-lost": "valid" });
  });

  it("is caught when it changes payloads or hands them to strangers", async ({ expect }) => {
    const { result } = await runInRig(experimentWith(), { mutant: "corrupts-payload" });
    expect(outcomesOf(result)).toMatchObject({ "no-crosstalk": "invalid" });
  });
});

describe.concurrent("a compensation service", () => {
  it("is caught when its log skips an id, and the broker is not blamed", async ({ expect }) => {
    const { result } = await runInRig(experimentWith(), {
      wrapLog: (log) => ({
        ...log,
        append: (device, message) => {
          const logged = log.append(device, message);
          // The message that should have been the third is never sent under its own number.
          return logged.id === 3 ? log.append(device, message) : logged;
        },
      }),
    });
    const { "compensation-complete": compensation, ...others } = outcomesOf(result);
    expect(compensation).toBe("invalid");
    expect(new Set(Object.values(others))).toEqual(new Set(["valid"]));
  });

  it("is not blamed for a log that forgot while a device was away, and said so", async ({ expect }) => {
    const method = [{ fault: partition, from: 0.2, until: 0.7 }];
    const { result, error } = await runInRig(experimentWith({ method }), {
      wrapLog: (log) => ({ ...log, oldest: (device) => log.head(device) + 1, read: () => [] }),
    });
    expect(error).toBeUndefined();
    expect(result?.notes).toEqual([]);
    const verdict = result?.verdicts.find(({ checker }) => checker === "compensation-complete");
    expect(verdict?.outcome).toBe("valid");
    expect(verdict?.summary).toMatch(/[1-9]\d* of them in reported gaps/);
  });
});
