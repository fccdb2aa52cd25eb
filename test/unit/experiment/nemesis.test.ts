import { describe, expect, test } from "vitest";
import { halfOpen } from "../../../chaos/faults/half-open.ts";
import { latency } from "../../../chaos/faults/latency.ts";
import { partition } from "../../../chaos/faults/partition.ts";
import type { FaultStep } from "../../../src/define.ts";
import { createNemesis } from "../../../src/experiment/nemesis.ts";
import { selectLinks } from "../../../src/experiment/select-links.ts";
import { createRecorder } from "../../../src/history/recorder.ts";
import { createRandom } from "../../../src/time/random.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { createScriptedLink } from "../../helpers/scripted-link.ts";

const durationMs = 10_000;

function rig(linkCount = 2) {
  const clock = createManualClock();
  const log: string[] = [];
  const names = Array.from({ length: linkCount }, (_, index) => `link-${index + 1}`);
  const links = new Map(names.map((name) => [name, createScriptedLink(name, log)]));
  const recorder = createRecorder(clock);
  const nemesis = createNemesis(createWorld({ seed: "7", clock }), links, recorder);
  /** Moves on in small steps, with time between them for what is awaited. */
  const advance = async (ms: number) => {
    for (let moved = 0; moved < ms; moved += 100) {
      clock.advance(100);
      await settled();
    }
  };
  const stages = () =>
    [...recorder.entries].flatMap((entry) =>
      entry.type === "fault"
        ? [`${entry.atMs} ${entry.id} ${entry.fault} ${entry.stage}${entry.error ? `: ${entry.error}` : ""}`]
        : [],
    );
  const link = (name: string) => links.get(name) ?? createScriptedLink(name);
  return { clock, log, nemesis, recorder, advance, stages, link, signal: new AbortController() };
}

