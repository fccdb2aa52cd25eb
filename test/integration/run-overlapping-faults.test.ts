import { expect, test } from "vitest";
import { partition } from "../../chaos/faults/partition.ts";
import { createNemesis } from "../../src/experiment/nemesis.ts";
import { createRecorder } from "../../src/history/recorder.ts";
import { selectBackend } from "../../src/infrastructure/select.ts";
import { silentTelemetry } from "../../src/observability/telemetry.ts";
import { createWorld } from "../../src/time/world.ts";
import { stillListening } from "../helpers/run-rig.ts";

test("two partitions that overlap on one link keep it closed until both are healed", async () => {
  const world = createWorld({ seed: "7" });
  const start = await selectBackend("embedded");
  const infrastructure = await start(world, { links: ["link-1"], telemetry: silentTelemetry });
  try {
    const open: number[] = [];
    const looks: Promise<void>[] = [];
    const look = async () => {
      // The broker itself always listens.
      open.push((await stillListening(infrastructure)).length - 1);
    };
    const recorder = createRecorder(world.clock, {
      sink(entry) {
        if (entry.type === "fault" && entry.stage === "healed" && entry.id === 1) looks.push(look());
      },
    });
    const nemesis = createNemesis(world, infrastructure.links, recorder);
    expect(await stillListening(infrastructure)).toHaveLength(2);
    const method = [
      { fault: partition, from: 0, until: 0.1 },
      { fault: partition, from: 0.05, until: 1 },
    ];
    await nemesis.run(method, 2000, new AbortController().signal);
    await Promise.all(looks);
    expect(open).toEqual([0]);
    expect(await stillListening(infrastructure)).toHaveLength(2);
    await nemesis.healAll();
  } finally {
    await infrastructure.stop();
  }
});
