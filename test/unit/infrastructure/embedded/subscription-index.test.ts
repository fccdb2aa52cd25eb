import { describe, expect, test } from "vitest";
import {
  filterMatches,
  SubscriptionIndex,
} from "../../../../src/infrastructure/embedded/broker/subscription-index.ts";

const filters = [
  "a",
  "a/b",
  "a/+",
  "+/b",
  "+",
  "#",
  "a/#",
  "a/+/c",
  "/b",
  "+/+",
  "a//c",
  "$a/b",
  "$a/#",
  "+/#",
];
const topics = ["a", "a/b", "a/b/c", "/b", "a/", "a//c", "b", "$a", "$a/b", "/"];

describe("the subscription index", () => {
  test("agrees with matching filter by filter", () => {
    const index = new SubscriptionIndex();
    for (const filter of filters) index.add(filter, filter, 1);
    for (const topic of topics) {
      const expected = filters.filter((filter) => filterMatches(filter, topic));
      expect([topic, [...index.match(topic).keys()].toSorted()]).toEqual([topic, expected.toSorted()]);
    }
  });

  test("keeps leading wildcards away from topics that begin with a dollar sign [4.7.2-1]", () => {
    const matching = filters.filter((filter) => filterMatches(filter, "$a/b"));
    expect(matching).toEqual(["$a/b", "$a/#"]);
  });

  test("gives a client the highest QoS of its matches, and forgets what is removed", () => {
    const index = new SubscriptionIndex();
    index.add("a/#", "one", 2);
    index.add("a/b", "one", 1);
    index.add("a/b", "two", 0);
    expect(index.match("a/b")).toEqual(
      new Map([
        ["one", 2],
        ["two", 0],
      ]),
    );
    index.remove("a/#", "one");
    index.remove("a/#", "nobody");
    expect(index.match("a/b").get("one")).toBe(1);
    index.remove("a/b", "one");
    index.remove("a/b", "two");
    expect(index.match("a/b").size).toBe(0);
  });
});
