import { describe, expect, test } from "vitest";
import { createPacketIds } from "../../../src/connection/packet-ids.ts";

describe("packet ids", () => {
  test("count from 1 and never hand out an id that is in use, also past the largest", () => {
    const ids = createPacketIds(() => []);
    expect(ids.take()).toBe(1);
    for (let taken = 1; taken < 65_535; taken += 1) ids.take();
    expect(ids.take()).toBeUndefined();
    expect(ids.allocate()).toBeNull();
    ids.deallocate(7);
    ids.deallocate(9);
    expect([ids.take(), ids.take(), ids.take()]).toEqual([7, 9, undefined]);
  });

  test("a forced id is allocated once", () => {
    const ids = createPacketIds(() => []);
    ids.force(40);
    expect([ids.allocate(), ids.allocate()]).toEqual([40, 1]);
  });

  test("what is stored stays in use when everything else is cleared, from the beginning", () => {
    const stored = [1, 3];
    const ids = createPacketIds(() => stored);
    expect([ids.take(), ids.take()]).toEqual([2, 4]);
    ids.clear();
    for (let taken = 0; taken < 65_535 - stored.length; taken += 1) expect(stored).not.toContain(ids.take());
    expect(ids.take()).toBeUndefined();
  });
});
