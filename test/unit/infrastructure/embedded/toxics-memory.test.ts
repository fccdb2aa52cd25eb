import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import {
  createFaultProxy,
  type FaultProxy,
} from "../../../../src/infrastructure/embedded/fault-proxy/fault-proxy.ts";
import { streamProxySocket } from "../../../../src/infrastructure/embedded/fault-proxy/proxy-socket.ts";
import type { ProxyTransport } from "../../../../src/infrastructure/embedded/fault-proxy/proxy-transport.ts";
import { createStreamTransport } from "../../../../src/infrastructure/embedded/fault-proxy/stream-transport.ts";
import { createTelemetry, silentTelemetry } from "../../../../src/observability/telemetry.ts";
import { createRandom } from "../../../../src/time/random.ts";
import { createManualClock } from "../../../helpers/manual-clock.ts";

const template = { name: "link", listen: "memory", upstream: "broker" };
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A fault proxy without sockets in front of servers that the test holds. */
async function createMemoryRig(seed = "memory") {
  const clock = createManualClock();
  const servers: Duplex[] = [];
  const open = () => {
    const [near, far] = duplexPair();
    servers.push(far);
    return near;
  };
  const faultProxy = createFaultProxy({
    clock,
    random: createRandom(seed),
    telemetry: silentTelemetry,
    transport: createStreamTransport([{ name: "broker", open }]),
  });
  stops.push(() => faultProxy.stop());
  await faultProxy.createProxy(template);
  return { clock, faultProxy, connect: () => connect(faultProxy, servers) };
}

async function connect(faultProxy: FaultProxy, servers: readonly Duplex[]) {
  const [client, accepted] = duplexPair();
  faultProxy.accept("link", accepted);
  const server = servers.at(-1);
  if (!server) throw new Error("No server was opened.");
  await turn();
  return { client, server };
}

