import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiAnswer, type ProxyJson, type ToxicJson, ToxiproxyRig } from "../helpers/toxiproxy-rig.ts";
import { titleOf, toxiproxyImplementations } from "../helpers/toxiproxy-server.ts";

const plainText = "text/plain; charset=utf-8";
const nowhere = "127.0.0.1:1";

function expectError(answer: ApiAnswer, status: number, error: string): void {
  expect({ status: answer.status, text: answer.text }).toEqual({
    status,
    text: `${JSON.stringify({ error, status })}\n`,
  });
  expect(answer.headers["content-type"]).toBe(plainText);
  expect(answer.headers["x-content-type-options"]).toBe("nosniff");
}

for (const implementation of toxiproxyImplementations) {
  describe.skipIf(implementation.missing !== undefined)(`control API: ${titleOf(implementation)}`, () => {
    const rig = new ToxiproxyRig(implementation);
    const isReal = implementation.name === "real";
    beforeAll(() => rig.start());
    afterEach(() => rig.cleanUp());
    afterAll(() => rig.stop());

    describe("routes", () => {
      it("tells its version", async () => {
        const answer = await rig.call("GET", "/version");
        expect(answer.status).toBe(200);
        expect(answer.headers["content-type"]).toBe("application/json;charset=utf-8");
        // A real server that was built from source by hand calls itself "git".
        expect(answer.text).toMatch(isReal ? /^\{"version": "[^"]+"\}\n$/ : /^\{"version": "2\.12\.0"\}\n$/);
      });

      it.each(["/", "/nope", "/proxies/", "/proxies/a/", "/proxies/a%2Fb", "/proxies/a/toxics/b/c"])(
        "answers %s with the plain 404 page",
        async (path) => {
          const answer = await rig.call("GET", path);
          expect(answer.status).toBe(404);
          expect(answer.text).toBe("404 page not found\n");
          expect(answer.headers["content-type"]).toBe(plainText);
          expect(answer.headers["x-content-type-options"]).toBe("nosniff");
          expect(answer.headers).not.toHaveProperty("x-toxiproxy-request-id");
        },
      );

      it.each([
        ["HEAD", "/proxies"],
        ["OPTIONS", "/proxies"],
        ["PUT", "/proxies"],
        ["DELETE", "/proxies"],
        ["GET", "/populate"],
        ["GET", "/reset"],
        ["POST", "/version"],
        ["PUT", "/proxies/a"],
        ["PATCH", "/proxies/a/toxics"],
        ["PUT", "/proxies/a/toxics/b"],
      ])("answers %s %s with an empty 405", async (method, path) => {
        const answer = await rig.call(method, path);
        expect(answer).toMatchObject({ status: 405, text: "" });
        expect(answer.headers).not.toHaveProperty("allow");
        expect(answer.headers).not.toHaveProperty("x-toxiproxy-request-id");
      });

      it.each([
        ["//proxies", "/proxies"],
        ["/./proxies", "/proxies"],
        ["/x/../proxies?y=%41", "/proxies?y=%41"],
        ["//proxies/a%20b", "/proxies/a%20b"],
      ])("redirects %s to %s", async (path, location) => {
        const answer = await rig.call("POST", path);
        expect(answer).toMatchObject({ status: 301, headers: { location } });
      });

      it("refuses a path that is badly encoded", async () => {
        expect((await rig.call("GET", "/proxies/%zz")).status).toBe(400);
      });

      it("ignores a query", async () => {
        expect((await rig.call("GET", "/version?x=1")).status).toBe(200);
      });

      it("gives every matched request an id of its own", async () => {
        const ids = await Promise.all(
          ["/version", "/proxies", "/proxies/none"].map(
            async (path) => (await rig.call("GET", path)).headers["x-toxiproxy-request-id"],
          ),
        );
        for (const id of ids) expect(id).toMatch(/^[0-9a-v]{20}$/);
        expect(new Set(ids).size).toBe(3);
      });

      it("refuses browsers on known paths only", async () => {
        const browser = { "User-Agent": "Mozilla/5.0 (X11)" };
        const refused = await rig.call("GET", "/proxies", "", browser);
        expect(refused).toMatchObject({ status: 403, text: "User agent not allowed\n" });
        expect(refused.headers["content-type"]).toBe(plainText);
        expect((await rig.call("GET", "/nope", "", browser)).status).toBe(404);
        expect((await rig.call("GET", "/version", "", { "User-Agent": "mozilla/5.0" })).status).toBe(200);
        expect((await rig.call("GET", "/version", "", { "User-Agent": "x Mozilla/5.0" })).status).toBe(200);
      });
    });

    describe("creating proxies", () => {
      it("answers 201 with the proxy, its listen address resolved", async () => {
        const name = rig.newName();
        rig.deleteLater(name);
        const body = JSON.stringify({
          name,
          listen: "localhost:0",
          upstream: nowhere,
          toxics: [{ type: "x" }],
        });
        const answer = await rig.call("POST", "/proxies", body);
        expect(answer.status).toBe(201);
        expect(answer.headers["content-type"]).toBe("application/json");
        const { listen } = JSON.parse(answer.text) as ProxyJson;
        expect(listen).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
        const expected = { name, listen, upstream: nowhere, enabled: true, toxics: [] };
        expect(answer.text).toBe(JSON.stringify(expected));
        expect((await rig.call("GET", `/proxies/${name}`)).text).toBe(JSON.stringify(expected));
        expect(await rig.json("GET", "/proxies")).toMatchObject({ [name]: expected });
      });

      it.each(["0.0.0.0:0", ":0", "", "[::]:0"])("listens on all interfaces for %j", async (listen) => {
        const proxy = await rig.createProxy({ upstream: nowhere, listen });
        expect(proxy.listen).toMatch(/^\[::\]:[1-9]\d*$/);
        await rig.dial(proxy.listen);
      });

      it("shows the listen address of a disabled proxy as it was given, unchecked", async () => {
        const proxy = await rig.createProxy({ upstream: nowhere, listen: "no port here", enabled: false });
        expect(proxy).toMatchObject({ listen: "no port here", enabled: false });
      });

      it("does not look at the upstream", async () => {
        expect(await rig.createProxy({ upstream: "nonsense" })).toMatchObject({ upstream: "nonsense" });
      });

      it.each([
        ["{}", "missing required field: name"],
        ['{"name":""}', "missing required field: name"],
        ['{"name":"a"}', "missing required field: upstream"],
        ["null", "missing required field: name"],
        ['{"name":"a"} trailing', "missing required field: upstream"],
        ['{"NAME":"a","unknown":{"x":[1,null]}}', "missing required field: upstream"],
        ['{"name":"a","name":null}', "missing required field: upstream"],
      ])("answers %s with what is missing", async (body, error) => {
        expectError(await rig.call("POST", "/proxies", body), 400, error);
      });

      it.each([
        ["", "EOF"],
        ["  ", "EOF"],
        ["{", "unexpected EOF"],
        ['{"name":"a', "unexpected EOF"],
        ["nul", "unexpected EOF"],
        ["x", "invalid character 'x' looking for beginning of value"],
        ["{name:1}", "invalid character 'n' looking for beginning of object key string"],
        ['{"a" 1}', "invalid character '1' after object key"],
        ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
        ['{"a":[1 2]}', "invalid character '2' after array element"],
        ['{"a":01}', "invalid character '1' after object key:value pair"],
        ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
        ['{"a":1e}', "invalid character '}' in exponent of numeric literal"],
        ['{"a":-}', "invalid character '}' in numeric literal"],
        ['{"a":trux}', "invalid character 'x' in literal true (expecting 'e')"],
        ['{"a":"\\q"}', "invalid character 'q' in string escape code"],
        ['{"a":"\\u12x4"}', "invalid character 'x' in \\u hexadecimal character escape"],
        ['{"a":"\n"}', "invalid character '\\n' in string literal"],
        ['{"a":é}', "invalid character 'Ã' looking for beginning of value"],
        ["[]", "json: cannot unmarshal array into Go value of type toxiproxy.Proxy"],
        ['"s"', "json: cannot unmarshal string into Go value of type toxiproxy.Proxy"],
        ["5", "json: cannot unmarshal number into Go value of type toxiproxy.Proxy"],
        ['{"name":1}', "json: cannot unmarshal number into Go struct field Proxy.name of type string"],
        ['{"enabled":"x"}', "json: cannot unmarshal string into Go struct field Proxy.enabled of type bool"],
        ['{"listen":{}}', "json: cannot unmarshal object into Go struct field Proxy.listen of type string"],
      ])("answers the body %j with why it is bad", async (body, detail) => {
        expectError(await rig.call("POST", "/proxies", body), 400, `bad request body: ${detail}`);
      });

      it("refuses a name that is taken, and checks the fields first", async () => {
        const { name } = await rig.createProxy({ upstream: nowhere });
        const again = { name, upstream: nowhere, listen: "no port here" };
        expectError(await rig.call("POST", "/proxies", JSON.stringify(again)), 409, "proxy already exists");
        const noUpstream = await rig.call("POST", "/proxies", JSON.stringify({ name }));
        expectError(noUpstream, 400, "missing required field: upstream");
      });

      it.each([
        ["local373", "address local373: missing port in address"],
        ["127.0.0.1:99999", "address 99999: invalid port"],
        ["127.0.0.1:-1", "address -1: invalid port"],
        ["127.0.0.1:nonsense", "lookup tcp/nonsense: unknown port"],
        ["::1:80", "address ::1:80: too many colons in address"],
        ["[::1", "address [::1: missing ']' in address"],
        ["[::1]", "address [::1]: missing port in address"],
        ["[::1]x:1", "address [::1]x:1: missing port in address"],
        ["a[b]:1", "address a[b]:1: unexpected '[' in address"],
        ["300.1.1.1:0", "lookup 300.1.1.1: no such host"],
      ])("cannot listen on %s and creates nothing", async (listen, detail) => {
        const name = rig.newName();
        const body = JSON.stringify({ name, upstream: nowhere, listen });
        expectError(await rig.call("POST", "/proxies", body), 500, `listen tcp: ${detail}`);
        expectError(await rig.call("GET", `/proxies/${name}`), 404, "proxy not found");
      });

      it("says which address cannot be bound", async () => {
        const { listen } = await rig.createProxy({ upstream: nowhere });
        const create = (address: string) =>
          rig.call(
            "POST",
            "/proxies",
            JSON.stringify({ name: rig.newName(), upstream: nowhere, listen: address }),
          );
        expectError(await create(listen), 500, `listen tcp ${listen}: bind: address already in use`);
        const foreign = "listen tcp 192.0.2.77:18001: bind: cannot assign requested address";
        expectError(await create("192.0.2.77:18001"), 500, foreign);
      });

      it("addresses names that need escapes, but none with a slash", async () => {
        const odd = await rig.createProxy({ upstream: nowhere, name: `${rig.newName()} <a&b>?#%é` });
        const answer = await rig.call("GET", `/proxies/${encodeURIComponent(odd.name)}`);
        expect(answer.status).toBe(200);
        expect(answer.text).toContain("\\u003ca\\u0026b\\u003e?#%é");
        expect((JSON.parse(answer.text) as ProxyJson).name).toBe(odd.name);
      });
    });

    describe("updating and deleting proxies", () => {
      it.each(["PATCH", "POST"])("changes what %s names and keeps the rest", async (method) => {
        const proxy = await rig.createProxy({ upstream: nowhere });
        const body = { upstream: "127.0.0.1:2", name: "ignored", enabled: null, toxics: [1] };
        const changed = await rig.json<ProxyJson>(method, `/proxies/${proxy.name}`, body);
        expect(changed).toEqual({ ...proxy, upstream: "127.0.0.1:2" });
        const disabled = await rig.json<ProxyJson>(method, `/proxies/${proxy.name}`, { enabled: false });
        expect(disabled).toEqual({ ...changed, enabled: false });
        expect(await rig.json(method, `/proxies/${proxy.name}`, { enabled: true })).toEqual(changed);
      });

      it("looks for the proxy before it reads the body", async () => {
        expectError(await rig.call("PATCH", "/proxies/none", "x"), 404, "proxy not found");
        expectError(await rig.call("DELETE", "/proxies/none"), 404, "proxy not found");
        expectError(await rig.call("POST", "/proxies/none/toxics", "x"), 404, "proxy not found");
        expectError(await rig.call("GET", "/proxies/none/toxics"), 404, "proxy not found");
        expectError(await rig.call("PATCH", "/proxies/none/toxics/t", "x"), 404, "proxy not found");
      });

      it("refuses a bad body", async () => {
        const { name } = await rig.createProxy({ upstream: nowhere });
        expectError(await rig.call("PATCH", `/proxies/${name}`), 400, "bad request body: EOF");
        expectError(
          await rig.call("PATCH", `/proxies/${name}`, '{"listen":5}'),
          400,
          "bad request body: json: cannot unmarshal number into Go struct field Proxy.listen of type string",
        );
      });

      it("changes nothing when the new address cannot be resolved", async () => {
        const proxy = await rig.createProxy({ upstream: nowhere });
        const body = '{"listen":"local373","upstream":"127.0.0.1:2","enabled":false}';
        const answer = await rig.call("PATCH", `/proxies/${proxy.name}`, body);
        expectError(answer, 500, "address local373: missing port in address");
        expect(await rig.json("GET", `/proxies/${proxy.name}`)).toEqual(proxy);
      });

      it("stays disabled with the new address when that cannot be bound", async () => {
        const other = await rig.createProxy({ upstream: nowhere });
        const proxy = await rig.createProxy({ upstream: nowhere });
        const body = JSON.stringify({ listen: other.listen });
        const answer = await rig.call("PATCH", `/proxies/${proxy.name}`, body);
        expectError(answer, 500, `listen tcp ${other.listen}: bind: address already in use`);
        const after = await rig.json("GET", `/proxies/${proxy.name}`);
        expect(after).toEqual({ ...proxy, listen: other.listen, enabled: false });
      });

      it("takes another port when asked for any", async () => {
        const proxy = await rig.createProxy({ upstream: nowhere });
        const path = `/proxies/${proxy.name}`;
        const moved = await rig.json<ProxyJson>("PATCH", path, { listen: "127.0.0.1:0" });
        expect(moved.listen).not.toBe("127.0.0.1:0");
        expect(moved.enabled).toBe(true);
      });

      it("frees the address of a deleted proxy", async () => {
        const { name, listen } = await rig.createProxy({ upstream: nowhere });
        const answer = await rig.call("DELETE", `/proxies/${name}`);
        expect(answer).toMatchObject({ status: 204, text: "" });
        expect(answer.headers).not.toHaveProperty("content-type");
        expectError(await rig.call("GET", `/proxies/${name}`), 404, "proxy not found");
        expect(await rig.createProxy({ name, upstream: nowhere, listen })).toMatchObject({ listen });
      });
    });

    describe("populating", () => {
      const populate = (body: unknown) => rig.call("POST", "/populate", JSON.stringify(body));
      const entry = (fields: object = {}) => {
        const name = rig.newName();
        rig.deleteLater(name);
        return { name, listen: "127.0.0.1:0", upstream: nowhere, ...fields };
      };

      it("creates all, enabled unless told otherwise", async () => {
        const entries = [entry(), entry({ enabled: false }), entry({ enabled: null })];
        const answer = await populate(entries);
        expect(answer.status).toBe(201);
        expect(answer.headers["content-type"]).toBe("application/json");
        const { proxies } = JSON.parse(answer.text) as { proxies: ProxyJson[] };
        expect(proxies.map(({ name, enabled }) => [name, enabled])).toEqual([
          [entries[0]?.name, true],
          [entries[1]?.name, false],
          [entries[2]?.name, true],
        ]);
      });

      it.each(["[]", "null"])("answers %s with a null list", async (body) => {
        const answer = await rig.call("POST", "/populate", body);
        expect(answer).toMatchObject({ status: 201, text: '{"proxies":null}' });
      });

      it.each([
        ["", "bad request body: EOF"],
        ["x", "bad request body: invalid character 'x' looking for beginning of value"],
        ['[{"name":"a","upstream":"u"},{"upstream":"u"}]', "missing required field: name at proxy 2"],
        ['[{"name":"a"}]', "missing required field: upstream at proxy 1"],
        ["[null]", "missing required field: name at proxy 1"],
        [
          '[{"name":5}]',
          "bad request body: json: cannot unmarshal number into Go struct field .Proxy.name of type string",
        ],
        [
          '[{"enabled":"x"}]',
          "bad request body: json: cannot unmarshal string into Go struct field .enabled of type bool",
        ],
        [
          "{}",
          'bad request body: json: cannot unmarshal object into Go value of type []struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }',
        ],
      ])("does nothing for %s", async (body, error) => {
        const answer = await rig.call("POST", "/populate", body);
        expect(answer.status).toBe(400);
        expect(answer.headers["content-type"]).toBe("application/json");
        expect(answer.text).toBe(JSON.stringify({ error, status: 400, proxies: null }));
        expectError(await rig.call("GET", "/proxies/a"), 404, "proxy not found");
      });

      it("keeps an equal proxy as it is, with its toxics and its state", async () => {
        const { name, listen, upstream } = await rig.createProxy({ upstream: nowhere });
        await rig.json("POST", `/proxies/${name}/toxics`, { type: "noop" });
        const equal = { name, upstream, listen: listen.replace("127.0.0.1", "localhost"), enabled: false };
        const { proxies } = JSON.parse((await populate([equal])).text) as { proxies: ProxyJson[] };
        expect(proxies).toMatchObject([
          { name, listen, enabled: true, toxics: [{ name: "noop_downstream" }] },
        ]);
      });

      it("replaces a proxy that differs, without its toxics", async () => {
        const { name, listen } = await rig.createProxy({ upstream: nowhere });
        await rig.json("POST", `/proxies/${name}/toxics`, { type: "noop" });
        const { proxies } = JSON.parse(
          (await populate([{ name, listen, upstream: "127.0.0.1:2" }])).text,
        ) as { proxies: ProxyJson[] };
        expect(proxies).toEqual([{ name, listen, upstream: "127.0.0.1:2", enabled: true, toxics: [] }]);
      });

      it("ends at the first that cannot listen and keeps the ones before", async () => {
        const first = entry();
        const old = await rig.createProxy({ upstream: nowhere });
        const taken = await rig.createProxy({ upstream: nowhere });
        const answer = await populate([first, { ...old, listen: taken.listen }, entry()]);
        expect(answer.status).toBe(500);
        expect(answer.headers["content-type"]).toBe("application/json");
        const result = JSON.parse(answer.text) as { error: string; status: number; proxies: ProxyJson[] };
        expect(result.error).toBe(`listen tcp ${taken.listen}: bind: address already in use`);
        expect(result.status).toBe(500);
        expect(result.proxies.map(({ name }) => name)).toEqual([first.name]);
        // The old one stays in the list, disabled.
        expect(await rig.json("GET", `/proxies/${old.name}`)).toEqual({ ...old, enabled: false });
      });

      it("leaves a proxy alone when the new address cannot even be resolved", async () => {
        const old = await rig.createProxy({ upstream: nowhere });
        const answer = await populate([{ ...old, listen: "local373" }]);
        expect(JSON.parse(answer.text)).toEqual({
          error: "address local373: missing port in address",
          status: 500,
          proxies: null,
        });
        expect(await rig.json("GET", `/proxies/${old.name}`)).toEqual(old);
      });
    });

    describe("toxics", () => {
      const newPath = async () => `/proxies/${(await rig.createProxy({ upstream: nowhere })).name}`;

      it("fills in name, stream, toxicity and attributes", async () => {
        const path = await newPath();
        const answer = await rig.call("POST", `${path}/toxics`, '{"type":"latency"}');
        expect(answer.status).toBe(200);
        expect(answer.headers["content-type"]).toBe("application/json");
        const text =
          '{"attributes":{"latency":0,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}';
        expect(answer.text).toBe(text);
        expect((await rig.call("GET", `${path}/toxics/latency_downstream`)).text).toBe(text);
        expect((await rig.call("GET", `${path}/toxics`)).text).toBe(`[${text}]`);
        expect((await rig.call("GET", path)).text).toContain(`"toxics":[${text}]}`);
        expect(await rig.call("DELETE", `${path}/toxics/latency_downstream`)).toMatchObject({
          status: 204,
          text: "",
        });
        expect((await rig.call("GET", `${path}/toxics`)).text).toBe("[]");
      });

      it.each([
        ["latency", { latency: 0, jitter: 0 }],
        ["bandwidth", { rate: 0 }],
        ["slow_close", { delay: 0 }],
        ["timeout", { timeout: 0 }],
        ["reset_peer", { timeout: 0 }],
        ["slicer", { average_size: 0, size_variation: 0, delay: 0 }],
        ["limit_data", { bytes: 0 }],
        ["noop", {}],
      ])("knows %s and shows all its attributes", async (type, attributes) => {
        const path = await newPath();
        const toxic = await rig.json<ToxicJson>("POST", `${path}/toxics`, {
          type,
          attributes: { other: "x" },
        });
        expect(JSON.stringify(toxic.attributes)).toBe(JSON.stringify(attributes));
      });

      it("lists upstream before downstream, each in order of creation", async () => {
        const path = await newPath();
        for (const [name, stream] of [
          ["a", "downstream"],
          ["b", "UPSTREAM"],
          ["c", "downstream"],
          ["d", "upstream"],
        ]) {
          await rig.json("POST", `${path}/toxics`, { name, stream, type: "noop" });
        }
        const toxics = await rig.json<ToxicJson[]>("GET", `${path}/toxics`);
        expect(toxics.map(({ name }) => name)).toEqual(["b", "d", "a", "c"]);
        expect(toxics[0]?.stream).toBe("UPSTREAM");
      });

      it.each([
        ['{"type":"latency","stream":"UPstream"}', { name: "latency_UPstream", stream: "UPstream" }],
        ['{"type":"noop","toxicity":0.2}', { toxicity: 0.2 }],
        ['{"type":"noop","toxicity":0.123456789}', { toxicity: 0.12345679 }],
        ['{"type":"noop","toxicity":1e-9}', { toxicity: 1e-9 }],
        ['{"type":"noop","toxicity":16777217}', { toxicity: 16777216 }],
        ['{"type":"noop","toxicity":7}', { toxicity: 7 }],
        ['{"type":"noop","toxicity":-3}', { toxicity: -3 }],
        ['{"type":"noop","toxicity":null,"attributes":null}', { toxicity: 1, attributes: {} }],
        [
          '{"type":"latency","attributes":{"LATENCY":7,"jitter":null}}',
          { attributes: { latency: 7, jitter: 0 } },
        ],
        ['{"type":"bandwidth","attributes":{"rate":-5}}', { attributes: { rate: -5 } }],
      ])("takes %s", async (body, shown) => {
        const answer = await rig.call("POST", `${await newPath()}/toxics`, body);
        expect(answer.status).toBe(200);
        expect(JSON.parse(answer.text)).toMatchObject(shown);
      });

      it.each([
        ["", 400, "bad request body: EOF"],
        ["{}", 400, "invalid toxic type"],
        ['{"type":"down"}', 400, "invalid toxic type"],
        ['{"type":"Latency"}', 400, "invalid toxic type"],
        ['{"type":"toString"}', 400, "invalid toxic type"],
        ['{"type":"x","stream":""}', 400, "stream was invalid, can be either upstream or downstream"],
        ['{"type":"x","stream":"both"}', 400, "stream was invalid, can be either upstream or downstream"],
        [
          '{"type":"x","toxicity":"all"}',
          400,
          "bad request body: json: cannot unmarshal string into Go struct field ToxicWrapper.toxicity of type float32",
        ],
        [
          '{"type":"latency","toxicity":1e40}',
          400,
          "bad request body: json: cannot unmarshal number 1e40 into Go struct field ToxicWrapper.toxicity of type float32",
        ],
        [
          '{"type":"latency","attributes":5}',
          400,
          "bad request body: json: cannot unmarshal number into Go struct field ToxicWrapper.attributes of type toxics.NoopToxic",
        ],
        [
          '{"type":"latency","attributes":{"latency":1.5}}',
          400,
          "bad request body: json: cannot unmarshal number 1.5 into Go struct field LatencyToxic.attributes.latency of type int64",
        ],
        [
          '{"type":"latency","attributes":{"latency":1e3}}',
          400,
          "bad request body: json: cannot unmarshal number 1e3 into Go struct field LatencyToxic.attributes.latency of type int64",
        ],
        [
          '{"type":"reset_peer","attributes":{"timeout":"1"}}',
          400,
          "bad request body: json: cannot unmarshal string into Go struct field ResetToxic.attributes.timeout of type int64",
        ],
        [
          '{"type":"slow_close","attributes":{"delay":true}}',
          400,
          "bad request body: json: cannot unmarshal bool into Go struct field SlowCloseToxic.attributes.delay of type int64",
        ],
        [
          '{"type":"slicer","attributes":{"delay":9223372036854775808}}',
          400,
          "bad request body: json: cannot unmarshal number 9223372036854775808 into Go struct field SlicerToxic.attributes.delay of type int",
        ],
      ])("refuses %s", async (body, status, error) => {
        const path = await newPath();
        expectError(await rig.call("POST", `${path}/toxics`, body), status, error);
        expect(await rig.json("GET", `${path}/toxics`)).toEqual([]);
      });

      it("refuses a name that is taken in either stream, before it looks at the attributes", async () => {
        const path = await newPath();
        await rig.json("POST", `${path}/toxics`, { name: "same", type: "noop", stream: "upstream" });
        const again = '{"name":"same","type":"latency","attributes":{"latency":"x"}}';
        expectError(await rig.call("POST", `${path}/toxics`, again), 409, "toxic already exists");
      });

      it.each(["GET", "PATCH", "POST", "DELETE"])(
        "answers %s of an unknown toxic with 404",
        async (method) => {
          expectError(await rig.call(method, `${await newPath()}/toxics/none`, "x"), 404, "toxic not found");
        },
      );

      it.each(["PATCH", "POST"])("merges attributes field by field with %s", async (method) => {
        const path = await newPath();
        const body = { name: "t", type: "latency", toxicity: 0.5, attributes: { latency: 10, jitter: 5 } };
        const toxic = await rig.json<ToxicJson>("POST", `${path}/toxics`, body);
        const update = (change: unknown) => rig.json<ToxicJson>(method, `${path}/toxics/t`, change);
        expect(await update({})).toEqual(toxic);
        expect(await update(null)).toEqual(toxic);
        expect(await update({ attributes: null, toxicity: null })).toEqual(toxic);
        expect(await update({ name: "x", type: "timeout", stream: "upstream" })).toEqual(toxic);
        expect(await update({ attributes: { jitter: 9 } })).toEqual({
          ...toxic,
          attributes: { latency: 10, jitter: 9 },
        });
        expect(await update({ toxicity: 1 })).toMatchObject({ toxicity: 1, attributes: { jitter: 9 } });
      });

      it("refuses an update of a wrong type", async () => {
        const path = await newPath();
        const attributes = { latency: 10, jitter: 5 };
        await rig.json("POST", `${path}/toxics`, { name: "t", type: "latency", attributes });
        const patch = (body: string) => rig.call("PATCH", `${path}/toxics/t`, body);
        expectError(await patch(""), 400, "bad request body: EOF");
        expectError(
          await patch('{"toxicity":"x"}'),
          400,
          "bad request body: json: cannot unmarshal string into Go struct field .toxicity of type float32",
        );
        expectError(
          await patch('{"attributes":5}'),
          400,
          "bad request body: json: cannot unmarshal number into Go struct field .attributes of type toxics.LatencyToxic",
        );
        expectError(
          await patch('{"attributes":{"latency":99,"jitter":"x"}}'),
          400,
          "bad request body: json: cannot unmarshal string into Go struct field LatencyToxic.attributes.jitter of type int64",
        );
        // Known difference: the reference keeps what it had parsed until then.
        const kept = isReal ? { latency: 99, jitter: 5 } : attributes;
        expect(await rig.json("GET", `${path}/toxics/t`)).toMatchObject({ attributes: kept });
      });
    });

    describe("resetting", () => {
      it("enables every proxy and removes all toxics, without reading the body", async () => {
        const proxy = await rig.createProxy({ upstream: nowhere });
        await rig.json("POST", `/proxies/${proxy.name}/toxics`, { type: "noop" });
        await rig.json("POST", `/proxies/${proxy.name}/toxics`, { type: "noop", stream: "upstream" });
        await rig.json("PATCH", `/proxies/${proxy.name}`, { enabled: false });
        expect(await rig.call("POST", "/reset", "not json")).toMatchObject({ status: 204, text: "" });
        expect(await rig.json("GET", `/proxies/${proxy.name}`)).toEqual(proxy);
      });

      it("fails when a proxy cannot start", async () => {
        const taken = await rig.createProxy({ upstream: nowhere });
        await rig.createProxy({ upstream: nowhere, listen: taken.listen, enabled: false });
        const error = `listen tcp ${taken.listen}: bind: address already in use`;
        expectError(await rig.call("POST", "/reset"), 500, error);
      });
    });

    describe("metrics", () => {
      it("counts the bytes of ended connections", async (context) => {
        if ((await rig.call("GET", "/metrics")).status === 404) context.skip("started without metrics");
        const link = await rig.createLink();
        const { client, server } = await link.connect();
        client.send("12345");
        await server.waitForBytes(5);
        server.send("123");
        await client.waitForBytes(3);
        client.socket.destroy();
        await server.ending;
        const { name, listen, upstream } = link.proxy;
        const line = (metric: string, direction: string, bytes: number) =>
          `toxiproxy_proxy_${metric}_bytes_total{direction="${direction}",listener="${listen}",proxy="${name}",upstream="${upstream}"} ${bytes}\n`;
        // The last direction may end a moment after the peers have seen the close.
        await expect
          .poll(async () => (await rig.call("PUT", "/metrics")).text, { timeout: 10_000 })
          .toContain(line("sent", "downstream", 3));
        const answer = await rig.call("GET", "/metrics");
        expect(answer.headers["content-type"]).toContain("text/plain; version=0.0.4; charset=utf-8");
        expect(answer.text).toContain("# TYPE toxiproxy_proxy_received_bytes_total counter\n");
        expect(answer.text).toContain(line("received", "upstream", 5));
        expect(answer.text).toContain(line("sent", "upstream", 5));
        expect(answer.text).toContain(line("received", "downstream", 3));
        expect(answer.text).toMatch(/^process_resident_memory_bytes [\d.e+]+$/m);
      });
    });
  });
}
