import { crc32 } from "node:zlib";
import type { ErrorCode } from "../errors.ts";

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** What a parser of the protocol returns: a typed value, or an error code with the reason in words. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly problem: string };

/** How deep a message may nest; deeper ones only serve to exhaust a stack. */
const maxDepth = 32;

const utf8 = new TextDecoder("utf-8", { fatal: true });

class Unreadable extends Error {}

/** Typed access to the fields of an untrusted JSON object: own properties only, each checked. */
export interface Fields {
  text(name: string, shape: RegExp): string;
  textOrNull(name: string, shape: RegExp): string | null;
  flag(name: string): boolean;
  /** A safe integer that is at least `least`. */
  integer(name: string, least: number): number;
  /** Null when the field is null or absent. */
  object(name: string): Fields | null;
  /** Any JSON value, already checked by `readMessage`. */
  value(name: string): JsonValue;
}

/**
 * Reads one message from the wire. Never throws on bad input: too large, not UTF-8, not JSON, not an object, too deep,
 * with a key that reaches for a prototype, or a field that `read` refuses all give `code`.
 */
export function readMessage<T>(
  payload: Uint8Array,
  limits: { readonly maxBytes: number; readonly code: ErrorCode },
  read: (fields: Fields) => T,
): Parsed<T> {
  try {
    return { ok: true, value: read(fieldsOf(decode(payload, limits.maxBytes), "message")) };
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    return { ok: false, code: limits.code, problem: thrown.message };
  }
}

/** Ends the reading of a message with a reason. */
export function refuse(problem: string): never {
  throw new Unreadable(problem);
}

function decode(payload: Uint8Array, maxBytes: number): unknown {
  if (payload.byteLength > maxBytes) refuse(`It has ${payload.byteLength} bytes; ${maxBytes} are allowed.`);
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(payload));
  } catch {
    refuse("It is not JSON in UTF-8.");
  }
  const problem = problemOfJson(value);
  if (problem !== null) refuse(problem);
  return value;
}

function fieldsOf(source: unknown, what: string): Fields {
  if (!isObject(source)) return refuse(`The ${what} is not an object.`);
  const get = (name: string): unknown => (Object.hasOwn(source, name) ? source[name] : undefined);
  const text = (name: string, shape: RegExp): string => {
    const value = get(name);
    return typeof value === "string" && shape.test(value)
      ? value
      : refuse(`"${name}" is missing or malformed.`);
  };
  return {
    text,
    textOrNull: (name, shape) => (get(name) === null ? null : text(name, shape)),
    flag(name) {
      const value = get(name);
      return typeof value === "boolean" ? value : refuse(`"${name}" is not true or false.`);
    },
    integer(name, least) {
      const value = get(name);
      const fits = typeof value === "number" && Number.isSafeInteger(value) && value >= least;
      return fits ? value : refuse(`"${name}" is not an integer of at least ${least}.`);
    },
    object: (name) =>
      get(name) === undefined || get(name) === null ? null : fieldsOf(get(name), `"${name}"`),
    value(name) {
      const value = get(name);
      return value === undefined ? refuse(`"${name}" is missing.`) : (value as JsonValue);
    },
  };
}

/** Why a value cannot travel as JSON unchanged and safely, or null when it can. */
export function problemOfJson(value: unknown): string | null {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  // An own stack instead of recursion: the depth is the sender's choice.
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const problem = problemOfNode(next.value, next.depth);
    if (problem !== null) return problem;
    if (typeof next.value !== "object" || next.value === null) continue;
    for (const child of Object.values(next.value)) open.push({ value: child, depth: next.depth + 1 });
  }
  return null;
}

function problemOfNode(value: unknown, depth: number): string | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : "It has a number out of range.";
  if (depth >= maxDepth) return `It nests deeper than ${maxDepth} levels.`;
  if (Array.isArray(value)) return null;
  if (!isObject(value)) return "It has a value that JSON cannot carry.";
  return reachesForPrototype(value) ? "It has a key that reaches for a prototype." : null;
}

// Harmless here, since only own fields are read; refused for the application that merges the body into something.
function reachesForPrototype(object: Record<string, unknown>): boolean {
  if (Object.hasOwn(object, "__proto__")) return true;
  const made: unknown = Object.hasOwn(object, "constructor") ? object.constructor : null;
  return isObject(made) && Object.hasOwn(made, "prototype");
}

function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** CRC-32 of a body's JSON text, the same on both sides; goes into the history, not over the wire. */
export function bodyChecksum(body: JsonValue): number {
  return crc32(JSON.stringify(body));
}