/** One turn of the event loop: in-memory streams have moved their data on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function read(stream: Duplex): Promise<string> {
  const [data] = (await once(stream, "data")) as [Buffer];
  return data.toString();
}

describe("a fault proxy over streams in memory", () => {
  it("passes bytes both ways and closes both sides", async () => {
    const { connect } = await createMemoryRig();
    const { client, server } = await connect();
    client.write("up");
    expect(await read(server)).toBe("up");
    server.write("down");
    expect(await read(client)).toBe("down");
    client.resume();
    server.resume();
    server.end();
    await once(client, "end");
  });

  it("runs its toxics on the clock that it was given", async () => {
    const { clock, faultProxy, connect } = await createMemoryRig();
    faultProxy.addToxic("link", { type: "latency", attributes: { latency: 3_600_000 } });
    const { client, server } = await connect();
    const received: string[] = [];
    client.on("data", (data: Buffer) => received.push(`${data}@${clock.monotonicMs()}`));
    server.write("late");
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(3_599_999);
    await turn();
    expect(received).toEqual([]);
    clock.advance(1);
    await expect.poll(() => received).toEqual(["late@3600000"]);
  });

  it("resets with an error where a stream knows no RST", async () => {
    const { faultProxy, connect } = await createMemoryRig();
    faultProxy.addToxic("link", { type: "reset_peer", stream: "upstream" });
    const { client, server } = await connect();
    const closed = Promise.all([once(client, "close"), once(server, "close")]);
    client.write("trigger");
    await closed;
  });

  it("closes everything, with its timers, when it stops", async () => {
    const { clock, faultProxy, connect } = await createMemoryRig();
    faultProxy.addToxic("link", { type: "latency", attributes: { latency: 1000 } });
    faultProxy.addToxic("link", { type: "timeout", stream: "upstream", attributes: { timeout: 5000 } });
    const { client, server } = await connect();
    client.resume();
    server.write("held");
    await expect.poll(() => clock.pending).toBe(2);
    await faultProxy.stop();
    await expect.poll(() => clock.pending).toBe(0);
    await expect(faultProxy.createProxy(template)).rejects.toMatchObject({ code: "INFRA_1005" });
  });

  it("closes clients of a disabled proxy and of an endpoint that does not exist", async () => {
    const { faultProxy } = await createMemoryRig();
    await faultProxy.updateProxy("link", { enabled: false });
    const [client, accepted] = duplexPair();
    faultProxy.accept("link", accepted);
    expect(accepted.destroyed).toBe(true);
    client.destroy();
    await faultProxy.updateProxy("link", { upstream: "elsewhere", enabled: true });
    const [, other] = duplexPair();
    faultProxy.accept("link", other);
    await expect.poll(() => other.destroyed).toBe(true);
  });

  it("draws the same connections for the same seed", async () => {
    const affected = async (seed: string) => {
      const { faultProxy, connect } = await createMemoryRig(seed);
      faultProxy.addToxic("link", { type: "limit_data", toxicity: 0.5 });
      const outcomes: boolean[] = [];
      for (let connection = 0; connection < 30; connection += 1) {
        const { client, server } = await connect();
        const passed = once(client, "data").then(() => true);
        const closed = once(client, "end").then(() => false);
        server.write("x");
        outcomes.push(await Promise.race([passed, closed]));
      }
      return outcomes;
    };
    const first = await affected("seed-1");
    expect(await affected("seed-1")).toEqual(first);
    expect(await affected("seed-2")).not.toEqual(first);
    expect(new Set(first).size).toBe(2);
  });

  it("serves others while a dial hangs, and stops in spite of it", async () => {
    const hanging: Duplex[] = [];
    const transport: ProxyTransport = {
      ...createStreamTransport([]),
      dial: () => {
        const [near] = duplexPair();
        hanging.push(near);
        return streamProxySocket(near);
      },
    };
    const faultProxy = createFaultProxy({
      clock: createManualClock(),
      random: createRandom("hang"),
      telemetry: silentTelemetry,
      transport,
    });
    await faultProxy.createProxy(template);
    const [, first] = duplexPair();
    const [, second] = duplexPair();
    faultProxy.accept("link", first);
    faultProxy.accept("link", second);
    expect(hanging).toHaveLength(2);
    await faultProxy.updateProxy("link", { enabled: false });
    expect([first, second, ...hanging].every((stream) => stream.destroyed)).toBe(true);
    await faultProxy.stop();
  });

  it("tells what happens to proxies and toxics", async () => {
    const facts: string[] = [];
    const faultProxy = createFaultProxy({
      clock: createManualClock(),
      random: createRandom("facts"),
      telemetry: createTelemetry([(fact) => facts.push(`${fact.name} ${fact.subject}`)]),
      transport: createStreamTransport([]),
    });
    await faultProxy.createProxy(template);
    faultProxy.addToxic("link", { name: "t", type: "noop" });
    faultProxy.updateToxic("link", "t", { toxicity: 0 });
    faultProxy.removeToxic("link", "t");
    await faultProxy.stop();
    expect(facts).toEqual([
      "proxy.started link",
      "proxy.toxic-added link",
      "proxy.toxic-updated link",
      "proxy.toxic-removed link",
      "proxy.stopped link",
    ]);
  });

  it("refuses attributes that are no integers and toxicities that are no numbers", async () => {
    const { faultProxy } = await createMemoryRig();
    const add = (attributes: Record<string, number>, toxicity = 1) =>
      faultProxy.addToxic("link", { type: "latency", attributes, toxicity });
    expect(() => add({ latency: 1.5 })).toThrow("attribute latency must be an integer, not 1.5");
    expect(() => add({ latency: Number.NaN })).toThrow("attribute latency");
    expect(() => add({}, Number.NaN)).toThrow("toxicity must be a number");
    expect(faultProxy.proxy("link").toxics).toEqual([]);
  });
});
