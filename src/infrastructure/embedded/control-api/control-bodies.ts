import type {
  PopulateResult,
  ProxyChange,
  ProxyTemplate,
  ProxyView,
  ToxicView,
} from "../fault-proxy/fault-proxy.ts";
import { badRequestBody } from "../fault-proxy/refusal.ts";
import type { ToxicChange, ToxicHeader } from "../fault-proxy/toxic-list.ts";
import type { ToxicType } from "../fault-proxy/toxics/toxic.ts";
import { type Decoded, decodeStruct, nestedObject } from "./go-decode.ts";
import { encodeArray, encodeFloat32, encodeInteger, encodeObject, encodeString } from "./go-encode.ts";
import { GoJsonError, type GoValue, parseFirstValue } from "./go-json.ts";

// The names that Go gives to these types appear in its error texts.
const populateEntry = 'struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }';
const toxicUpdate =
  'struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }';

const proxyFields = { name: "string", listen: "string", upstream: "string", enabled: "bool" } as const;
const toxicFields = {
  name: "string",
  type: "string",
  stream: "string",
  toxicity: "float32",
  attributes: "object",
} as const;

/** Runs a reading of a body; what Go would refuse becomes a 400. */
export function readBody<T>(body: string, read: (value: GoValue) => T): T {
  try {
    return read(parseFirstValue(body));
  } catch (error) {
    throw error instanceof GoJsonError ? badRequestBody(error.message) : error;
  }
}

export function readProxyTemplate(value: GoValue): ProxyTemplate {
  return templateOf(decodeProxy(value));
}

export function readProxyChange(value: GoValue): ProxyChange {
  return decodeProxy(value);
}

function decodeProxy(value: GoValue): Decoded<typeof proxyFields> {
  return decodeStruct(value, {
    valueError: "Go value of type toxiproxy.Proxy",
    prefix: "Proxy.",
    fields: proxyFields,
  });
}

export function readProxyTemplates(value: GoValue): readonly ProxyTemplate[] {
  if (value.kind === "null") return [];
  if (value.kind !== "array") {
    throw new GoJsonError(`json: cannot unmarshal ${value.kind} into Go value of type []${populateEntry}`);
  }
  return value.items.map(readPopulateEntry);
}

function readPopulateEntry(value: GoValue): ProxyTemplate {
  const { enabled: _, ...addresses } = proxyFields;
  const valueError = `Go value of type ${populateEntry}`;
  const given = decodeStruct(value, { valueError, prefix: ".Proxy.", fields: addresses });
  const state = decodeStruct(value, { valueError, prefix: ".", fields: { enabled: "bool" } });
  return templateOf({ ...given, ...state });
}

function templateOf({
  name = "",
  upstream = "",
  listen,
  enabled,
}: Decoded<typeof proxyFields>): ProxyTemplate {
  return { name, upstream, listen, enabled };
}

/** Everything of a new toxic but its attributes, which can be read only when the type is known to be good. */
export function readToxicHeader(value: GoValue): ToxicHeader & { readonly toxicity?: number | undefined } {
  const {
    type = "",
    name,
    stream,
    toxicity,
  } = decodeStruct(value, {
    valueError: "Go value of type toxics.ToxicWrapper",
    prefix: "ToxicWrapper.",
    fields: toxicFields,
    objectType: "toxics.NoopToxic",
  });
  return { type, name, stream, toxicity };
}

export function readToxicChange(value: GoValue, type: ToxicType): ToxicChange {
  const { toxicity } = decodeStruct(value, {
    valueError: `Go value of type ${toxicUpdate}`,
    prefix: ".",
    fields: { toxicity: "float32" },
  });
  return { toxicity, attributes: readAttributes(value, type) };
}

export function readAttributes(value: GoValue, type: ToxicType): Readonly<Record<string, number>> {
  const structName = `${goName(type)}Toxic`;
  const kind = type.type === "slicer" ? ("int" as const) : ("int64" as const);
  const typeError = `Go struct field .attributes of type toxics.${structName}`;
  return decodeStruct(nestedObject(value, "attributes", typeError), {
    valueError: typeError,
    prefix: `${structName}.attributes.`,
    fields: Object.fromEntries(type.attributes.map((name) => [name, kind])),
  }) as Readonly<Record<string, number>>;
}

/** `slow_close` → `SlowClose`; `reset_peer` is `Reset` in the reference. */
function goName(type: ToxicType): string {
  if (type.type === "reset_peer") return "Reset";
  return type.type
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

export function encodeProxy(proxy: ProxyView): string {
  return encodeObject([
    ["name", encodeString(proxy.name)],
    ["listen", encodeString(proxy.listen)],
    ["upstream", encodeString(proxy.upstream)],
    ["enabled", String(proxy.enabled)],
    ["toxics", encodeToxics(proxy.toxics)],
  ]);
}

/** By name, sorted as Go sorts the keys of a map. */
export function encodeProxies(proxies: readonly ProxyView[]): string {
  const sorted = [...proxies].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return encodeObject(sorted.map((proxy) => [proxy.name, encodeProxy(proxy)]));
}

export function encodePopulated({ proxies, refusal }: PopulateResult): string {
  const list = proxies.length === 0 ? "null" : encodeArray(proxies.map(encodeProxy));
  const problem = refusal
    ? ([
        ["error", encodeString(refusal.message)],
        ["status", String(refusal.status)],
      ] as const)
    : [];
  return encodeObject([...problem, ["proxies", list]]);
}

export function encodeToxics(toxics: readonly ToxicView[]): string {
  return encodeArray(toxics.map(encodeToxic));
}

export function encodeToxic(toxic: ToxicView): string {
  const attributes = Object.entries(toxic.attributes);
  return encodeObject([
    ["attributes", encodeObject(attributes.map(([name, value]) => [name, encodeInteger(value)]))],
    ["name", encodeString(toxic.name)],
    ["type", encodeString(toxic.type)],
    ["stream", encodeString(toxic.stream)],
    ["toxicity", encodeFloat32(toxic.toxicity)],
  ]);
}

export function encodeError(message: string, status: number): string {
  return encodeObject([
    ["error", encodeString(message)],
    ["status", String(status)],
  ]);
}
