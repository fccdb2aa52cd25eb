import type { Direction } from "./proxy-connection.ts";
import { invalidStream, invalidToxicType, Refusal, toxicAlreadyExists, toxicNotFound } from "./refusal.ts";
import type { Toxic } from "./toxic-stage.ts";
import { toxicTypes } from "./toxics/registry.ts";
import type { ToxicType } from "./toxics/toxic.ts";

/** What says which toxic is meant, before its attributes are looked at. */
export interface ToxicHeader {
  readonly type: string;
  /** Default: `<type>_<stream>`. Unique in its proxy, over both streams. */
  readonly name?: string | undefined;
  /** `upstream` or `downstream` in any case. Default `downstream`. */
  readonly stream?: string | undefined;
}

export interface ToxicChange {
  /** The share of connections it acts on; every value is allowed, 1 and above are all and 0 and below none. */
  readonly toxicity?: number | undefined;
  /** Integers by name; unknown names are ignored, missing ones keep their value (0 for a new toxic). */
  readonly attributes?: Readonly<Record<string, number>> | undefined;
}

/** A new toxic, in the words of the control API. Default toxicity 1. */
export interface ToxicTemplate extends ToxicHeader, ToxicChange {}

/** A header that was found good. */
export interface CheckedHeader {
  readonly type: ToxicType;
  readonly name: string;
  readonly stream: string;
  readonly direction: Direction;
}

/** The toxics of one proxy in order of creation. */
export class ToxicList {
  #toxics: readonly Toxic[] = [];

  get all(): readonly Toxic[] {
    return this.#toxics;
  }

  /** In the order of the control API: upstream before downstream, each in order of creation. */
  get shown(): readonly Toxic[] {
    const of = (direction: Direction) => this.#toxics.filter((toxic) => toxic.direction === direction);
    return [...of("upstream"), ...of("downstream")];
  }

  /** Throws `toxic not found`. */
  get(name: string): Toxic {
    const toxic = this.#toxics.find((candidate) => candidate.name === name);
    if (!toxic) throw toxicNotFound();
    return toxic;
  }

  /** Throws, in this order, for a bad stream, an unknown type, a name that is taken. */
  check(header: ToxicHeader): CheckedHeader {
    const stream = header.stream ?? "downstream";
    const direction = stream.toLowerCase();
    if (direction !== "upstream" && direction !== "downstream") throw invalidStream();
    const type = toxicTypes.get(header.type);
    if (!type) throw invalidToxicType();
    const name = header.name || `${header.type}_${stream}`;
    if (this.#toxics.some((toxic) => toxic.name === name)) throw toxicAlreadyExists();
    return { type, name, stream, direction };
  }

  add(template: ToxicTemplate): Toxic {
    const header = this.check(template);
    const toxic: Toxic = { ...header, toxicity: 1, attributes: zeroAttributes(header.type) };
    change(toxic, template);
    this.#toxics = [...this.#toxics, toxic];
    return toxic;
  }

  update(name: string, changes: ToxicChange): Toxic {
    const toxic = this.get(name);
    change(toxic, changes);
    return toxic;
  }

  remove(name: string): Toxic {
    const toxic = this.get(name);
    this.#toxics = this.#toxics.filter((candidate) => candidate !== toxic);
    return toxic;
  }
}

function zeroAttributes(type: ToxicType): Record<string, number> {
  return Object.fromEntries(type.attributes.map((name) => [name, 0]));
}

/** Checks everything before it changes anything. */
function change(toxic: Toxic, { toxicity, attributes }: ToxicChange): void {
  const merged: Record<string, number> = { ...toxic.attributes };
  for (const name of toxic.type.attributes) {
    const value = attributes && Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value === undefined) continue;
    if (!Number.isInteger(value))
      throw new Refusal(400, `attribute ${name} must be an integer, not ${value}`);
    merged[name] = value;
  }
  // As the reference keeps it: 0.123456789 is shown as 0.12345679.
  const share = Math.fround(toxicity ?? toxic.toxicity);
  if (!Number.isFinite(share)) throw new Refusal(400, `toxicity must be a number, not ${toxicity}`);
  toxic.attributes = merged;
  toxic.toxicity = share;
}
