/** A JSON value as Go's decoder meets it: members in order and with duplicates, numbers as they were written. */
export type GoValue =
  | { readonly kind: "null" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "number"; readonly raw: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly GoValue[] }
  | { readonly kind: "object"; readonly members: readonly GoMember[] };

export interface GoMember {
  readonly key: string;
  readonly value: GoValue;
}

/** The text is not JSON, or not what was asked for. The message is the one of Go's `encoding/json`. */
export class GoJsonError extends Error {
  override readonly name = "GoJsonError";
}

/** Far below Go's 10,000: the bodies of the control API need three. */
const greatestDepth = 500;

/** Reads the first JSON value of a text as Go's `json.Decoder` does; what follows it is not looked at. */
export function parseFirstValue(text: string): GoValue {
  const reader = new GoJsonReader(text);
  reader.skipSpace();
  if (reader.atEnd) throw new GoJsonError("EOF");
  return reader.value(0);
}

const literals: Readonly<Record<string, { readonly word: string; readonly value: GoValue }>> = {
  t: { word: "true", value: { kind: "bool", value: true } },
  f: { word: "false", value: { kind: "bool", value: false } },
  n: { word: "null", value: { kind: "null" } },
};

const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class GoJsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    while (" \t\r\n".includes(this.#peek() || "x")) this.#at += 1;
  }

  value(depth: number): GoValue {
    if (depth > greatestDepth) throw new GoJsonError("exceeded max depth");
    this.skipSpace();
    const first = this.#peek();
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return { kind: "string", value: this.#string() };
    if (first === "-" || isDigit(first)) return this.#number();
    const literal = literals[first];
    if (!literal) throw this.#unexpected("looking for beginning of value");
    this.#literal(literal.word);
    return literal.value;
  }

  #object(depth: number): GoValue {
    const members: GoMember[] = [];
    this.#at += 1;
    this.skipSpace();
    if (this.#take("}")) return { kind: "object", members };
    do {
      this.skipSpace();
      if (this.#peek() !== '"') throw this.#unexpected("looking for beginning of object key string");
      const key = this.#string();
      this.skipSpace();
      if (!this.#take(":")) throw this.#unexpected("after object key");
      members.push({ key, value: this.value(depth + 1) });
      this.skipSpace();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#unexpected("after object key:value pair");
    return { kind: "object", members };
  }

  #array(depth: number): GoValue {
    const items: GoValue[] = [];
    this.#at += 1;
    this.skipSpace();
    if (this.#take("]")) return { kind: "array", items };
    do {
      items.push(this.value(depth + 1));
      this.skipSpace();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#unexpected("after array element");
    return { kind: "array", items };
  }

  #string(): string {
    let result = "";
    this.#at += 1;
    while (!this.#take('"')) {
      const character = this.#peek();
      if (character < " ") throw this.#unexpected("in string literal");
      this.#at += 1;
      result += character === "\\" ? this.#escape() : character;
    }
    return result.toWellFormed();
  }

  #escape(): string {
    const letter = this.#peek();
    const simple = simpleEscapes[letter];
    if (simple === undefined && letter !== "u") throw this.#unexpected("in string escape code");
    this.#at += 1;
    if (simple !== undefined) return simple;
    const start = this.#at;
    for (let digit = 0; digit < 4; digit += 1) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) throw this.#unexpected("in \\u hexadecimal character escape");
      this.#at += 1;
    }
    return String.fromCharCode(Number.parseInt(this.#text.slice(start, this.#at), 16));
  }

  #number(): GoValue {
    const start = this.#at;
    this.#take("-");
    if (!this.#take("0")) this.#digits("in numeric literal");
    if (this.#take(".")) this.#digits("after decimal point in numeric literal");
    if (this.#take("e") || this.#take("E")) {
      if (!this.#take("+")) this.#take("-");
      this.#digits("in exponent of numeric literal");
    }
    return { kind: "number", raw: this.#text.slice(start, this.#at) };
  }

  /** At least one digit. */
  #digits(where: string): void {
    if (!isDigit(this.#peek())) throw this.#unexpected(where);
    while (isDigit(this.#peek())) this.#at += 1;
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (!this.#take(letter)) throw this.#unexpected(`in literal ${word} (expecting '${letter}')`);
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #unexpected(where: string): GoJsonError {
    if (this.atEnd) return new GoJsonError("unexpected EOF");
    return new GoJsonError(`invalid character ${this.#quoted()} ${where}`);
  }

  /** Go reads bytes: of a character beyond ASCII it names the first one. */
  #quoted(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    const byte = Buffer.from(character)[0] ?? 0;
    if (byte === 0x27) return "'\\''";
    if (byte === 0x22) return "'\"'";
    if (byte >= 0x7f && byte <= 0xa0) return `'\\u00${byte.toString(16)}'`;
    return `'${JSON.stringify(String.fromCharCode(byte)).slice(1, -1)}'`;
  }
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}
