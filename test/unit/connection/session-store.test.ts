import { expect, test } from "vitest";
import { createMemorySessionStore } from "../../../src/connection/session-store.ts";

test("a PUBREL takes the place of its PUBLISH in the order of resending", () => {
  const { outgoing, incoming } = createMemorySessionStore();
  for (const messageId of [5, 2, 9])
    outgoing.put({ cmd: "publish", messageId, topic: "t", payload: "x", qos: 2, retain: false });
  outgoing.put({ cmd: "pubrel", messageId: 2 });
  expect(outgoing.packets().map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
    ["publish", 5],
    ["pubrel", 2],
    ["publish", 9],
  ]);
  outgoing.delete(5);
  expect(outgoing.get(5)).toBeUndefined();
  expect(outgoing.get(2)).toEqual({ cmd: "pubrel", messageId: 2 });
  expect(incoming.packets()).toEqual([]);
});
