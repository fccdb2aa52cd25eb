import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ProxyJson, ToxiproxyRig } from "../helpers/toxiproxy-rig.ts";
import { freePort, titleOf, toxiproxyImplementations } from "../helpers/toxiproxy-server.ts";

for (const implementation of toxiproxyImplementations) {
  describe.skipIf(implementation.missing !== undefined)(`connections: ${titleOf(implementation)}`, () => {
    const rig = new ToxiproxyRig(implementation);
    beforeAll(() => rig.start());
    afterEach(() => rig.cleanUp());
    afterAll(() => rig.stop());

    it("passes bytes both ways", async () => {
      const { client, server } = await (await rig.createLink()).connect();
      client.send("question");
      expect(await server.text(8)).toBe("question");
      server.send("answer");
      expect(await client.text(6)).toBe("answer");
    });

    it("passes megabytes unchanged, both ways at once", async () => {
      const { client, server } = await (await rig.createLink()).connect();
      const size = 4 * 1024 * 1024;
      const up = Buffer.alloc(size, "up, and on; ");
      const down = Buffer.alloc(size, "down we go, ");
      client.send(up);
      server.send(down);
      await Promise.all([server.waitForBytes(size), client.waitForBytes(size)]);
      expect(server.received.equals(up)).toBe(true);
      expect(client.received.equals(down)).toBe(true);
    });

    it.each([[[]], [[{ type: "noop" }]], [[{ type: "latency", stream: "upstream" }]]])(
      "pushes back on a sender whose receiver does not read, and loses nothing, with toxics %j",
      async (toxics) => {
        const { client, server } = await (await rig.createLink(...toxics)).connect();
        server.socket.pause();
        const size = 64 * 1024 * 1024;
        client.sendMany(size);
        // The latency toxic alone holds up to 32 MiB; what is left over must stay with the sender.
        expect(await client.stalled()).toBeGreaterThan(0);
        server.socket.resume();
        await server.waitForBytes(size);
        expect(server.receivedBytes).toBe(size);
      },
    );

    it("closes the client when the server cannot be reached", async () => {
      const proxy = await rig.createProxy({ upstream: `127.0.0.1:${await freePort()}` });
      const client = await rig.dial(proxy.listen);
      expect(["fin", "reset"]).toContain(await client.ending);
    });

    it("closes the client when the upstream is no address", async () => {
      const proxy = await rig.createProxy({ upstream: "nonsense" });
      expect(["fin", "reset"]).toContain(await (await rig.dial(proxy.listen)).ending);
    });

    it("hands over all data before the end", async () => {
      const { client, server } = await (await rig.createLink()).connect();
      client.socket.end(Buffer.alloc(1024 * 1024));
      expect(await server.ending).toBe("fin");
      expect(server.receivedBytes).toBe(1024 * 1024);
    });

    it("knows no half-close: an end in one direction ends the other, too", async () => {
      const { client, server } = await (await rig.createLink()).connect();
      client.socket.end("request");
      expect(await server.text(7)).toBe("request");
      expect(await client.ending).toBe("fin");
      expect(client.receivedBytes).toBe(0);
    });

    it.each(["client", "server"] as const)("turns a reset by the %s into an end", async (resetting) => {
      const pair = await (await rig.createLink()).connect();
      pair[resetting].socket.resetAndDestroy();
      expect(await pair[resetting === "client" ? "server" : "client"].ending).toBe("fin");
    });

    it("closes connections and refuses new ones when disabled, at the same address when enabled", async () => {
      const link = await rig.createLink();
      const { client, server } = await link.connect();
      client.send("x");
      await server.waitForBytes(1);
      await link.update({ enabled: false });
      expect(await client.ending).toBe("fin");
      expect(await server.ending).toBe("fin");
      await expect(rig.dial(link.proxy.listen)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect(await link.update({ enabled: true })).toEqual(link.proxy);
      const again = await link.connect();
      again.client.send("back");
      expect(await again.server.text(4)).toBe("back");
    });

    it("closes connections when deleted", async () => {
      const link = await rig.createLink();
      const { client, server } = await link.connect();
      await rig.json("DELETE", link.path);
      expect([await client.ending, await server.ending]).toEqual(["fin", "fin"]);
      await expect(rig.dial(link.proxy.listen)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    });

    it("closes connections when the upstream changes, and dials the new one", async () => {
      const link = await rig.createLink();
      const { client } = await link.connect();
      const other = await rig.startUpstream();
      await link.update({ upstream: other.address });
      expect(await client.ending).toBe("fin");
      const next = await rig.dial(link.proxy.listen);
      next.send("hello");
      expect(await (await other.accepted()).text(5)).toBe("hello");
    });

    it("closes connections when the listen address changes", async () => {
      const link = await rig.createLink();
      const { client } = await link.connect();
      const { listen } = await link.update({ listen: `127.0.0.1:${await freePort()}` });
      expect(await client.ending).toBe("fin");
      await expect(rig.dial(link.proxy.listen)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await rig.dial(listen);
    });

    it("keeps connections through an update that changes nothing", async () => {
      const link = await rig.createLink();
      const { client, server } = await link.connect();
      const { upstream, listen } = link.proxy;
      await link.update({});
      await link.update({ enabled: true, upstream, listen });
      await link.update({ listen: listen.replace("127.0.0.1", "localhost") });
      expect((await rig.call("PATCH", link.path, '{"listen":"local373"}')).status).toBe(500);
      client.send("alive");
      expect(await server.text(5)).toBe("alive");
    });

    it("keeps connections of an equal proxy through populate, and closes those of a replaced one", async () => {
      const link = await rig.createLink();
      const { client, server } = await link.connect();
      const { name, listen, upstream } = link.proxy;
      await rig.json("POST", "/populate", [{ name, listen, upstream, enabled: false }]);
      client.send("alive");
      expect(await server.text(5)).toBe("alive");
      await rig.json("POST", "/populate", [{ name, listen, upstream: "127.0.0.1:1" }]);
      expect(await client.ending).toBe("fin");
    });

    it("keeps connections through a reset, which enables and cleans", async () => {
      const link = await rig.createLink({ type: "latency", attributes: { latency: 60_000 } });
      const { client, server } = await link.connect();
      server.send("held");
      client.send("x");
      await server.waitForBytes(1);
      await rig.json("POST", "/reset");
      expect(await client.text(4)).toBe("held");
      expect((await rig.json<ProxyJson>("GET", link.path)).toxics).toEqual([]);
    });

    it("keeps toxics through disable, enable and restart", async () => {
      const link = await rig.createLink({ type: "limit_data", attributes: { bytes: 3 } });
      await link.update({ enabled: false });
      await link.update({ enabled: true });
      await link.update({ listen: "127.0.0.1:0" });
      const { listen } = await rig.json<ProxyJson>("GET", link.path);
      const client = await rig.dial(listen);
      (await link.upstream.accepted()).send("12345");
      await client.ending;
      expect(client.received.toString()).toBe("123");
    });

    it("loses what sits in a toxic when disabled, without delay", async () => {
      const link = await rig.createLink(
        { type: "latency", attributes: { latency: 60_000 } },
        { type: "slow_close", attributes: { delay: 60_000 } },
      );
      const { client, server } = await link.connect();
      server.send("lost");
      client.send("x");
      await server.waitForBytes(1);
      await link.update({ enabled: false });
      expect(await client.ending).toBe("fin");
      expect(client.receivedBytes).toBe(0);
    });

    it("can be given toxics before it lets the first client in", async () => {
      const upstream = await rig.startUpstream();
      const proxy = await rig.createProxy({ upstream: upstream.address, enabled: false });
      await rig.json("POST", `/proxies/${proxy.name}/toxics`, {
        type: "limit_data",
        attributes: { bytes: 2 },
      });
      const { listen } = await rig.json<ProxyJson>("PATCH", `/proxies/${proxy.name}`, { enabled: true });
      const client = await rig.dial(listen);
      (await upstream.accepted()).send("1234");
      await client.ending;
      expect(client.received.toString()).toBe("12");
    });

    it("serves many connections at the same time", async () => {
      const link = await rig.createLink();
      const upstream = await rig.startUpstream({ echo: true });
      await link.update({ upstream: upstream.address });
      const echoes = Array.from({ length: 100 }, async (_, index) => {
        const client = await rig.dial(link.proxy.listen);
        client.send(`client ${index}`.padEnd(20));
        return client.text(20);
      });
      expect(await Promise.all(echoes)).toEqual(
        Array.from({ length: 100 }, (_, index) => `client ${index}`.padEnd(20)),
      );
    });

    it("keeps the ends of a finished connection apart from later ones", async () => {
      const link = await rig.createLink();
      const first = await link.connect();
      first.client.socket.end();
      await first.server.ending;
      first.server.socket.destroy();
      await once(first.server.socket, "close");
      const second = await link.connect();
      second.server.send("fresh");
      expect(await second.client.text(5)).toBe("fresh");
    });
  });
}
