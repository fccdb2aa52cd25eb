import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUplinkStore, type UplinkPolicy } from "../../../src/compensation/uplink-store.ts";

function setUp(capacity: number, policy: UplinkPolicy, windowMessages = 4) {
  const dropped: string[] = [];
  const store = createUplinkStore<string>({
    capacity,
    policy,
    windowMessages,
    onDropped: (message) => dropped.push(message),
  });
  const add = (messages: string) => {
    for (const message of messages) store.add(message, Number.parseInt(message, 36) % 10);
  };
  const send = () =>
    store
      .nextWindow()
      .map(({ message }) => message)
      .join("");
  return { store, dropped, add, send };
}

describe("the uplink store", () => {
  it("gives out messages in order, as many as the window has room for", () => {
    const { store, add, send } = setUp(10, "oldest", 2);
    add("abc");
    expect([send(), send()]).toEqual(["ab", ""]);
    expect(store.acknowledge(1)).toBe(true);
    expect(send()).toBe("c");
    expect(store.counts).toEqual({ waiting: 0, inFlight: 2, dropped: 0, acknowledged: 1 });
  });

  it("keeps a message until it is acknowledged, once", () => {
    const { store, add, send } = setUp(10, "oldest");
    add("a");
    send();
    expect([store.acknowledge(1), store.acknowledge(1), store.acknowledge(9)]).toEqual([true, false, false]);
    expect(store.size).toBe(0);
  });

  it("sends what was in flight again, first and in the old order, after a loss", () => {
    const { store, add, send } = setUp(10, "oldest", 3);
    add("abcde");
    send();
    store.acknowledge(2);
    expect(store.requeue()).toBe(2);
    expect(send()).toBe("acd");
  });

  it("takes a late acknowledgement for a message that waits again", () => {
    const { store, add, send } = setUp(10, "oldest");
    add("ab");
    send();
    store.requeue();
    expect(store.acknowledge(1)).toBe(true);
    expect(send()).toBe("b");
    expect(store.counts.inFlight).toBe(1);
  });

  it.each([
    ["oldest", "abcde", "ab", "cde"],
    ["newest", "abcde", "de", "abc"],
    // Priorities are the digits: the lowest goes, the older of equals first.
    ["priority", "51325", "12", "535"],
    ["priority", "77711", "11", "777"],
  ] as const)("drops by the policy %s: of %s it gives up %s", (policy, offered, given, kept) => {
    const { dropped, add, send } = setUp(3, policy);
    add(offered);
    expect([...dropped].sort().join("")).toBe(given);
    expect(send()).toBe(kept);
  });

  it.each(["oldest", "newest", "priority"] as const)(
    "never drops what is or was in flight (%s)",
    (policy) => {
      const { store, dropped, add, send } = setUp(3, policy, 2);
      add("123");
      send();
      store.requeue();
      add("9");
      expect(dropped).toEqual(policy === "newest" ? ["9"] : ["3"]);
      store.nextWindow();
      expect(send()).toBe("");
    },
  );

  it("drops the newcomer when everything was sent already", () => {
    const { store, dropped, add, send } = setUp(2, "oldest");
    add("ab");
    send();
    expect(store.add("c")).toBeNull();
    expect(dropped).toEqual(["c"]);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses the capacity %d", (capacity) => {
    expect(() => createUplinkStore({ capacity, policy: "oldest", onDropped: () => {} })).toThrow(RangeError);
  });

  it("loses nothing but what it reports, and keeps the order, over any cuts", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant("add" as const), n: fc.nat({ max: 9 }) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant("send" as const), n: fc.nat({ max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("cut" as const), n: fc.constant(0) }) },
    );
    const policy = fc.constantFrom<UplinkPolicy>("oldest", "newest", "priority");
    const size = fc.integer({ min: 1, max: 8 });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        policy,
        size,
        size,
        (steps, how, capacity, windowMessages) => {
          const dropped: number[] = [];
          const arrived: number[] = [];
          const store = createUplinkStore<number>({
            capacity,
            policy: how,
            windowMessages,
            onDropped: (n) => dropped.push(n),
          });
          let added = 0;
          // The broker gets all of a window and acknowledges the first `acknowledged` of it.
          const send = (acknowledged: number) => {
            for (const [index, { id, message }] of store.nextWindow().entries()) {
              if (!arrived.includes(message)) arrived.push(message);
              if (index < acknowledged) store.acknowledge(id);
            }
          };
          for (const { type, n } of steps) {
            if (type === "add") added += 1;
            if (type === "add") store.add(added, n);
            else if (type === "send") send(n);
            else store.requeue();
            expect(store.size).toBeLessThanOrEqual(capacity);
            expect(store.counts.inFlight).toBeLessThanOrEqual(windowMessages);
          }
          while (store.size > 0) {
            store.requeue();
            send(windowMessages);
          }
          expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
          expect([...arrived, ...dropped].sort((a, b) => a - b)).toEqual(
            Array.from({ length: added }, (_, at) => at + 1),
          );
          expect(store.counts).toMatchObject({
            dropped: dropped.length,
            acknowledged: arrived.length,
            waiting: 0,
          });
        },
      ),
    );
  });
});
