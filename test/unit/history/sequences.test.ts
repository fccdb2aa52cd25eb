import fc from "fast-check";
import { expect, test } from "vitest";
import { createSequenceSet } from "../../../src/history/sequence-set.ts";
import { createSequenceTable } from "../../../src/history/sequence-table.ts";

test("a sequence set is a set, in whatever order its members come", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 80 }), (numbers) => {
      const set = createSequenceSet();
      const model = new Set<number>();
      for (const number of numbers) {
        expect(set.has(number)).toBe(model.has(number));
        expect(set.add(number)).toBe(!model.has(number));
        model.add(number);
        expect(set.size).toBe(model.size);
      }
      for (let number = 0; number <= 41; number += 1) expect(set.has(number)).toBe(model.has(number));
    }),
  );
});

test("a sequence table keeps each column of each number by itself", () => {
  const numbers = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.maxSafeNat());
  const writes = fc.array(fc.tuple(numbers, fc.nat({ max: 2 }), fc.nat({ max: 0xffffffff })));
  fc.assert(
    fc.property(writes, (all) => {
      const table = createSequenceTable(3);
      const model = new Map<string, number>();
      for (const [sequence, column, value] of all) {
        expect(table.get(sequence, column)).toBe(model.get(`${sequence} ${column}`) ?? 0);
        table.set(sequence, column, value);
        model.set(`${sequence} ${column}`, value);
      }
      for (const [sequence, column] of all) {
        expect(table.get(sequence, column)).toBe(model.get(`${sequence} ${column}`));
      }
    }),
  );
});
