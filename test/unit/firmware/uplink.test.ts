import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PublishOutcome } from "../../../src/connection/messages.ts";
import { createPublisher } from "../../../src/firmware/publisher.ts";
import { createUplink, type UplinkStoreSettings } from "../../../src/firmware/uplink.ts";
import { decodeEnvelope } from "../../../src/messaging/envelope.ts";
import { silentTelemetry } from "../../../src/observability/telemetry.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";
import { createScriptedConnection, createTestRecorder } from "./recording.ts";

const acknowledged: PublishOutcome = { kind: "acknowledged" };
const refusal: PublishOutcome = { kind: "failed", code: "CONN_1009", reason: "congested" };

function rig(store: Partial<UplinkStoreSettings> = {}) {
  const recorder = createTestRecorder();
  const connection = createScriptedConnection();
  const world = createWorld({ seed: "7", clock: createManualClock() });
  const publisher = createPublisher(world, {
    run: "r",
    source: "meter-1",
    recorder,
    telemetry: silentTelemetry,
    connection,
  });
  const uplink = createUplink({
    actor: "meter-1",
    recorder,
    publisher,
    isConnected: () => connection.state === "connected",
    store: { capacity: 10, policy: "oldest", windowMessages: 3, ...store },
  });
  let made = 0;
  const put = () => {
    made += 1;
    uplink.put(publisher.make("readings", made, "t", 1, {}));
  };
  const sent = () => connection.sent.map(({ payload }) => decodeEnvelope(payload)?.message.sequence);
  const dropped = () =>
    recorder
      .ofType("uplink")
      .flatMap(({ event, message }) => (event === "dropped" ? [message.sequence] : []));
  return { recorder, connection, uplink, put, sent, dropped };
}

describe("an uplink", () => {
  test("sends at once while its window has room, and the rest as acknowledgements come", () => {
    const { connection, uplink, put, sent } = rig();
    for (let count = 0; count < 5; count += 1) put();
    expect(sent()).toEqual([1, 2, 3]);
    connection.sent[0]?.end(acknowledged);
    connection.sent[1]?.end(acknowledged);
    expect(sent()).toEqual([1, 2, 3, 4, 5]);
    expect(uplink.pending).toBe(3);
  });

  test("keeps what comes while there is no connection, and sends it in order afterwards", () => {
    const { connection, uplink, put, sent } = rig();
    connection.state = "backingOff";
    for (let count = 0; count < 3; count += 1) put();
    uplink.drain();
    expect(sent()).toEqual([]);
    connection.state = "connected";
    uplink.drain();
    expect(sent()).toEqual([1, 2, 3]);
  });

  test("does not send again what is on its way when the connection is back: the session does that", () => {
    const { connection, uplink, put, sent } = rig();
    put();
    connection.state = "backingOff";
    put();
    connection.state = "connected";
    uplink.drain();
    uplink.drain();
    expect(sent()).toEqual([1, 2]);
  });

  test("never keeps more than its capacity, and reports which ones it dropped", () => {
    const { recorder, connection, uplink, put, sent, dropped } = rig({ capacity: 3 });
    connection.state = "backingOff";
    for (let count = 0; count < 5; count += 1) put();
    expect(uplink.pending).toBe(3);
    expect(dropped()).toEqual([1, 2]);
    expect(recorder.ofType("uplink").filter(({ event }) => event === "stored")).toHaveLength(5);
    connection.state = "connected";
    uplink.drain();
    expect(sent()).toEqual([3, 4, 5]);
  });

  test("sends what was refused again later, first and alone, and not in a loop", () => {
    const { connection, uplink, put, sent } = rig();
    put();
    connection.answer = refusal;
    put();
    expect(sent()).toEqual([1, 2]);
    connection.answer = undefined;
    put();
    // Message 1 is still on its way; only the refused one goes out again.
    expect(sent()).toEqual([1, 2, 2, 3]);
    expect(uplink.pending).toBe(3);
  });

  test("does not hang when everything is refused for good", () => {
    const { connection, uplink, put, sent } = rig();
    connection.answer = refusal;
    for (let count = 0; count < 20; count += 1) put();
    uplink.drain();
    expect(uplink.pending).toBeLessThanOrEqual(10);
    expect(sent().length).toBeLessThanOrEqual(21 * 3);
  });

  test("counts as pending what ended unknown, and never sends it again", () => {
    const { connection, uplink, put, sent } = rig();
    put();
    connection.sent[0]?.end({ kind: "unknown", reason: "stopped" });
    uplink.drain();
    expect(sent()).toEqual([1]);
    expect(uplink.pending).toBe(1);
  });

  test("keeps the order, its bound and one open publish per message, whatever happens", () => {
    const step = fc.constantFrom("put", "put", "put", "acknowledge", "refuse", "lose", "return", "drain");
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { connection, uplink, put, sent, dropped } = rig({ capacity: 6 });
        const ended = new Set<number>();
        const open = () => connection.sent.flatMap((_, index) => (ended.has(index) ? [] : [index]));
        const end = (outcome: PublishOutcome) => {
          const [first] = open();
          if (first === undefined) return;
          ended.add(first);
          connection.sent[first]?.end(outcome);
        };
        let puts = 0;
        for (const each of steps) {
          if (each === "put") {
            puts += 1;
            put();
          } else if (each === "acknowledge") end(acknowledged);
          else if (each === "refuse") end(refusal);
          else if (each === "lose") connection.state = "backingOff";
          else if (each === "return") connection.state = "connected";
          else uplink.drain();
          const openNow = open().map((index) => sent()[index]);
          expect(new Set(openNow).size).toBe(openNow.length);
          expect(openNow.length).toBeLessThanOrEqual(3);
          expect(uplink.pending).toBeLessThanOrEqual(6);
        }
        const firsts = [...new Set(sent())];
        expect(firsts).toEqual(firsts.toSorted((one, other) => Number(one) - Number(other)));
        // What is reported as dropped never went out.
        expect(dropped().filter((sequence) => sent().includes(sequence))).toEqual([]);
        // In the end everything that was not dropped goes through.
        connection.state = "connected";
        uplink.drain();
        for (let round = 0; round < puts + 5 && open().length > 0; round += 1) end(acknowledged);
        expect(uplink.pending).toBe(0);
        expect(new Set([...sent(), ...dropped()]).size).toBe(puts);
      }),
    );
  });
});
