import { describe, expect, test } from "vitest";
import { createMachine } from "xstate";
import { connectionMachine } from "../../../src/connection/connection-machine.ts";
import { toMermaid } from "../../../src/connection/machine-diagram.ts";

const lines = (machine: Parameters<typeof toMermaid>[0]) =>
  toMermaid(machine)
    .split("\n")
    .map((line) => line.trim());

describe("machine diagram", () => {
  test("draws the connection's lifecycle with events, guards, delays and the end", () => {
    const drawn = lines(connectionMachine);
    expect(drawn[0]).toBe("stateDiagram-v2");
    for (const line of [
      "[*] --> disconnected",
      "disconnected --> connecting : connectRequested",
      "disconnected --> backingOff : [wantedWithinBudget]",
      "connecting --> connected : connackReceived",
      "connecting --> unavailable : connackRefused [refusedForGood]",
      "connecting --> backingOff : after handshakeTimeout [withinBudget]",
      "backingOff --> connecting : after backoffDelay",
      "connected --> disconnected : heartbeatTimedOut",
      "backingOff --> stopped : stopRequested",
      "stopped --> [*]",
    ])
      expect(drawn).toContain(line);
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  test("draws nested and parallel states, plain delays and transitions without a target", () => {
    const machine = createMachine({
      id: "lamp",
      initial: "on",
      states: {
        on: {
          initial: "dim",
          states: { dim: { after: { 500: "bright" } }, bright: {} },
          on: { toggle: "off", polish: { actions: () => {} } },
        },
        off: { type: "parallel", states: { bulb: {}, "wall-switch": {} } },
      },
    });
    expect(toMermaid(machine)).toBe(
      [
        "stateDiagram-v2",
        "  [*] --> on",
        "  state on {",
        "    [*] --> on_dim",
        "    on_dim --> on_bright : after 500 ms",
        "    on_bright",
        "  }",
        "  on --> off : toggle",
        "  on --> on : polish",
        "  state off {",
        "    off_bulb",
        "    --",
        "    off_wall_switch",
        "  }",
        "",
      ].join("\n"),
    );
  });
});
