import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutsOf } from "../../../../src/infrastructure/embedded/fault-proxy/toxics/slicer.ts";
import { createRandom } from "../../../../src/time/random.ts";
import { createStageRig } from "./toxic-stage-rig.ts";

describe("latency", () => {
  it("releases every chunk its latency after it arrived", () => {
    const { clock, out, send } = createStageRig("latency", { latency: 100 });
    send("a");
    clock.advance(30);
    send("b");
    clock.advance(1000);
    expect(out.log).toEqual(["a@100", "b@130"]);
  });

  it.each([0, -50])("passes at once at a latency of %d", (latency) => {
    const { out, send, clock } = createStageRig("latency", { latency });
    send("a");
    expect(out.log).toEqual(["a@0"]);
    expect(clock.pending).toBe(0);
  });

  it("keeps the order when jitter would swap two chunks", () => {
    const { clock, out, send } = createStageRig("latency", { latency: 50, jitter: 50 });
    for (const letter of "abcdefgh") {
      send(letter);
      clock.advance(1);
    }
    clock.advance(1000);
    expect(out.log.map((entry) => entry[0]).join("")).toBe("abcdefgh");
  });

  it("draws jitter from -jitter to jitter - 1", () => {
    const delays = new Set<number>();
    const { clock, out, send } = createStageRig("latency", { latency: 10, jitter: 2 });
    for (let round = 0; round < 200; round += 1) {
      const sentMs = clock.monotonicMs();
      send("x");
      clock.advance(20);
      delays.add(Number(out.log.at(-1)?.split("@")[1]) - sentMs);
    }
    expect([...delays].sort((a, b) => a - b)).toEqual([8, 9, 10, 11]);
  });

  it("holds the end behind the data, and no longer", () => {
    const { clock, out, send, stage } = createStageRig("latency", { latency: 100 });
    send("a");
    stage.end();
    clock.advance(100);
    expect(out.log).toEqual(["a@100", "end@100"]);
  });

  it("passes the end at once when nothing waits", () => {
    const { out, stage } = createStageRig("latency", { latency: 100 });
    stage.end();
    expect(out.log).toEqual(["end@0"]);
  });

  it("queues 1024 chunks before it pushes back, and says when there is room", () => {
    const { clock, send, stage } = createStageRig("latency", { latency: 100 });
    let room = 0;
    stage.onRoom = () => {
      room += 1;
    };
    for (let chunk = 0; chunk < 1024; chunk += 1) send("x");
    expect(stage.full()).toBe(false);
    send("x");
    expect(stage.full()).toBe(true);
    expect(room).toBe(0);
    clock.advance(100);
    expect(room).toBe(1);
    expect(stage.full()).toBe(false);
  });

  it("releases only the waiting chunk on a restart, and all on removal", () => {
    const { clock, out, send, restart, stage } = createStageRig("latency", { latency: 100 });
    send("a");
    send("b");
    send("c");
    clock.advance(10);
    restart();
    expect(out.log).toEqual(["a@10"]);
    stage.remove();
    expect(out.log).toEqual(["a@10", "b@10", "c@10"]);
    expect(clock.pending).toBe(0);
  });

  it("survives the greatest numbers", () => {
    const { clock, out, send } = createStageRig("latency", { latency: 2 ** 63, jitter: 2 ** 63 });
    send("x");
    clock.advance(365 * 86_400_000);
    expect(out.log).toEqual([]);
    expect(clock.pending).toBe(1);
  });
});

describe("bandwidth", () => {
  it("waits before the bytes, in slices of 100 ms", () => {
    const { clock, out, send } = createStageRig("bandwidth", { rate: 100 });
    send(25_000);
    clock.advance(99);
    expect(out.sizes).toEqual([]);
    clock.advance(1000);
    expect(out.sizes).toEqual([10_000, 10_000, 5000]);
    expect(out.log.map((entry) => entry.split("@")[1])).toEqual(["100", "200", "250"]);
  });

  it("gives no credit for idle time", () => {
    const { clock, out, send } = createStageRig("bandwidth", { rate: 1 });
    clock.advance(10_000);
    send(50);
    clock.advance(49);
    expect(out.sizes).toEqual([]);
    clock.advance(1);
    expect(out.sizes).toEqual([50]);
  });

  it("pushes back while it waits", () => {
    const { clock, send, stage } = createStageRig("bandwidth", { rate: 1 });
    send(50);
    expect(stage.full()).toBe(true);
    clock.advance(50);
    expect(stage.full()).toBe(false);
  });

  it("does not send a slice before there is room behind", () => {
    const { clock, out, send } = createStageRig("bandwidth", { rate: 1 });
    out.isFull = true;
    send(250);
    clock.advance(1000);
    expect(out.sizes).toEqual([100]);
    out.makeRoom();
    clock.advance(1000);
    expect(out.sizes).toEqual([100, 100, 50]);
  });

  it.each([0, -7])("holds data and the end at a rate of %d, without a timer, until removed", (rate) => {
    const { clock, out, send, stage } = createStageRig("bandwidth", { rate });
    send("a");
    send("b");
    stage.end();
    expect(clock.pending).toBe(0);
    expect(out.log).toEqual([]);
    stage.remove();
    expect(out.log).toEqual(["a@0", "b@0", "end@0"]);
  });

  it("sends the rest of the chunk on a restart and owes nothing then", () => {
    const { clock, out, send, restart } = createStageRig("bandwidth", { rate: 1 });
    send(1000);
    clock.advance(150);
    restart();
    expect(out.sizes).toEqual([100, 900]);
    send(10);
    clock.advance(10);
    expect(out.sizes).toEqual([100, 900, 10]);
  });
});

