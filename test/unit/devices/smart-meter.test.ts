import { expect, test } from "vitest";
import { smartMeter } from "../../../devices/smart-meter.ts";
import { createBehaviour } from "../../../src/firmware/behaviour.ts";
import { createPayloadStream } from "../../../src/firmware/payload-stream.ts";
import { createRandom } from "../../../src/time/random.ts";
import { createWorld } from "../../../src/time/world.ts";
import { createManualClock } from "../../helpers/manual-clock.ts";

function rig() {
  const asked: string[] = [];
  const behaviour = createBehaviour(createWorld({ seed: "7", clock: createManualClock() }), smartMeter, {
    onPublish: (stream) => asked.push(stream),
    onFailed(error) {
      throw error;
    },
  });
  behaviour.start();
  return { asked, behaviour };
}

test("a meter is at its peak above 4000 W and nowhere else", () => {
  const { behaviour } = rig();
  const loads = [4000, 4001, 4500, 4000, 80].map((loadW) => {
    behaviour.send({ type: "published", stream: "readings", data: { loadW } });
    return (behaviour.state as { load: string }).load;
  });
  expect(loads).toEqual(["normal", "peak", "peak", "normal", "normal"]);
});

test("a meter switches the supply as it is told, and takes no other command or stream for it", () => {
  const { asked, behaviour } = rig();
  const after = (command: string, supply: unknown) => {
    behaviour.send({ type: "commandReceived", command, data: { supply } });
    return (behaviour.state as { supply: string }).supply;
  };
  expect(behaviour.state).toEqual({ load: "normal", supply: "on" });
  expect(after("switch-supply", false)).toBe("off");
  expect(after("open-door", true)).toBe("off");
  expect(after("switch-supply", true)).toBe("on");
  expect(after("switch-supply", "yes")).toBe("off");
  behaviour.send({ type: "published", stream: "billing", data: { loadW: 5000 } });
  behaviour.send({ type: "noticeReceived", data: { tariffCents: 20 } });
  expect(behaviour.state).toEqual({ load: "normal", supply: "off" });
  expect(asked).toEqual([]);
});

test("a meter never counts backwards, and numbers its invoices", () => {
  const { readings, billing } = smartMeter.streams;
  if (!readings || !billing) throw new Error("no streams");
  const counts = createPayloadStream(createRandom("7"), {}, readings.payload);
  let lastWh = 0;
  for (let count = 0; count < 500; count += 1) {
    const totalWh = Number(counts.next().totalWh);
    expect(totalWh).toBeGreaterThan(lastWh);
    lastWh = totalWh;
  }
  const invoices = createPayloadStream(createRandom("7"), { customer: "c" }, billing.payload);
  expect([invoices.next(), invoices.next()]).toMatchObject([
    { customer: "c", invoice: 1 },
    { customer: "c", invoice: 2 },
  ]);
});
