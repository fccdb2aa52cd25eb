import { describe, it } from "vitest";
import { partition } from "../../chaos/faults/partition.ts";
import { type BehaviourEmission, defineFault, emit, type FaultStep, setup } from "../../src/define.ts";
import { StormfleetError } from "../../src/errors.ts";
import type { Progress } from "../../src/experiment/progress.ts";
import type { Infrastructure, Link } from "../../src/infrastructure/infrastructure.ts";
import { selectBackend } from "../../src/infrastructure/select.ts";
import { chattyDevice } from "../helpers/chatty-device.ts";
import { startRefusingBroker } from "../helpers/refusing-broker.ts";
import { experimentWith, nothingLeft, runInRig, stillListening } from "../helpers/run-rig.ts";

/** The whole of the storm on every link. */
const always: FaultStep = { fault: partition, from: 0.1, until: 0.95 };
const small = { devices: 2, durationMs: 1500 } as const;

/** Aborts as soon as `when` holds of the run's progress. */
function abortWhen(when: (progress: Progress) => boolean, reason = new Error("enough")) {
  const controller = new AbortController();
  const onProgress = (progress: Progress) => {
    if (when(progress)) controller.abort(reason);
  };
  return { signal: controller.signal, onProgress, progressIntervalMs: 20, reason };
}

describe.concurrent("a broker that goes away", () => {
  it("in the middle of the storm leaves no run valid, hanging or running", { timeout: 60_000 }, async ({
    expect,
  }) => {
    let broker: Infrastructure["broker"] | undefined;
    let killed: Promise<void> | undefined;
    const { result, error, ...left } = await runInRig(experimentWith(small), {
      onInfrastructure: (infrastructure) => {
        broker = infrastructure.broker;
      },
      onProgress({ phase, published }) {
        if (phase === "storm" && published > 20) killed ??= broker?.kill?.();
      },
      progressIntervalMs: 20,
      drainBoundMs: 1000,
    });
    await killed;
    expect(killed).toBeDefined();
    expect(error).toBeUndefined();
    expect(result?.outcome).not.toBe("valid");
    expect(result?.verdicts.filter(({ outcome }) => outcome === "valid")).toEqual([]);
    expect(result?.notes.join(" ")).toContain("were not back");
    expect(left).toEqual(nothingLeft);
  });

  it("and comes back without its memory is judged to its end", { timeout: 60_000 }, async ({ expect }) => {
    let broker: Infrastructure["broker"] | undefined;
    let restarted: Promise<void> | undefined;
    const { result, error, ...left } = await runInRig(experimentWith(small), {
      onInfrastructure: (infrastructure) => {
        broker = infrastructure.broker;
      },
      onProgress({ phase, published }) {
        if (phase === "storm" && published > 20) restarted ??= broker?.restart?.();
      },
      progressIntervalMs: 20,
    });
    await restarted;
    expect(restarted).toBeDefined();
    expect(error).toBeUndefined();
    expect(result?.notes).toEqual([]);
    expect(result?.counts.delivered).toBeGreaterThan(0);
    expect(left).toEqual(nothingLeft);
  });
});

describe.concurrent("a broker that stays away", () => {
  it("ends a long storm early, and says so", { timeout: 60_000 }, async ({ expect }) => {
    let broker: Infrastructure["broker"] | undefined;
    let killed: Promise<void> | undefined;
    const experiment = experimentWith({
      devices: 2,
      durationMs: 3_600_000,
      settings: {
        heartbeatIntervalMs: 300,
        heartbeatTimeoutMs: 900,
        handshakeTimeoutMs: 1000,
        backoff: { jitter: "none", baseMs: 100, maxMs: 400 },
      },
    });
    const { result, error, ...left } = await runInRig(experiment, {
      onInfrastructure: (infrastructure) => {
        broker = infrastructure.broker;
      },
      onProgress({ phase }) {
        if (phase === "storm") killed ??= broker?.kill?.();
      },
      drainBoundMs: 1000,
    });
    await killed;
    expect(error).toBeUndefined();
    expect(result?.outcome).not.toBe("valid");
    expect(result?.notes[0]).toBe("The broker was away for 10000 ms; the storm ended early.");
    expect(left).toEqual(nothingLeft);
  });
});

