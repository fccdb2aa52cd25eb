import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { serveControlApi } from "../../../../src/infrastructure/embedded/control-api/control-api.ts";
import {
  type ProxyServer,
  startProxyServer,
} from "../../../../src/infrastructure/embedded/control-api/proxy-server.ts";
import { greatestBodyBytes } from "../../../../src/infrastructure/embedded/control-api/request-body.ts";
import { createFaultProxy } from "../../../../src/infrastructure/embedded/fault-proxy/fault-proxy.ts";
import { silentTelemetry } from "../../../../src/observability/telemetry.ts";
import { createWorld } from "../../../../src/time/world.ts";

const world = createWorld({ seed: "server" });
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUps.splice(0).reverse()) await undo();
});

async function start(options: { port?: number; configFile?: string; proxyMetrics?: boolean } = {}) {
  const server = await startProxyServer(world, {
    host: "127.0.0.1",
    port: 0,
    proxyMetrics: false,
    runtimeMetrics: false,
    telemetry: silentTelemetry,
    ...options,
  });
  cleanUps.push(() => server.stop());
  return server;
}

const post = (server: ProxyServer, path: string, body: string) =>
  fetch(`${server.url}${path}`, { method: "POST", body });

async function writeConfig(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stormfleet-proxy-"));
  cleanUps.push(() => rm(folder, { recursive: true }));
  const file = join(folder, "proxies.json");
  await writeFile(file, text);
  return file;
}

describe("the proxy server", () => {
  it("creates the proxies of its configuration file", async () => {
    const configFile = await writeConfig('[{"name":"a","upstream":"127.0.0.1:1","listen":"127.0.0.1:0"}]');
    const server = await start({ configFile });
    expect(server.warning).toBeUndefined();
    expect(await (await fetch(`${server.url}/proxies/a`)).json()).toMatchObject({ enabled: true });
  });

  it.each([
    ["not json", /invalid character 'o' in literal null/],
    ['[{"name":"a"}]', /missing required field: upstream at proxy 1/],
  ])("starts without the proxies of a bad file: %s", async (text, reason) => {
    const server = await start({ configFile: await writeConfig(text) });
    expect(server.warning).toMatch(reason);
    expect(await (await fetch(`${server.url}/proxies`)).text()).toBe("{}");
  });

  it("starts without a file that does not exist", async () => {
    const server = await start({ configFile: "/nonexistent/proxies.json" });
    expect(server.warning).toContain("/nonexistent/proxies.json was ignored: ENOENT");
  });

  it("has metrics only when asked", async () => {
    expect((await fetch(`${(await start()).url}/metrics`)).status).toBe(404);
    expect((await fetch(`${(await start({ proxyMetrics: true })).url}/metrics`)).status).toBe(200);
  });

  it("names host and port when it cannot listen, and leaves nothing behind", async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    await expect(start({ port })).rejects.toMatchObject({
      code: "INFRA_1002",
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it("closes its proxies when it stops, twice if need be", async () => {
    const server = await start();
    const body = '{"name":"a","upstream":"127.0.0.1:1","listen":"127.0.0.1:0"}';
    const { listen } = (await (await post(server, "/proxies", body)).json()) as { listen: string };
    await server.stop();
    await server.stop();
    const socket = connect(Number(listen.split(":")[1]), "127.0.0.1");
    const error = await new Promise((resolve) => socket.once("error", resolve));
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("the control API", () => {
  it("answers a body above its bound with 413", async () => {
    const server = await start();
    const answer = await post(server, "/proxies", " ".repeat(greatestBodyBytes + 1));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ status: 413 });
    expect((await fetch(`${server.url}/version`)).status).toBe(200);
  });

  it("reads a body up to its bound", async () => {
    const answer = await post(await start(), "/proxies", " ".repeat(greatestBodyBytes));
    expect(await answer.json()).toEqual({ error: "bad request body: EOF", status: 400 });
  });

  it("survives deeply nested JSON", async () => {
    const answer = await post(await start(), "/proxies", "[".repeat(500_000));
    expect(await answer.json()).toEqual({ error: "bad request body: exceeded max depth", status: 400 });
  });

  it("survives a request that is cut off, and one that is no HTTP", async () => {
    const server = await start();
    const port = Number(new URL(server.url).port);
    const head = "POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
    for (const text of [head, "\x16\x03\x01 no HTTP\r\n\r\n"]) {
      const socket = connect(port, "127.0.0.1");
      socket.resume();
      socket.end(text);
      await new Promise((resolve) => socket.once("close", resolve));
    }
    expect((await fetch(`${server.url}/version`)).status).toBe(200);
  });

  it("stops with its signal, also before it has started", async () => {
    const faultProxy = createFaultProxy({ ...world, telemetry: silentTelemetry });
    const controller = new AbortController();
    const options = { host: "127.0.0.1", port: 0, signal: controller.signal };
    const api = await serveControlApi(faultProxy, options);
    controller.abort(new Error("enough"));
    await api.stop();
    await expect(fetch(`${api.url}/version`)).rejects.toThrow();
    await expect(serveControlApi(faultProxy, options)).rejects.toThrow("enough");
    await faultProxy.stop();
  });
});
