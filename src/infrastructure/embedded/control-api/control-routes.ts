import type { FaultProxy } from "../fault-proxy/fault-proxy.ts";
import { toxicTypes } from "../fault-proxy/toxics/registry.ts";
import {
  encodePopulated,
  encodeProxies,
  encodeProxy,
  encodeToxic,
  encodeToxics,
  readAttributes,
  readBody,
  readProxyChange,
  readProxyTemplate,
  readToxicChange,
  readToxicHeader,
} from "./control-bodies.ts";
import { populateFromText } from "./populate-text.ts";

/** The version of Toxiproxy whose API this is. */
export const toxiproxyVersion = "2.12.0";

const json = "application/json";

export interface ControlRequest {
  readonly faultProxy: FaultProxy;
  /** The segments of the path; the routes say which is what. */
  readonly segments: readonly string[];
  /** Reads the whole body; may be left unread. */
  readonly body: () => Promise<string>;
}

export interface ControlAnswer {
  readonly status: number;
  /** Absent for an empty answer. */
  readonly contentType?: string;
  readonly text?: string;
}

export type ControlHandler = (request: ControlRequest) => ControlAnswer | Promise<ControlAnswer>;

/** The methods of a path; `*` stands for all. */
export type ControlMethods = Readonly<Record<string, ControlHandler>>;

/** What can be done at a path, or undefined for an unknown one. */
export function findControlMethods(segments: readonly string[]): ControlMethods | undefined {
  const [root, proxy, toxics, toxic] = segments;
  if (segments.some((segment) => segment === "")) return undefined;
  if (root !== "proxies") return segments.length === 1 ? topMethods.get(root ?? "") : undefined;
  if (proxy === undefined) return proxiesMethods;
  if (toxics === undefined) return proxyMethods;
  if (toxics !== "toxics" || segments.length > 4) return undefined;
  return toxic === undefined ? toxicsMethods : toxicMethods;
}

const topMethods: ReadonlyMap<string, ControlMethods> = new Map([
  ["version", { GET: showVersion }],
  ["populate", { POST: populate }],
  ["reset", { POST: reset }],
]);
const proxiesMethods: ControlMethods = { GET: listProxies, POST: createProxy };
const proxyMethods: ControlMethods = {
  GET: showProxy,
  POST: updateProxy,
  PATCH: updateProxy,
  DELETE: deleteProxy,
};
const toxicsMethods: ControlMethods = { GET: listToxics, POST: createToxic };
const toxicMethods: ControlMethods = {
  GET: showToxic,
  POST: updateToxic,
  PATCH: updateToxic,
  DELETE: deleteToxic,
};

function ok(text: string, status = 200): ControlAnswer {
  return { status, contentType: json, text };
}

const noContent: ControlAnswer = { status: 204 };

function showVersion(): ControlAnswer {
  return {
    status: 200,
    contentType: "application/json;charset=utf-8",
    text: `{"version": "${toxiproxyVersion}"}\n`,
  };
}

async function populate({ faultProxy, body }: ControlRequest): Promise<ControlAnswer> {
  const result = await populateFromText(faultProxy, await body());
  return ok(encodePopulated(result), result.refusal?.status ?? 201);
}

async function reset({ faultProxy }: ControlRequest): Promise<ControlAnswer> {
  await faultProxy.reset();
  return noContent;
}

function listProxies({ faultProxy }: ControlRequest): ControlAnswer {
  return ok(encodeProxies(faultProxy.proxies()));
}

async function createProxy({ faultProxy, body }: ControlRequest): Promise<ControlAnswer> {
  const template = readBody(await body(), readProxyTemplate);
  return ok(encodeProxy(await faultProxy.createProxy(template)), 201);
}

function showProxy({ faultProxy, segments }: ControlRequest): ControlAnswer {
  return ok(encodeProxy(faultProxy.proxy(proxyNameOf(segments))));
}

async function updateProxy({ faultProxy, segments, body }: ControlRequest): Promise<ControlAnswer> {
  const { name } = faultProxy.proxy(proxyNameOf(segments));
  const change = readBody(await body(), readProxyChange);
  return ok(encodeProxy(await faultProxy.updateProxy(name, change)));
}

async function deleteProxy({ faultProxy, segments }: ControlRequest): Promise<ControlAnswer> {
  await faultProxy.deleteProxy(proxyNameOf(segments));
  return noContent;
}

function listToxics({ faultProxy, segments }: ControlRequest): ControlAnswer {
  return ok(encodeToxics(faultProxy.proxy(proxyNameOf(segments)).toxics));
}

async function createToxic({ faultProxy, segments, body }: ControlRequest): Promise<ControlAnswer> {
  const { name: proxyName } = faultProxy.proxy(proxyNameOf(segments));
  const text = await body();
  const template = readBody(text, (value) => {
    const header = readToxicHeader(value);
    const { type } = faultProxy.checkToxic(proxyName, header);
    return { ...header, attributes: readAttributes(value, type) };
  });
  return ok(encodeToxic(faultProxy.addToxic(proxyName, template)));
}

function showToxic({ faultProxy, segments }: ControlRequest): ControlAnswer {
  return ok(encodeToxic(faultProxy.toxic(proxyNameOf(segments), toxicNameOf(segments))));
}

async function updateToxic({ faultProxy, segments, body }: ControlRequest): Promise<ControlAnswer> {
  const proxyName = proxyNameOf(segments);
  const found = faultProxy.toxic(proxyName, toxicNameOf(segments));
  const type = toxicTypes.get(found.type);
  const change = readBody(await body(), (value) => (type ? readToxicChange(value, type) : {}));
  return ok(encodeToxic(faultProxy.updateToxic(proxyName, found.name, change)));
}

function deleteToxic({ faultProxy, segments }: ControlRequest): ControlAnswer {
  faultProxy.removeToxic(proxyNameOf(segments), toxicNameOf(segments));
  return noContent;
}

function proxyNameOf(segments: readonly string[]): string {
  return segments[1] ?? "";
}

function toxicNameOf(segments: readonly string[]): string {
  return segments[3] ?? "";
}