describe("slow_close", () => {
  it("holds the end only", () => {
    const { clock, out, send, stage } = createStageRig("slow_close", { delay: 100 });
    send("a");
    stage.end();
    clock.advance(99);
    expect(out.log).toEqual(["a@0"]);
    clock.advance(1);
    expect(out.log).toEqual(["a@0", "end@100"]);
  });

  it("starts the new delay from the beginning", () => {
    const { clock, out, stage, restart } = createStageRig("slow_close", { delay: 300 });
    stage.end();
    clock.advance(200);
    restart({ attributes: { delay: 400 } });
    clock.advance(1000);
    expect(out.log).toEqual(["end@600"]);
  });

  it("passes the end once when it is removed", () => {
    const { clock, out, stage } = createStageRig("slow_close", { delay: 300 });
    stage.end();
    stage.remove();
    clock.advance(1000);
    expect(out.log).toEqual(["end@0"]);
  });

  it.each([0, -1])("does not hold it at %d", (delay) => {
    const { out, stage } = createStageRig("slow_close", { delay });
    stage.end();
    expect(out.log).toEqual(["end@0"]);
  });
});

describe("timeout", () => {
  it("closes after a silence that starts again with every chunk", () => {
    const { clock, out, send } = createStageRig("timeout", { timeout: 300 });
    for (let round = 0; round < 10; round += 1) {
      clock.advance(299);
      send("dropped");
    }
    clock.advance(300);
    expect(out.log).toEqual(["end@3290"]);
    expect(clock.pending).toBe(0);
  });

  it.each([0, -1])("never closes at %d, and does not push back", (timeout) => {
    const { clock, out, send, stage } = createStageRig("timeout", { timeout });
    out.isFull = true;
    send("dropped");
    expect(stage.full()).toBe(false);
    expect(clock.pending).toBe(0);
    stage.end();
    expect(out.log).toEqual(["end@0"]);
  });

  it("starts again on a restart", () => {
    const { clock, out, restart } = createStageRig("timeout", { timeout: 300 });
    clock.advance(200);
    restart();
    clock.advance(1000);
    expect(out.log).toEqual(["end@500"]);
  });

  it("closes when it is removed, also where it was not acting", () => {
    const { out, stage } = createStageRig("timeout", {}, { toxicity: 0 });
    stage.remove();
    expect(out.log).toEqual(["end@0"]);
  });
});

describe("limit_data", () => {
  it("cuts the chunk that reaches the limit", () => {
    const { out, send, stage } = createStageRig("limit_data", { bytes: 5 });
    send("abc");
    send("def");
    send("ghi");
    expect(out.log).toEqual(["abc@0", "de@0", "end@0"]);
    expect(stage.full()).toBe(true);
  });

  it("closes when the limit is reached exactly", () => {
    const { out, send } = createStageRig("limit_data", { bytes: 3 });
    send("abc");
    expect(out.log).toEqual(["abc@0", "end@0"]);
  });

  it.each([0, -5])("passes nothing at %d", (bytes) => {
    const { out, send } = createStageRig("limit_data", { bytes });
    send("abc");
    expect(out.log).toEqual(["end@0"]);
  });

  it("goes on counting after a raise, and closes with the next chunk after a cut", () => {
    const { out, send, restart } = createStageRig("limit_data", { bytes: 4 });
    send("abc");
    restart({ attributes: { bytes: 6 } });
    send("de");
    restart({ attributes: { bytes: 2 } });
    expect(out.log).toEqual(["abc@0", "de@0"]);
    send("f");
    expect(out.log).toEqual(["abc@0", "de@0", "end@0"]);
  });

  it("does not count what passed while it was not acting", () => {
    const { out, send, restart } = createStageRig("limit_data", { bytes: 2 }, { toxicity: 0 });
    send("abc");
    restart({ toxicity: 1 });
    send("d");
    expect(out.log).toEqual(["abc@0", "d@0"]);
  });
});