/** Everything that only waits for promises has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const cut = (from: number, until: number, more: Partial<FaultStep> = {}): FaultStep => ({
  fault: partition,
  from,
  until,
  ...more,
});

describe("a nemesis", () => {
  test("injects and heals at its times, and records the four stages", async () => {
    const { nemesis, advance, stages, log, recorder, signal } = rig();
    const running = nemesis.run([cut(0.2, 0.5)], durationMs, signal.signal);
    await advance(1900);
    expect(log).toEqual([]);
    await advance(100);
    expect(log).toEqual(["link-1 disable", "link-2 disable"]);
    expect(nemesis.active()).toEqual(["partition"]);
    await advance(2900);
    expect(log).toHaveLength(2);
    await advance(100);
    expect(log.slice(2)).toEqual(["undo link-2 disable", "undo link-1 disable"]);
    expect(nemesis.active()).toEqual([]);
    await running;
    expect(stages()).toEqual([
      "2000 1 partition injecting",
      "2000 1 partition injected",
      "5000 1 partition healing",
      "5000 1 partition healed",
    ]);
    expect([...recorder.entries]).toMatchObject(
      Array(4).fill({ links: ["link-1", "link-2"], effect: "severs" }),
    );
  });

  test("records the parameters that were in force and what follows from them", async () => {
    const { nemesis, advance, recorder, signal } = rig(1);
    const step = { fault: latency, parameters: { latencyMs: 10 }, from: 0, until: 0.1 };
    const running = nemesis.run([step], durationMs, signal.signal);
    await advance(1500);
    await running;
    const parameters = { latencyMs: 10, jitterMs: 100, roundTripMs: 220 };
    expect([...recorder.entries]).toMatchObject(Array(4).fill({ parameters, effect: "delays" }));
  });

  test("runs steps side by side, each on the links that its place in the method and the seed give it", async () => {
    const chosen = async () => {
      const { nemesis, advance, recorder, signal } = rig(6);
      const running = nemesis.run(
        [cut(0.1, 0.6, { links: { share: 0.5 } }), cut(0.2, 0.4, { links: { share: 0.5 } })],
        durationMs,
        signal.signal,
      );
      await advance(7000);
      await running;
      return [...recorder.entries].flatMap((entry) =>
        entry.type === "fault" && entry.stage === "injected" ? [entry.links] : [],
      );
    };
    const once = await chosen();
    expect(once).toEqual(await chosen());
    expect(once.map((links) => links.length)).toEqual([3, 3]);
    expect(once[0]).not.toEqual(once[1]);
  });

  test("heals what is in force on request, newest first, and each once", async () => {
    const { nemesis, advance, log, stages, signal } = rig(1);
    const running = nemesis.run(
      [cut(0.1, 0.9), { fault: halfOpen, from: 0.2, until: 0.8 }],
      durationMs,
      signal.signal,
    );
    await advance(3000);
    expect(nemesis.active()).toEqual(["partition", "half-open"]);
    signal.abort(new Error("enough"));
    await running;
    await nemesis.healAll();
    await nemesis.healAll();
    expect(log.slice(3)).toEqual([
      "undo link-1 add timeout downstream",
      "undo link-1 add timeout upstream",
      "undo link-1 disable",
    ]);
    expect(nemesis.active()).toEqual([]);
    expect(stages().filter((stage) => stage.includes("healed"))).toHaveLength(2);
  });

  test("heals a fault whose injection was under way when it was told to end", async () => {
    const { nemesis, advance, log, link, signal } = rig();
    const gate = Promise.withResolvers<void>();
    link("link-2").before = (step) => (step.startsWith("undo") ? undefined : gate.promise);
    const running = nemesis.run([cut(0.1, 0.9)], durationMs, signal.signal);
    await advance(1500);
    expect(log).toEqual(["link-1 disable"]);
    signal.abort(new Error("enough"));
    gate.resolve();
    await running;
    expect(nemesis.active()).toEqual(["partition"]);
    await nemesis.healAll();
    expect(log.slice(2)).toEqual(["undo link-2 disable", "undo link-1 disable"]);
  });

  test("undoes a fault that failed half-way, says so, and carries out the other steps", async () => {
    const { nemesis, advance, log, link, stages, signal } = rig();
    let isGone = true;
    link("link-2").before = () => {
      if (isGone) throw new Error("the proxy is gone");
    };
    const running = nemesis.run([cut(0.1, 0.2), cut(0.4, 0.5)], durationMs, signal.signal);
    const rejected = expect(running).rejects.toThrow("the proxy is gone");
    await advance(3000);
    expect(log).toEqual(["link-1 disable", "undo link-1 disable"]);
    expect(stages()).toEqual(["1000 1 partition injecting", "1000 1 partition healed: the proxy is gone"]);
    isGone = false;
    await advance(3000);
    await rejected;
    expect(stages().slice(2)).toEqual([
      "4000 2 partition injecting",
      "4000 2 partition injected",
      "5000 2 partition healing",
      "5000 2 partition healed",
    ]);
  });

  test("tries a cure that failed again at the end", async () => {
    const { nemesis, advance, link, stages, signal } = rig(1);
    let isGone = true;
    link("link-1").before = (step) => {
      if (isGone && step.startsWith("undo")) throw new Error("no answer");
    };
    const running = nemesis.run([cut(0.1, 0.2)], durationMs, signal.signal);
    const rejected = expect(running).rejects.toThrow("no answer");
    await advance(3000);
    await rejected;
    expect(nemesis.active()).toEqual(["partition"]);
    await expect(nemesis.healAll()).rejects.toThrow("no answer");
    isGone = false;
    await nemesis.healAll();
    expect(link("link-1").inForce).toEqual([]);
    expect(stages().map((stage) => stage.replace(/^\d+ 1 partition /, ""))).toEqual([
      "injecting",
      "injected",
      "healing",
      "healed: no answer",
      "healing",
      "healed: no answer",
      "healing",
      "healed",
    ]);
  });

  test("with no method is done at once", async () => {
    const { nemesis, signal } = rig();
    await nemesis.run([], durationMs, signal.signal);
    await nemesis.healAll();
  });
});

describe("the links of a step", () => {
  const links = ["a", "b", "c", "d"].map((name) => createScriptedLink(name));

  test("are all, or a rounded share of at least one, in their own order", () => {
    expect(selectLinks(createRandom("1"), links, "all")).toBe(links);
    for (const [share, count] of [
      [0.01, 1],
      [0.5, 2],
      [0.6, 2],
      [0.65, 3],
      [1, 4],
    ] as const) {
      const chosen = selectLinks(createRandom("1"), links, { share });
      expect(chosen).toHaveLength(count);
      expect(chosen).toEqual(links.filter((link) => chosen.includes(link)));
    }
  });

  test("are each chosen under some seed", () => {
    const chosen = Array.from(
      { length: 50 },
      (_, seed) => selectLinks(createRandom(String(seed)), links, { share: 0.25 })[0],
    );
    expect(new Set(chosen).size).toBe(4);
  });
});
