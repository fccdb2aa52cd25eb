import fc from "fast-check";
import { expect, test } from "vitest";
import { createFilterTree } from "../../../src/history/filter-tree.ts";
import { matchesTopic } from "../../../src/history/topic-filter.ts";

test.each([
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/player1/#", "sport/tennis/player10", false],
  ["sport/#", "sport", true],
  ["#", "a/b/c", true],
  ["#", "/", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["+/tennis/#", "sport/tennis", true],
  ["sport", "sport/tennis", false],
  ["sport/tennis", "sport", false],
  ["#", "$SYS/broker/clients", false],
  ["+/broker/clients", "$SYS/broker/clients", false],
  ["$SYS/#", "$SYS/broker/clients", true],
  ["$SYS/broker/+", "$SYS/broker/clients", true],
  ["$share/group/sport/+", "sport/tennis", true],
  ["$share/group/sport/+", "news/tennis", false],
])("the filter %s and the topic %s: %s", (filter, topic, expected) => {
  expect(matchesTopic(filter, topic)).toBe(expected);
});

const level = fc.constantFrom("", "a", "b", "$s");
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ["#"] : [])].join("/"));

test("a tree of filters finds what trying each filter finds", () => {
  fc.assert(
    fc.property(fc.array(filters, { maxLength: 8 }), topics, (all, topic) => {
      const tree = createFilterTree<number>();
      for (const [index, filter] of all.entries()) tree.add(filter, index);
      const expected = [...all.keys()].filter((index) => matchesTopic(all[index] ?? "", topic));
      expect(tree.match(topic).sort((one, other) => one - other)).toEqual(expected);
    }),
  );
});
