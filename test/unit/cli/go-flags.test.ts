import { expect, it } from "vitest";
import { acceptGoFlags } from "../../../src/cli/go-flags.ts";

it("takes the reference server's flags with one dash, for the proxy only", () => {
  expect(acceptGoFlags(["proxy", "-port", "0", "-host=::1", "-proxy-metrics", "--seed", "-5"])).toEqual([
    "proxy",
    "--port",
    "0",
    "--host=::1",
    "--proxy-metrics",
    "--seed",
    "-5",
  ]);
  expect(acceptGoFlags(["run", "calm", "-d", "5", "-port"])).toEqual(["run", "calm", "-d", "5", "-port"]);
});
