import { expect, test } from "vitest";
import { createTraceIds } from "../../../src/messaging/trace-id.ts";
import { createRandom } from "../../../src/time/random.ts";

test("trace ids are 32 hexadecimal digits, unique over streams and sequences, and the same for the same seed", () => {
  const seen = new Set<string>();
  for (const stream of ["one", "two", "three"]) {
    const traceId = createTraceIds(createRandom("7").fork(stream));
    const again = createTraceIds(createRandom("7").fork(stream));
    for (const sequence of [1, 2, 255, 65_536, Number.MAX_SAFE_INTEGER]) {
      const id = traceId(sequence);
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(again(sequence)).toBe(id);
      seen.add(id);
    }
  }
  expect(seen.size).toBe(15);
});
