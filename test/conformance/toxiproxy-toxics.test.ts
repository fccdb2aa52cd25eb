import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ToxiproxyRig } from "../helpers/toxiproxy-rig.ts";
import { titleOf, toxiproxyImplementations } from "../helpers/toxiproxy-server.ts";

/** Longer than any test may take: what passes in spite of it was let through. */
const forever = 600_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const implementation of toxiproxyImplementations) {
  describe.skipIf(implementation.missing !== undefined)(`toxics: ${titleOf(implementation)}`, () => {
    const rig = new ToxiproxyRig(implementation);
    const isReal = implementation.name === "real";
    beforeAll(() => rig.start());
    afterEach(() => rig.cleanUp());
    afterAll(() => rig.stop());

    describe("latency", () => {
      it("delays its stream and not the other", async () => {
        const link = await rig.createLink({ type: "latency", attributes: { latency: 200 } });
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        server.send("slow");
        expect((await client.waitForBytes(4)) - sentMs).toBeGreaterThanOrEqual(199);
        await link.updateToxic("latency_downstream", { attributes: { latency: forever } });
        server.send("held");
        client.send("fast");
        expect(await server.text(4)).toBe("fast");
        expect(client.receivedBytes).toBe(4);
      });

      it("keeps the order in spite of jitter", async () => {
        const link = await rig.createLink({ type: "latency", attributes: { latency: 30, jitter: 30 } });
        const { client, server } = await link.connect();
        const letters = "abcdefghijklmnop";
        for (const letter of letters) {
          server.send(letter);
          await pause(3);
        }
        expect(await client.text(letters.length)).toBe(letters);
      });

      it("does not lower the throughput", async () => {
        const link = await rig.createLink({ type: "latency", attributes: { latency: 400 } });
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        for (let sent = 0; sent < 20; sent += 1) {
          server.send("x");
          await pause(10);
        }
        // One after the other they would take 8 s.
        expect((await client.waitForBytes(20)) - sentMs).toBeLessThan(6000);
      });

      it("adds up with another one", async () => {
        const link = await rig.createLink(
          { name: "a", type: "latency", attributes: { latency: 100 } },
          { name: "b", type: "latency", attributes: { latency: 150 } },
        );
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        server.send("x");
        expect((await client.waitForBytes(1)) - sentMs).toBeGreaterThanOrEqual(249);
      });

      it("lets the end of an idle connection pass at once", async () => {
        const { client, server } = await (
          await rig.createLink({ type: "latency", attributes: { latency: forever } })
        ).connect();
        server.socket.end();
        expect(await client.ending).toBe("fin");
      });

      it("holds the end behind delayed data", async () => {
        const { client, server } = await (
          await rig.createLink({ type: "latency", attributes: { latency: 200 } })
        ).connect();
        server.socket.end("last words");
        expect(await client.ending).toBe("fin");
        expect(client.received.toString()).toBe("last words");
      });

      it("releases everything when it is removed", async () => {
        const link = await rig.createLink({ name: "t", type: "latency", attributes: { latency: forever } });
        const { client, server } = await link.connect();
        server.send("a");
        await pause(20);
        server.send("b");
        client.send("x");
        await server.waitForBytes(1);
        await link.removeToxic("t");
        expect(await client.text(2)).toBe("ab");
      });

      it.each(["update", "add behind"])("releases the chunk that waits on %s", async (action) => {
        const link = await rig.createLink({ name: "t", type: "latency", attributes: { latency: forever } });
        const { client, server } = await link.connect();
        server.send("waiting");
        client.send("x");
        await server.waitForBytes(1);
        await pause(50);
        if (action === "update") await link.updateToxic("t", {});
        else await link.addToxic({ type: "noop" });
        expect(await client.text(7)).toBe("waiting");
      });
    });

    describe("bandwidth", () => {
      it("paces the bytes of its stream", async () => {
        const link = await rig.createLink({ type: "bandwidth", attributes: { rate: 50 } });
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        server.send(Buffer.alloc(25_000));
        expect((await client.waitForBytes(1)) - sentMs).toBeGreaterThanOrEqual(99);
        expect((await client.waitForBytes(25_000)) - sentMs).toBeGreaterThanOrEqual(499);
        client.send(Buffer.alloc(1_000_000));
        await server.waitForBytes(1_000_000);
      });

      it("limits each connection by itself", async () => {
        const link = await rig.createLink({ type: "bandwidth", attributes: { rate: 100 } });
        const first = await link.connect();
        const second = await link.connect();
        const sentMs = performance.now();
        for (const { server } of [first, second]) server.send(Buffer.alloc(50_000));
        const ends = await Promise.all([first, second].map(({ client }) => client.waitForBytes(50_000)));
        for (const endMs of ends) expect(endMs - sentMs).toBeGreaterThanOrEqual(499);
      });

      it("holds data and the end behind it at rate 0, until it is removed", async () => {
        const link = await rig.createLink({ name: "t", type: "bandwidth", attributes: { rate: 0 } });
        const { client, server } = await link.connect();
        server.socket.end("held");
        client.send("x");
        await server.waitForBytes(1);
        await pause(150);
        expect(client.receivedBytes).toBe(0);
        await link.removeToxic("t");
        expect(await client.ending).toBe("fin");
        expect(client.received.toString()).toBe("held");
      });

      it("lets the end of an idle connection pass at rate 0", async () => {
        const link = await rig.createLink({ type: "bandwidth", attributes: { rate: 0 } });
        const { client, server } = await link.connect();
        server.socket.end();
        expect(await client.ending).toBe("fin");
      });

      it("sends the rest of the chunk unthrottled on an update", async () => {
        const link = await rig.createLink({ name: "t", type: "bandwidth", attributes: { rate: 1 } });
        const { client, server } = await link.connect();
        server.send(Buffer.alloc(20_000));
        await client.waitForBytes(100);
        await link.updateToxic("t", {});
        await client.waitForBytes(20_000);
      });

      // The reference crashes: known difference.
      it.skipIf(isReal)("takes a negative rate for 0", async () => {
        const link = await rig.createLink({ name: "t", type: "bandwidth", attributes: { rate: -1 } });
        const { client, server } = await link.connect();
        server.send("held");
        client.send("x");
        await server.waitForBytes(1);
        expect(client.receivedBytes).toBe(0);
        await link.removeToxic("t");
        expect(await client.text(4)).toBe("held");
      });
    });

    describe("slow_close", () => {
      it("passes data and delays the end, for both sides", async () => {
        const link = await rig.createLink({ type: "slow_close", attributes: { delay: 300 } });
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        server.socket.end("data");
        await client.waitForBytes(4);
        expect([await client.ending, await server.ending]).toEqual(["fin", "fin"]);
        expect(performance.now() - sentMs).toBeGreaterThanOrEqual(299);
      });

      it("does not delay a close in the other direction, but that of the socket that remains", async () => {
        const link = await rig.createLink({ name: "t", type: "slow_close", attributes: { delay: 400 } });
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        client.socket.end();
        await server.ending;
        await client.ending;
        expect(performance.now() - sentMs).toBeGreaterThanOrEqual(399);
      });

      it("passes the close when it is removed", async () => {
        const link = await rig.createLink({ name: "t", type: "slow_close", attributes: { delay: forever } });
        const { client, server } = await link.connect();
        server.socket.end("data");
        await client.waitForBytes(4);
        await pause(50);
        await link.removeToxic("t");
        expect(await client.ending).toBe("fin");
      });

      it("starts its delay again on an update", async () => {
        const link = await rig.createLink({ name: "t", type: "slow_close", attributes: { delay: forever } });
        const { client, server } = await link.connect();
        server.socket.end("data");
        await client.waitForBytes(4);
        await pause(50);
        const updatedMs = performance.now();
        await link.updateToxic("t", { attributes: { delay: 300 } });
        expect(await client.ending).toBe("fin");
        expect(performance.now() - updatedMs).toBeGreaterThanOrEqual(299);
      });
    });

    describe("timeout", () => {
      it("drops data and closes both sides after a silence", async () => {
        const link = await rig.createLink({ type: "timeout", attributes: { timeout: 300 } });
        const startMs = performance.now();
        const { client, server } = await link.connect();
        client.send("passes");
        expect(await server.text(6)).toBe("passes");
        expect([await client.ending, await server.ending]).toEqual(["fin", "fin"]);
        expect(performance.now() - startMs).toBeGreaterThanOrEqual(299);
      });

      it("starts again with every chunk that it drops", async () => {
        const link = await rig.createLink({ type: "timeout", attributes: { timeout: 1000 } });
        const { client, server } = await link.connect();
        await pause(300);
        server.send("dropped");
        const lastMs = performance.now();
        expect(await client.ending).toBe("fin");
        expect(performance.now() - lastMs).toBeGreaterThanOrEqual(999);
        expect(client.receivedBytes).toBe(0);
      });

      it("drops for good at 0, lets the end pass, and does not push back", async () => {
        const link = await rig.createLink({ type: "timeout", attributes: { timeout: 0 } });
        const { client, server } = await link.connect();
        server.socket.end(Buffer.alloc(32 * 1024 * 1024));
        expect(await client.ending).toBe("fin");
        expect(client.receivedBytes).toBe(0);
      });

      it("starts again on an update", async () => {
        const link = await rig.createLink({ name: "t", type: "timeout", attributes: { timeout: forever } });
        const { client } = await link.connect();
        const updatedMs = performance.now();
        await link.updateToxic("t", { attributes: { timeout: 300 } });
        expect(await client.ending).toBe("fin");
        expect(performance.now() - updatedMs).toBeGreaterThanOrEqual(299);
      });

      it("starts again when a toxic is added behind it", async () => {
        const link = await rig.createLink({ type: "timeout", attributes: { timeout: 600 } });
        const { client } = await link.connect();
        await pause(200);
        const addedMs = performance.now();
        await link.addToxic({ type: "noop" });
        expect(await client.ending).toBe("fin");
        expect(performance.now() - addedMs).toBeGreaterThanOrEqual(599);
      });

      it.each([1, 0])("closes open connections when it is removed, at toxicity %d", async (toxicity) => {
        const link = await rig.createLink({ name: "t", type: "timeout", toxicity });
        const { client, server } = await link.connect();
        await link.removeToxic("t");
        expect([await client.ending, await server.ending]).toEqual(["fin", "fin"]);
      });

      it("closes open connections on a reset", async () => {
        const link = await rig.createLink({ type: "timeout" });
        const { client } = await link.connect();
        await rig.json("POST", "/reset");
        expect(await client.ending).toBe("fin");
      });
    });

    describe("limit_data", () => {
      it.each([5, 4])("lets exactly the limit pass and closes, with %d bytes sent", async (sent) => {
        const link = await rig.createLink({ type: "limit_data", attributes: { bytes: 4 } });
        const { client, server } = await link.connect();
        server.send("12345".slice(0, sent));
        expect(await client.ending).toBe("fin");
        expect(client.received.toString()).toBe("1234");
        expect(["fin", "reset"]).toContain(await server.ending);
      });

      it("leaves a connection below the limit open", async () => {
        const link = await rig.createLink({ type: "limit_data", attributes: { bytes: 4 } });
        const { client, server } = await link.connect();
        server.send("123");
        await client.waitForBytes(3);
        client.send("open");
        expect(await server.text(4)).toBe("open");
        server.socket.end();
        expect(await client.ending).toBe("fin");
      });

      it("closes at the first chunk at 0, and not before", async () => {
        const link = await rig.createLink({ type: "limit_data" });
        const { client, server } = await link.connect();
        client.send("open");
        await server.waitForBytes(4);
        server.send("x");
        expect(await client.ending).toBe("fin");
        expect(client.receivedBytes).toBe(0);
      });

      it("keeps its count through updates and counts from 0 when added again", async () => {
        const link = await rig.createLink({ name: "t", type: "limit_data", attributes: { bytes: 10 } });
        const { client, server } = await link.connect();
        server.send("12345");
        await client.waitForBytes(5);
        await link.updateToxic("t", { attributes: { bytes: 8 } });
        server.send("67");
        await client.waitForBytes(7);
        await link.removeToxic("t");
        await link.addToxic({ name: "t", type: "limit_data", attributes: { bytes: 2 } });
        server.send("89ab");
        expect(await client.ending).toBe("fin");
        expect(client.received.toString()).toBe("123456789");
      });

      it("closes with the next chunk when lowered below its count", async () => {
        const link = await rig.createLink({ name: "t", type: "limit_data", attributes: { bytes: 10 } });
        const { client, server } = await link.connect();
        server.send("12345");
        await client.waitForBytes(5);
        await link.updateToxic("t", { attributes: { bytes: 3 } });
        client.send("open");
        await server.waitForBytes(4);
        server.send("6");
        expect(await client.ending).toBe("fin");
        expect(client.received.toString()).toBe("12345");
      });
    });

    describe("reset_peer", () => {
      it("resets both sides after the first chunk and its timeout", async () => {
        const link = await rig.createLink({
          type: "reset_peer",
          stream: "upstream",
          attributes: { timeout: 200 },
        });
        const { client, server } = await link.connect();
        server.send("flows");
        await client.waitForBytes(5);
        const sentMs = performance.now();
        client.send("trigger");
        expect([await client.ending, await server.ending]).toEqual(["reset", "reset"]);
        expect(performance.now() - sentMs).toBeGreaterThanOrEqual(199);
        expect(server.receivedBytes).toBe(0);
      });

      it("resets at an end, too", async () => {
        const link = await rig.createLink({ type: "reset_peer", stream: "upstream" });
        const { client, server } = await link.connect();
        client.socket.end();
        expect(await server.ending).toBe("reset");
      });

      it("leaves a silent connection alone", async () => {
        const link = await rig.createLink({ type: "reset_peer", stream: "upstream" });
        const { client, server } = await link.connect();
        server.send("alive");
        expect(await client.text(5)).toBe("alive");
      });

      it("makes every later close of its connections a reset, also when it was removed", async () => {
        const link = await rig.createLink({ name: "t", type: "reset_peer", stream: "upstream" });
        const { client, server } = await link.connect();
        await link.removeToxic("t");
        client.send("passes");
        expect(await server.text(6)).toBe("passes");
        await link.update({ enabled: false });
        expect([await client.ending, await server.ending]).toEqual(["reset", "reset"]);
      });

      it("closes a connection that was open before it with an end", async () => {
        const link = await rig.createLink();
        const { client, server } = await link.connect();
        await link.addToxic({ type: "reset_peer", stream: "upstream" });
        client.send("trigger");
        expect([await client.ending, await server.ending]).toEqual(["fin", "fin"]);
      });

      it("closes normally at toxicity 0, unlike the reference", async () => {
        const link = await rig.createLink({ type: "reset_peer", stream: "upstream", toxicity: 0 });
        const { client, server } = await link.connect();
        client.socket.end("data");
        await server.waitForBytes(4).catch(() => {});
        expect(await server.ending).toBe(isReal ? "reset" : "fin");
      });

      it.each(["update", "remove"])(
        "has reset the connection when %s answers during the wait",
        async (action) => {
          const timeout = isReal ? 300 : forever;
          const link = await rig.createLink({
            name: "t",
            type: "reset_peer",
            stream: "upstream",
            attributes: { timeout },
          });
          const { client, server } = await link.connect();
          client.send("trigger");
          server.send("x");
          await client.waitForBytes(1);
          await pause(50);
          if (action === "update") await link.updateToxic("t", {});
          else await link.removeToxic("t");
          expect([await client.ending, await server.ending]).toEqual(["reset", "reset"]);
        },
      );
    });

    describe("slicer", () => {
      const slices = (attributes: Record<string, number>) => ({ name: "t", type: "slicer", attributes });

      it("cuts a write into pieces with pauses between", async () => {
        const link = await rig.createLink(slices({ average_size: 100, size_variation: 20, delay: 20_000 }));
        const { client, server } = await link.connect();
        const data = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
        const sentMs = performance.now();
        server.send(data);
        const endMs = await client.waitForBytes(1000);
        expect(client.received.equals(data)).toBe(true);
        // Nine pauses at least: no piece is longer than 120 bytes.
        expect(endMs - sentMs).toBeGreaterThanOrEqual(8 * 20 - 1);
        expect(client.pieces.length).toBeGreaterThan(1);
        expect(client.pieces[0]?.bytes).toBeLessThanOrEqual(500);
      });

      it("sends the rest as one piece on an update", async () => {
        const link = await rig.createLink(slices({ average_size: 100, delay: forever * 1000 }));
        const { client, server } = await link.connect();
        server.send(Buffer.alloc(1000));
        await client.waitForBytes(1);
        await pause(50);
        await link.updateToxic("t", {});
        await client.waitForBytes(1000);
      });

      it("does not add to a latency behind it", async () => {
        const link = await rig.createLink(slices({ average_size: 250, delay: 50_000 }), {
          type: "latency",
          attributes: { latency: 300 },
        });
        const { client, server } = await link.connect();
        const sentMs = performance.now();
        server.send(Buffer.alloc(1000));
        expect((await client.waitForBytes(1)) - sentMs).toBeGreaterThanOrEqual(299);
        await client.waitForBytes(1000);
      });

      it("passes a megabyte unchanged without a delay", async () => {
        const link = await rig.createLink(slices({ average_size: 1000, size_variation: 500 }));
        const { client, server } = await link.connect();
        const data = Buffer.alloc(1024 * 1024, "slice ");
        server.send(data);
        await client.waitForBytes(data.length);
        expect(client.received.equals(data)).toBe(true);
      });

      // The reference crashes on both: known difference.
      it
        .skipIf(isReal)
        .each([{ average_size: 0 }, { average_size: 10, size_variation: 1000 }, { average_size: -5 }])(
        "survives %j",
        async (attributes) => {
          const { client, server } = await (await rig.createLink(slices(attributes))).connect();
          const data = Buffer.alloc(20_000, "slice ");
          server.send(data);
          await client.waitForBytes(data.length);
          expect(client.received.equals(data)).toBe(true);
        },
      );
    });

    describe("noop", () => {
      it("passes everything", async () => {
        const { client, server } = await (await rig.createLink({ type: "noop" })).connect();
        server.socket.end("everything");
        await client.ending;
        expect(client.received.toString()).toBe("everything");
      });
    });

    describe("the chain", () => {
      it("runs in order of creation, source first", async () => {
        const dropLater = await rig.createLink(
          { name: "limit", type: "limit_data", attributes: { bytes: 2 } },
          { name: "late", type: "latency", attributes: { latency: 200 } },
        );
        const { client, server } = await dropLater.connect();
        const sentMs = performance.now();
        server.send("1234");
        // The limit closes at once, and its end waits behind the delayed bytes.
        await client.ending;
        expect(performance.now() - sentMs).toBeGreaterThanOrEqual(199);
        expect(client.received.toString()).toBe("12");
      });

      it("acts on open connections at once when a toxic is added", async () => {
        const link = await rig.createLink();
        const { client, server } = await link.connect();
        server.send("before");
        await client.waitForBytes(6);
        await link.addToxic({ type: "timeout" });
        server.send("dropped");
        client.send("x");
        await server.waitForBytes(1);
        await link.addToxic({ type: "limit_data", stream: "upstream", attributes: { bytes: 1 } });
        client.send("y");
        await client.ending;
        expect(client.received.toString()).toBe("before");
      });

      it("goes on without loss when toxics come and go under load", async () => {
        const link = await rig.createLink();
        const { client, server } = await link.connect();
        const data = Buffer.alloc(8 * 1024 * 1024, "under load, ");
        server.send(data);
        for (let round = 0; round < 5; round += 1) {
          await link.addToxic({ name: "a", type: "latency", attributes: { latency: 5, jitter: 5 } });
          await link.addToxic({ name: "b", type: "bandwidth", attributes: { rate: 50_000 } });
          await link.addToxic({ name: "c", type: "slicer", attributes: { average_size: 9000 } });
          await link.updateToxic("a", { attributes: { latency: 1 } });
          await link.removeToxic("b");
          await link.removeToxic("a");
          await link.removeToxic("c");
        }
        await client.waitForBytes(data.length);
        expect(client.received.equals(data)).toBe(true);
      });

      // The reference deadlocks here and answers 503 after 25 s: known difference.
      it.skipIf(isReal)(
        "adds, updates and removes toxics in front of a receiver that does not read",
        async () => {
          const link = await rig.createLink({ name: "a", type: "latency", attributes: { latency: 1 } });
          const { client, server } = await link.connect();
          client.socket.pause();
          const size = 64 * 1024 * 1024;
          server.sendMany(size);
          expect(await server.stalled()).toBeGreaterThan(0);
          await link.addToxic({ name: "b", type: "noop" });
          await link.updateToxic("a", {});
          await link.removeToxic("b");
          await link.removeToxic("a");
          client.socket.resume();
          await client.waitForBytes(size);
        },
      );
    });

    describe("toxicity", () => {
      it("is drawn once per connection, not per chunk", async () => {
        const upstream = await rig.startUpstream({ echo: true });
        const proxy = await rig.createProxy({ upstream: upstream.address });
        const toxic = { type: "limit_data", stream: "upstream", toxicity: 0.5 };
        await rig.json("POST", `/proxies/${proxy.name}/toxics`, toxic);
        let affected = 0;
        for (let connection = 0; connection < 100; connection += 1) {
          const client = await rig.dial(proxy.listen);
          client.send("1");
          const echoed = await Promise.race([
            client.ending.then(() => false),
            client.waitForBytes(1).then(() => true),
          ]);
          if (!echoed) affected += 1;
          // A connection that was spared once is spared for good.
          for (let bytes = 2; echoed && bytes < 7; bytes += 1) {
            client.send("n");
            await client.waitForBytes(bytes);
          }
          client.socket.destroy();
        }
        // Six standard deviations around 50.
        expect(affected).toBeGreaterThan(20);
        expect(affected).toBeLessThan(80);
      });

      it.each([0, -3])("never acts at %d", async (toxicity) => {
        const link = await rig.createLink({ type: "limit_data", toxicity });
        const { client, server } = await link.connect();
        server.send("passes");
        expect(await client.text(6)).toBe("passes");
      });

      it("always acts at 7", async () => {
        const link = await rig.createLink({ type: "limit_data", toxicity: 7 });
        const { client, server } = await link.connect();
        server.send("x");
        expect(await client.ending).toBe("fin");
        expect(client.receivedBytes).toBe(0);
      });

      it("is drawn again on an update, for open connections, too", async () => {
        const link = await rig.createLink({ name: "t", type: "limit_data", toxicity: 0 });
        const { client, server } = await link.connect();
        server.send("passes");
        await client.waitForBytes(6);
        await link.updateToxic("t", { toxicity: 1 });
        server.send("x");
        expect(await client.ending).toBe("fin");
        expect(client.receivedBytes).toBe(6);
      });
    });
  });
}
