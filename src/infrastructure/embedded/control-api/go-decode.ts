import { GoJsonError, type GoMember, type GoValue } from "./go-json.ts";

/** How a member is read. `object` is only checked to be one. */
export type FieldKind = "string" | "bool" | "float32" | "int64" | "int" | "object";

interface FieldValues {
  readonly string: string;
  readonly bool: boolean;
  readonly float32: number;
  readonly int64: number;
  readonly int: number;
  readonly object: never;
}

/** What Go would call the thing that is read; the names appear in its error texts. */
export interface StructShape<Kinds extends Readonly<Record<string, FieldKind>>> {
  /** For a value that is no object at all. */
  readonly valueError: string;
  /** What stands before a member's name, such as `Proxy.`. */
  readonly prefix: string;
  readonly fields: Kinds;
  /** The Go type of `object` fields. */
  readonly objectType?: string;
}

export type Decoded<Kinds extends Readonly<Record<string, FieldKind>>> = {
  readonly [Name in keyof Kinds]?: FieldValues[Kinds[Name]];
};

const limits = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/**
 * Reads the members of an object by Go's rules: names without regard to case, the last of several wins, unknown ones
 * are ignored, `null` leaves a member out. A `null` instead of the object is an object without members.
 */
export function decodeStruct<const Kinds extends Readonly<Record<string, FieldKind>>>(
  value: GoValue,
  shape: StructShape<Kinds>,
): Decoded<Kinds> {
  const result: Record<string, unknown> = {};
  for (const member of membersOf(value, shape.valueError)) {
    const name = Object.keys(shape.fields).find((field) => sameName(field, member.key));
    const kind = name === undefined ? undefined : shape.fields[name];
    if (name === undefined || kind === undefined || member.value.kind === "null") continue;
    const type = kind === "object" ? (shape.objectType ?? "object") : kind;
    result[name] = decodeField(member.value, kind, `Go struct field ${shape.prefix}${name} of type ${type}`);
  }
  return result as Decoded<Kinds>;
}

/** The members of every object under this name, one after the other, as Go decodes them into one struct. */
export function nestedObject(value: GoValue, name: string, typeError: string): GoValue {
  const nested = membersOf(value, "").filter((member) => sameName(name, member.key));
  return {
    kind: "object",
    members: nested.flatMap((member) => membersOf(member.value, typeError)),
  };
}

function membersOf(value: GoValue, typeError: string): readonly GoMember[] {
  if (value.kind === "null") return [];
  if (value.kind !== "object") throw cannotUnmarshal(value.kind, typeError);
  return value.members;
}

function decodeField(value: GoValue, kind: FieldKind, target: string): unknown {
  if (kind === "object") {
    if (value.kind !== "object") throw cannotUnmarshal(value.kind, target);
    return undefined;
  }
  if ((kind === "string" || kind === "bool") && value.kind === kind) return value.value;
  if (kind === "string" || kind === "bool" || value.kind !== "number") {
    throw cannotUnmarshal(value.kind, target);
  }
  const number = kind === "float32" ? float32Of(value.raw) : integerOf(value.raw);
  if (number === undefined) throw cannotUnmarshal(`number ${value.raw}`, target);
  return number;
}

function float32Of(raw: string): number | undefined {
  const number = Math.fround(Number(raw));
  return Number.isFinite(number) ? number : undefined;
}

/** Beyond 2^53 the nearest number that a double can hold. */
function integerOf(raw: string): number | undefined {
  // The bound on the digits keeps BigInt away from a megabyte of them.
  if (!/^-?\d{1,19}$/.test(raw)) return undefined;
  const integer = BigInt(raw);
  return integer >= limits.min && integer <= limits.max ? Number(integer) : undefined;
}

function sameName(field: string, key: string): boolean {
  return field === key || field.toLowerCase() === key.toLowerCase();
}

function cannotUnmarshal(what: string, target: string): GoJsonError {
  return new GoJsonError(`json: cannot unmarshal ${what} into ${target}`);
}