describe("reset_peer", () => {
  it("drops the first chunk, reads no more, and closes after its timeout", () => {
    const { clock, out, send, stage } = createStageRig("reset_peer", { timeout: 100 });
    clock.advance(50);
    send("trigger");
    expect(stage.full()).toBe(true);
    clock.advance(1000);
    expect(out.log).toEqual(["end@150"]);
  });

  it.each([0, -1])("closes at once at %d, also for an end", (timeout) => {
    const { out, stage } = createStageRig("reset_peer", { timeout });
    stage.end();
    expect(out.log).toEqual(["end@0"]);
  });

  it("closes at once when it is restarted or removed during the wait, and not before a chunk came", () => {
    const { out, send, restart, clock } = createStageRig("reset_peer", { timeout: 100 });
    restart();
    expect(out.log).toEqual([]);
    send("trigger");
    restart();
    expect(out.log).toEqual(["end@0"]);
    expect(clock.pending).toBe(0);
  });
});

describe("slicer", () => {
  it("pauses after every piece, the last one, too", () => {
    const { clock, out, send } = createStageRig("slicer", { average_size: 2, delay: 5000 });
    send("abcd");
    send("ef");
    clock.advance(1000);
    expect(out.log).toEqual(["ab@0", "cd@5", "ef@10"]);
  });

  it("adds up delays that are shorter than a timer's tick", () => {
    const { clock, out, send } = createStageRig("slicer", { average_size: 1, delay: 10 });
    send(300);
    clock.advance(1);
    expect(out.sizes.length).toBeGreaterThanOrEqual(99);
    expect(out.sizes.length).toBeLessThanOrEqual(201);
    clock.advance(2);
    expect(out.sizes).toHaveLength(300);
  });

  it("sends the rest as one piece on a restart", () => {
    const { clock, out, send, restart } = createStageRig("slicer", { average_size: 2, delay: 5000 });
    send("abcdefgh");
    clock.advance(5);
    restart();
    expect(out.log).toEqual(["ab@0", "cd@5", "efgh@5"]);
  });

  it("cuts any size into pieces that add up, whatever its attributes", () => {
    const attribute = fc.integer({ min: -10, max: 40_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 32_768 }), attribute, attribute, (size, average, variation) => {
        const attributes = { average_size: average, size_variation: variation, delay: 0 };
        const cuts = cutsOf(size, attributes, createRandom("cuts"));
        const edges = [0, ...cuts, size];
        for (let index = 1; index < edges.length - 1; index += 1) {
          expect(edges[index]).toBeGreaterThan(edges[index - 1] ?? 0);
        }
        if (size > 0) expect(cuts.at(-1) ?? 0).toBeLessThan(size);
      }),
      { numRuns: 200 },
    );
  });

  it("makes no piece longer than average and variation together", () => {
    const attributes = { average_size: 100, size_variation: 20, delay: 0 };
    const edges = [0, ...cutsOf(32_768, attributes, createRandom("cuts")), 32_768];
    for (const [index, edge] of edges.entries())
      expect(edge - (edges[index - 1] ?? 0)).toBeLessThanOrEqual(120);
  });

  it.each([0, -1])("keeps chunks whole at an average of %d", (average_size) => {
    const { out, send } = createStageRig("slicer", { average_size });
    send(1000);
    expect(out.sizes).toEqual([1000]);
  });
});

describe("noop", () => {
  it("passes everything", () => {
    const { out, send, stage } = createStageRig("noop", {});
    send("a");
    send("b");
    stage.end();
    expect(out.log).toEqual(["a@0", "b@0", "end@0"]);
  });
});

describe("toxicity", () => {
  const actsOf = (seed: string) => {
    const acts: boolean[] = [];
    const rig = createStageRig("noop", {}, { toxicity: 0.5, seed, onActing: () => acts.splice(-1, 1, true) });
    for (let restart = 0; restart < 200; restart += 1) {
      acts.push(false);
      rig.restart();
    }
    return acts;
  };

  it("is drawn again at every restart", () => {
    const count = actsOf("one").filter((acted) => acted).length;
    expect(count).toBeGreaterThan(60);
    expect(count).toBeLessThan(140);
  });

  it("repeats with the seed", () => {
    expect(actsOf("one")).toEqual(actsOf("one"));
    expect(actsOf("one")).not.toEqual(actsOf("two"));
  });
});

describe("a long queue", () => {
  it("passes without deep recursion", () => {
    const { out, send, restart } = createStageRig("latency", { latency: 1000 });
    for (let chunk = 0; chunk < 20_000; chunk += 1) send("x");
    restart({ attributes: { latency: 0 } });
    expect(out.sizes).toHaveLength(20_000);
  });

  it("waits for room behind before each chunk", () => {
    const { out, send } = createStageRig("noop", {});
    out.isFull = true;
    send("a");
    send("b");
    send("c");
    expect(out.log).toEqual(["a@0"]);
    out.makeRoom();
    expect(out.log).toEqual(["a@0", "b@0", "c@0"]);
  });
});
