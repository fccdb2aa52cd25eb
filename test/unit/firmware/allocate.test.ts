import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate } from "../../../src/firmware/allocate.ts";
import { modelWith } from "./model-with.ts";

const mixes = fc
  .array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 6 })
  .map((weights) =>
    weights.map((weight, index) => ({ model: modelWith({ name: `model-${index + 1}` }), weight })),
  );
const linkNames = (count: number) => Array.from({ length: count }, (_, index) => `link-${index + 1}`);

describe("the allotment of a fleet", () => {
  test("keeps every model within one device of its share, at every place", () => {
    fc.assert(
      fc.property(mixes, fc.integer({ min: 1, max: 200 }), (mix, devices) => {
        const total = mix.reduce((sum, { weight }) => sum + weight, 0);
        const made = new Map<string, number>();
        allocate(mix, devices, linkNames(3)).forEach(({ model }, index) => {
          made.set(model.name, (made.get(model.name) ?? 0) + 1);
          for (const { model: each, weight } of mix) {
            const share = (weight / total) * (index + 1);
            expect(Math.abs((made.get(each.name) ?? 0) - share)).toBeLessThan(1 + 1e-9);
          }
        });
      }),
    );
  });

  test("does not let a light model fall behind heavy ones", () => {
    const weights = [76, 3, 85, 5, 5, 1, 1];
    const mix = weights.map((weight, index) => ({
      model: modelWith({ name: `model-${index + 1}` }),
      weight,
    }));
    const made = weights.map(() => 0);
    allocate(mix, 176, linkNames(1)).forEach(({ model }, index) => {
      const place = mix.findIndex((each) => each.model === model);
      made[place] = (made[place] ?? 0) + 1;
      weights.forEach((weight, each) => {
        expect(Math.abs((made[each] ?? 0) - (weight / 176) * (index + 1))).toBeLessThan(1);
      });
    });
    expect(made).toEqual(weights);
  });

  test("of a larger fleet begins with that of the smaller one", () => {
    fc.assert(
      fc.property(mixes, fc.nat(60), fc.nat(60), (mix, small, more) => {
        const links = linkNames(4);
        expect(allocate(mix, small + more, links).slice(0, small)).toEqual(allocate(mix, small, links));
      }),
    );
  });

  test("numbers the devices of each model from 1 and gives no id twice", () => {
    fc.assert(
      fc.property(mixes, fc.nat(60), (mix, devices) => {
        const allotments = allocate(mix, devices, linkNames(2));
        expect(new Set(allotments.map(({ id }) => id)).size).toBe(devices);
        for (const { model } of mix) {
          const own = allotments.filter((each) => each.model === model);
          expect(own.map(({ id }) => id)).toEqual(own.map((_, index) => `${model.name}-${index + 1}`));
        }
      }),
    );
  });

  test("leaves no link empty when there are as many devices as links times models", () => {
    fc.assert(
      fc.property(mixes, fc.integer({ min: 1, max: 8 }), (mix, links) => {
        const used = allocate(mix, mix.length * links, linkNames(links)).map(({ link }) => link);
        expect(new Set(used)).toEqual(new Set(linkNames(links)));
      }),
    );
  });

  test("puts both models of an even mix on every link", () => {
    const mix = ["one", "two"].map((name) => ({ model: modelWith({ name }), weight: 1 }));
    const allotments = allocate(mix, 8, linkNames(2)).map(({ id, link }) => `${id} ${link}`);
    expect(allotments).toEqual([
      "one-1 link-1",
      "two-1 link-1",
      "one-2 link-2",
      "two-2 link-2",
      "one-3 link-1",
      "two-3 link-1",
      "one-4 link-2",
      "two-4 link-2",
    ]);
  });
});
