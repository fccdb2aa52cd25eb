import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Link, ToxicSpec } from "../../src/infrastructure/infrastructure.ts";
import { createToxiproxyLinks } from "../../src/infrastructure/toxiproxy-links.ts";
import { type ProxyJson, ToxiproxyRig } from "../helpers/toxiproxy-rig.ts";
import { freePort, titleOf, toxiproxyImplementations } from "../helpers/toxiproxy-server.ts";

const endpointOf = (listen: string) => ({ url: `mqtt://${listen}` });
const limitOf = (bytes: number): ToxicSpec => ({
  type: "limit_data",
  stream: "downstream",
  attributes: { bytes },
});

for (const implementation of toxiproxyImplementations) {
  describe.skipIf(implementation.missing !== undefined)(`links: ${titleOf(implementation)}`, () => {
    const rig = new ToxiproxyRig(implementation);
    beforeAll(() => rig.start());
    afterEach(() => rig.cleanUp());
    afterAll(() => rig.stop());

    async function createLinks(names: readonly string[], options: { listenPorts?: readonly number[] } = {}) {
      const upstream = await rig.startUpstream();
      const namePrefix = `${rig.newName()}-`;
      const created = await createToxiproxyLinks({
        controlUrl: `${rig.url}/`,
        upstream: upstream.address,
        names,
        namePrefix,
        endpointOf,
        ...options,
      });
      rig.onCleanUp(() => created.remove());
      return { ...created, upstream, namePrefix };
    }

    const proxiesOf = async (namePrefix: string) =>
      Object.values(await rig.json<Record<string, ProxyJson>>("GET", "/proxies")).filter(({ name }) =>
        name.startsWith(namePrefix),
      );

    function addressOf(link: Link | undefined): string {
      if (!link || !("url" in link.endpoint)) throw new Error("The link has no URL.");
      return new URL(link.endpoint.url).host;
    }

    it("makes a proxy per link, in order, and removes only its own", async () => {
      const other = await rig.createProxy({ upstream: "127.0.0.1:1" });
      const { links, upstream, namePrefix, remove } = await createLinks(["north", "south side/ü"]);
      expect([...links.keys()]).toEqual(["north", "south side/ü"]);
      expect(await proxiesOf(namePrefix)).toHaveLength(2);
      for (const link of links.values()) {
        const client = await rig.dial(addressOf(link));
        client.send("hello");
        expect(await (await upstream.accepted()).text(5)).toBe("hello");
      }
      await remove();
      await remove();
      expect(await proxiesOf(namePrefix)).toEqual([]);
      expect(await rig.json("GET", `/proxies/${other.name}`)).toEqual(other);
    });

    it("uses the ports it is told to", async () => {
      const ports = [await freePort(), await freePort()];
      const { links } = await createLinks(["a", "b"], { listenPorts: ports });
      expect([...links.values()].map(addressOf)).toEqual(ports.map((port) => `127.0.0.1:${port}`));
    });

    it("adds two toxics of one type side by side, each with a cure of its own", async () => {
      const { links, namePrefix } = await createLinks(["north"]);
      const link = links.get("north");
      const first = await link?.addToxic(limitOf(1));
      const second = await link?.addToxic({ ...limitOf(2), toxicity: 0.5 });
      const toxics = async () => (await proxiesOf(namePrefix))[0]?.toxics ?? [];
      expect(await toxics()).toMatchObject([
        { type: "limit_data", stream: "downstream", toxicity: 1, attributes: { bytes: 1 } },
        { toxicity: 0.5, attributes: { bytes: 2 } },
      ]);
      await first?.();
      await first?.();
      expect(await toxics()).toMatchObject([{ attributes: { bytes: 2 } }]);
      await second?.();
      expect(await toxics()).toEqual([]);
    });

    it("has a toxic act on the devices of the link", async () => {
      const { links, upstream } = await createLinks(["north"]);
      const link = links.get("north");
      await link?.addToxic(limitOf(3));
      const client = await rig.dial(addressOf(link));
      (await upstream.accepted()).send("12345");
      await client.ending;
      expect(client.received.toString()).toBe("123");
    });

    it("disables a link until the last of its cures was called", async () => {
      const { links } = await createLinks(["north", "south"]);
      const link = links.get("north");
      const address = addressOf(link);
      const [first, second] = await Promise.all([link?.disable(), link?.disable()]);
      await expect(rig.dial(address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await rig.dial(addressOf(links.get("south")));
      await first?.();
      await expect(rig.dial(address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await second?.();
      await rig.dial(address);
    });

    it("takes a toxic and a proxy that are gone already for cured and removed", async () => {
      const { links, namePrefix, remove } = await createLinks(["north"]);
      const cure = await links.get("north")?.addToxic(limitOf(1));
      await rig.json("POST", "/reset");
      await cure?.();
      for (const { name } of await proxiesOf(namePrefix)) await rig.json("DELETE", `/proxies/${name}`);
      await remove();
    });

    it("fails with the server's sentence, and leaves what is there", async () => {
      const { namePrefix } = await createLinks(["north"]);
      const again = createToxiproxyLinks({
        controlUrl: rig.url,
        upstream: "127.0.0.1:1",
        names: ["fresh", "north"].reverse(),
        namePrefix,
        endpointOf,
      });
      await expect(again).rejects.toMatchObject({
        code: "INFRA_1005",
        message: 'The fault proxy could not create the link "north": proxy already exists.',
      });
      expect(await proxiesOf(namePrefix)).toHaveLength(1);
    });

    it("removes what it had created when a later link fails", async () => {
      const namePrefix = `${rig.newName()}-`;
      const port = await freePort();
      const failing = createToxiproxyLinks({
        controlUrl: rig.url,
        upstream: "127.0.0.1:1",
        names: ["a", "b"],
        namePrefix,
        listenPorts: [port, port],
        endpointOf,
      });
      await expect(failing).rejects.toThrow("bind: address already in use");
      expect(await proxiesOf(namePrefix)).toEqual([]);
    });
  });
}

describe("links without a server", () => {
  it("fails with INFRA_1005", async () => {
    const links = createToxiproxyLinks({
      controlUrl: `http://127.0.0.1:${await freePort()}`,
      upstream: "127.0.0.1:1",
      names: ["north"],
      namePrefix: "",
      endpointOf,
    });
    await expect(links).rejects.toMatchObject({ code: "INFRA_1005" });
    await expect(links).rejects.toThrow("ECONNREFUSED");
  });
});