describe.concurrent("a run that cannot begin", () => {
  it("passes on why the infrastructure did not start", async ({ expect }) => {
    const error = new StormfleetError("INFRA_1001", "The broker could not be started.");
    const remains = await runInRig(experimentWith(small), {
      startInfrastructure: () => Promise.reject(error),
    });
    expect(remains).toEqual({ result: undefined, error, ...nothingLeft });
  });

  it.for([
    [{ devices: 0 }, "has 0 devices"],
    [{ durationMs: Number.NaN }, "lasts NaN ms"],
  ] as const)("is refused before anything starts: %j", async ([asked, message], { expect }) => {
    let isStarted = false;
    const { error } = await runInRig(experimentWith(small), {
      ...asked,
      startInfrastructure: () => {
        isStarted = true;
        return Promise.reject(new Error("started"));
      },
    });
    expect(error).toMatchObject({ code: "CONF_1004", message: expect.stringContaining(message) });
    expect(isStarted).toBe(false);
  });

  it("stops the infrastructure again when the backend lacks what a fault needs", async ({ expect }) => {
    const start = await selectBackend("embedded");
    let started: Infrastructure | undefined;
    const { error, timers } = await runInRig(experimentWith({ ...small, method: [always] }), {
      startInfrastructure: async (world, options) => {
        started = { ...(await start(world, options)), capabilities: new Set() };
        return started;
      },
    });
    expect(error).toMatchObject({ code: "INFRA_1004", message: expect.stringContaining("link.toxics") });
    expect(started).toBeDefined();
    expect(await stillListening(started)).toEqual([]);
    expect(timers).toBe(0);
  });

  it("stops the infrastructure again when the history cannot be written", async ({ expect }) => {
    const start = await selectBackend("embedded");
    let isStopped = false;
    const { error, timers } = await runInRig(experimentWith(small), {
      // A file, below which no folder can be made.
      runsFolder: import.meta.filename,
      startInfrastructure: async (world, options) => {
        const infrastructure = await start(world, options);
        return {
          ...infrastructure,
          async stop() {
            await infrastructure.stop();
            isStopped = true;
          },
        };
      },
    });
    expect(error).toMatchObject({ code: "HIST_1004" });
    expect(isStopped).toBe(true);
    expect(timers).toBe(0);
  });

  it.for([
    ["drainBoundMs", Number.NaN],
    ["drainBoundMs", -1],
    ["progressIntervalMs", 0],
    ["progressIntervalMs", Number.POSITIVE_INFINITY],
  ] as const)("is refused with a %s of %d before anything is started", async ([name, value], { expect }) => {
    const { error, ...left } = await runInRig(experimentWith(small), { [name]: value });
    expect(error).toMatchObject({ code: "CONF_1002", message: `The run's ${name} cannot be ${value}.` });
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("ends with RUN_1001 when the broker refuses everybody", { timeout: 60_000 }, async ({ expect }) => {
    await using broker = await startRefusingBroker();
    const { error, ...left } = await runInRig(experimentWith(small), {
      startInfrastructure: async (_world, { links }) => ({
        backend: "refusing",
        capabilities: new Set(),
        broker: { endpoint: broker.endpoint, description: "refuses" },
        links: new Map(links.map((name) => [name, { name, endpoint: broker.endpoint } as Link])),
        stop: async () => {},
      }),
    });
    expect(error).toMatchObject({ code: "RUN_1001", message: expect.stringContaining("CONN_1003") });
    expect({ ...left, listening: [] }).toEqual({ result: undefined, ...nothingLeft });
  });

  it("ends with RUN_1001 and the devices' states when the links lead nowhere", { timeout: 60_000 }, async ({
    expect,
  }) => {
    const { error, ...left } = await runInRig(experimentWith(small), {
      onInfrastructure: (infrastructure) => {
        for (const link of infrastructure.links.values()) void link.disable();
      },
    });
    expect(error).toMatchObject({
      code: "RUN_1001",
      message: expect.stringMatching(/^Only 0 of 2 devices came up .*last error was CONN_100\d/),
    });
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });
});

describe.concurrent("whoever watches", () => {
  it("and throws is not asked again, and keeps the run neither from its verdict nor from stopping", async ({
    expect,
  }) => {
    let asked = 0;
    const { result, ...left } = await runInRig(experimentWith(small), {
      onProgress() {
        asked += 1;
        throw new Error("a broken screen");
      },
    });
    expect(asked).toBe(1);
    expect(result?.outcome).toBe("valid");
    expect(left).toEqual({ error: undefined, ...nothingLeft });
  });
});

describe.concurrent("a model that is wrong at work", () => {
  it("ends the run with the stream that its machine wants and it lacks", async ({ expect }) => {
    const machine = setup({ types: { emitted: {} as BehaviourEmission } }).createMachine({
      on: { published: { actions: emit({ type: "publish", stream: "shouts" }) } },
    });
    const model = { ...chattyDevice, machine };
    const { error, ...left } = await runInRig(experimentWith({ ...small, mix: [{ model, weight: 1 }] }));
    expect(error).toMatchObject({ code: "CONF_1004", message: expect.stringContaining('"shouts"') });
    expect((error as StormfleetError).hint).toContain("gossip, readings, bills");
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("ends the run with the profile that could not be made", async ({ expect }) => {
    const profile = () => {
      throw new Error("no such place");
    };
    const model = { ...chattyDevice, profile };
    const { error, ...left } = await runInRig(experimentWith({ ...small, mix: [{ model, weight: 1 }] }));
    expect(error).toMatchObject({
      code: "CONF_1004",
      message: `The device "${chattyDevice.name}" could not make its profile: no such place.`,
    });
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("ends the run when its payload is no object, and blames nobody for the loss", async ({ expect }) => {
    const gossip = { description: "", qos: 1 as const, everyMs: 100, payload: () => null as never };
    const model = { ...chattyDevice, streams: { gossip } };
    const { error, ...left } = await runInRig(experimentWith({ ...small, mix: [{ model, weight: 1 }] }));
    expect(error).toMatchObject({ code: "CONF_1004", message: expect.stringContaining("not a JSON object") });
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("ends the run with the notice that is too long to be sent", async ({ expect }) => {
    const payload = () => ({ text: "x".repeat(300_000) });
    const model = { ...chattyDevice, notices: { description: "", everyMs: 100, payload } };
    const { error, ...left } = await runInRig(experimentWith({ ...small, mix: [{ model, weight: 1 }] }));
    expect(error).toMatchObject({
      code: "CONF_1004",
      message: expect.stringMatching(/could not be made: .* 262144 are allowed\.$/),
    });
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("ends the run with the command that could not be made", async ({ expect }) => {
    const orders = {
      description: "",
      qos: 1 as const,
      everyMs: 100,
      payload: () => {
        throw new Error("out of orders");
      },
    };
    const model = { ...chattyDevice, commands: { orders } };
    const { error, ...left } = await runInRig(experimentWith({ ...small, mix: [{ model, weight: 1 }] }));
    expect(error).toMatchObject({ code: "CONF_1004", message: expect.stringContaining('command "orders"') });
    expect((error as StormfleetError).message).toContain("out of orders");
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });
});

describe.concurrent("a fault that fails", () => {
  it("half-way is undone, noted, and leaves the run unknown", async ({ expect }) => {
    let injections = 0;
    const breaksOnSecond = defineFault({
      name: "breaks-on-second",
      description: "Cuts the first link and fails at the second.",
      needs: [],
      effect: "severs",
      parameters: {},
      inject(link) {
        injections += 1;
        return injections === 1 ? link.disable() : Promise.reject(new Error("no second cut"));
      },
    });
    const method = [{ fault: breaksOnSecond, from: 0.2, until: 0.6 }];
    const { result, error, ...left } = await runInRig(experimentWith({ ...small, method }));
    expect(error).toBeUndefined();
    expect(injections).toBe(2);
    expect(result?.outcome).toBe("unknown");
    expect(result?.notes).toEqual(["A fault failed: no second cut"]);
    expect(left).toEqual(nothingLeft);
  });
});

describe.concurrent("an interruption", () => {
  const experiment = experimentWith({ ...small, durationMs: 2000, method: [always] });

  it("before the infrastructure is up ends the run with its reason", async ({ expect }) => {
    const { signal, reason, onProgress } = abortWhen(() => false);
    const controller = new AbortController();
    const start = await selectBackend("embedded");
    const { error, ...left } = await runInRig(experiment, {
      signal: AbortSignal.any([signal, controller.signal]),
      onProgress,
      startInfrastructure: (world, options) => {
        controller.abort(reason);
        return start(world, options);
      },
    });
    expect(error).toBe(reason);
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("as the warm-up begins ends the run with its reason", async ({ expect }) => {
    const { reason, ...options } = abortWhen(({ phase }) => phase === "warm-up");
    const { error, ...left } = await runInRig(experiment, options);
    expect(error).toBe(reason);
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("while the devices connect ends the run with its reason", async ({ expect }) => {
    const { reason, ...options } = abortWhen(
      ({ phase, devicesByState }) => phase === "warm-up" && devicesByState.disconnected < 2,
    );
    const { error, ...left } = await runInRig({ ...experiment, settings: { rampPerSecond: 2 } }, options);
    expect(error).toBe(reason);
    expect(left).toEqual({ result: undefined, ...nothingLeft });
  });

  it("in the storm heals what is in force, drains, and judges what was seen", async ({ expect }) => {
    const { reason: _, ...options } = abortWhen(
      ({ phase, faults }) => phase === "storm" && faults.length > 0,
    );
    const { result, error, ...left } = await runInRig(experiment, options);
    expect(error).toBeUndefined();
    expect(result?.outcome).toBe("unknown");
    expect(result?.notes).toEqual(['The run was interrupted in the phase "storm".']);
    expect(result?.verdicts.filter(({ outcome }) => outcome === "invalid")).toEqual([]);
    expect(left).toEqual(nothingLeft);
  });

  it.for(["recovery", "drain"] as const)(
    "in the %s is noted, and what was seen is judged",
    async (phase, { expect }) => {
      const { reason: _, ...options } = abortWhen((progress) => progress.phase === phase);
      const { result, error, ...left } = await runInRig(experiment, options);
      expect(error).toBeUndefined();
      expect(result?.outcome).toBe("unknown");
      expect(result?.notes).toEqual([`The run was interrupted in the phase "${phase}".`]);
      expect(result?.verdicts.filter(({ outcome }) => outcome === "invalid")).toEqual([]);
      expect(left).toEqual(nothingLeft);
    },
  );
});
