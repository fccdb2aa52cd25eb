import { describe, expect, test } from "vitest";
import { type CommandModel, type DeviceModel, defineDevice, type StreamModel } from "../../../src/define.ts";
import { modelWith } from "./model-with.ts";

const stream: StreamModel = { description: "", qos: 1, everyMs: 1000, payload: () => ({}) };
const command: CommandModel = { description: "", qos: 1, everyMs: 1000, payload: () => ({}) };
const withStream = (changed: Partial<StreamModel>, name = "readings") =>
  modelWith({ streams: { [name]: { ...stream, ...changed } } });
const withCommand = (changed: Partial<CommandModel>, name = "set-point") =>
  modelWith({ commands: { [name]: { ...command, ...changed } } });

describe("defineDevice", () => {
  test("gives back a good model as it is", () => {
    const model = modelWith({
      streams: {
        readings: stream,
        alarms: { description: "", qos: 2, whenOffline: "store", payload: () => ({}) },
      },
      commands: { "set-point": { ...command, qos: 0, everyMs: 1 } },
      notices: { description: "", everyMs: 86_400_000, payload: () => ({}) },
    });
    expect(defineDevice(model)).toBe(model);
  });

  const bad: readonly (readonly [string, DeviceModel, string, string])[] = [
    ["a name with a slash", modelWith({ name: "a/b" }), 'device "a/b" has a name', "smart-meter"],
    ["a name that is used already", modelWith({ name: "probe" }), "Stormfleet uses itself", "another name"],
    ["a wild stream name", withStream({}, "+"), 'stream "+" has a name', "smart-meter"],
    ["a stream for probes", withStream({}, "probe"), 'stream "probe"', "another name"],
    ["a stream of QoS 3", withStream({ qos: 3 as 2 }), 'stream "readings" has QoS 3', "0, 1 or 2"],
    ["a stream without pause", withStream({ everyMs: 0 }), "an interval of 0 ms", "86400000"],
    ["a stream of no number", withStream({ everyMs: Number.NaN }), "an interval of NaN ms", "1 ms"],
    ["a stream beyond a day", withStream({ everyMs: 86_400_001 }), "86400001 ms", "a day"],
    [
      "a stored stream at QoS 0",
      withStream({ qos: 0, whenOffline: "store" }),
      "stores messages",
      "QoS 1 or 2",
    ],
    ["a command in capitals", withCommand({}, "SET"), 'command "SET" has a name', "smart-meter"],
    ["a command of QoS -1", withCommand({ qos: -1 as 0 }), 'command "set-point" has QoS -1', "0, 1 or 2"],
    ["a command every never", withCommand({ everyMs: Number.POSITIVE_INFINITY }), "Infinity ms", "a day"],
    [
      "notices without pause",
      modelWith({ notices: { description: "", everyMs: 0.5, payload: () => ({}) } }),
      'device "beacon", notices has an interval of 0.5 ms',
      "1 ms",
    ],
  ];
  test.for(bad)("refuses %s", ([, model, place, hint]) => {
    expect(() => defineDevice(model)).toThrow(
      expect.objectContaining({
        code: "CONF_1004",
        message: expect.stringContaining(place),
        hint: expect.stringContaining(hint),
      }),
    );
  });
});
