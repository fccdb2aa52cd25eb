const escapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** A string as Go's `encoding/json` writes it: safe inside HTML. */
export function encodeString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character);
}

/** An object, its members in the order given; a JavaScript object would put `"1"` before `"a"`. */
export function encodeObject(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${encodeString(name)}:${json}`).join(",")}}`;
}

export function encodeArray(items: readonly string[]): string {
  return `[${items.join(",")}]`;
}

/** An integer without exponent. */
export function encodeInteger(integer: number): string {
  return BigInt(integer).toString();
}

/** A float32 with the fewest digits that give it back, as Go writes it. */
export function encodeFloat32(number: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const candidate = Number(number.toPrecision(digits));
    if (Math.fround(candidate) === number) return String(candidate);
  }
  return String(Number(number.toPrecision(9)));
}
