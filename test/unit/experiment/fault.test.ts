import { describe, expect, test } from "vitest";
import { defineFault, type Fault, inOrder } from "../../../src/define.ts";
import { resolveParameters, undoAll } from "../../../src/experiment/fault.ts";

const slow: Fault = {
  name: "slow",
  description: "Slows down.",
  needs: [],
  effect: "delays",
  parameters: {
    rate: { description: "Kilobytes per second.", default: 8, min: 1, max: 100 },
    jitter: { description: "How much it strays.", default: 0, min: 0, max: 10 },
  },
  inject: async () => async () => {},
};

describe("defineFault", () => {
  test("gives back a good fault as it is", () => {
    expect(defineFault(slow)).toBe(slow);
  });

  test.for([
    ["Slow", slow.parameters, 'The fault "Slow" has a name that is not kebab-case.'],
    [
      "slow",
      { rate: { description: "", default: 0, min: 1, max: 2 } },
      'parameter "rate", has the default 0 outside of 1 to 2',
    ],
    ["slow", { rate: { description: "", default: 1, min: 2, max: 0 } }, "outside of 2 to 0"],
    ["slow", { rate: { description: "", default: Number.NaN, min: 0, max: 1 } }, "has the default NaN"],
  ] as const)("refuses %s with %j", ([name, parameters, message]) => {
    expect(() => defineFault({ ...slow, name, parameters })).toThrow(
      expect.objectContaining({
        code: "CONF_1004",
        message: expect.stringContaining(message),
        hint: expect.stringMatching(/\.$/),
      }),
    );
  });
});

describe("the parameters of a fault", () => {
  test("are its defaults, overridden by what was given", () => {
    expect(resolveParameters(slow)).toEqual({ rate: 8, jitter: 0 });
    expect(resolveParameters(slow, { rate: 100 })).toEqual({ rate: 100, jitter: 0 });
  });

  test.for([
    [{ speed: 1 }, 'The fault "slow" has no parameter "speed".', "It has: rate, jitter."],
    [{ rate: 0 }, 'The fault "slow" cannot have rate = 0.', "Use a number from 1 to 100."],
    [{ rate: 101 }, "rate = 101", "1 to 100"],
    [{ rate: Number.NaN }, "rate = NaN", "1 to 100"],
    [{ toString: 1 }, 'no parameter "toString"', "It has"],
  ] as const)("refuse %j", ([given, message, hint]) => {
    expect(() => resolveParameters(slow, given as unknown as Record<string, number>)).toThrow(
      expect.objectContaining({
        code: "CONF_1002",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  test("say so when a fault has none at all", () => {
    expect(() => resolveParameters({ ...slow, parameters: {} }, { rate: 1 })).toThrow(
      expect.objectContaining({ hint: "It has none." }),
    );
  });
});

/** Steps that write down what they do; those whose name is in `failing` throw. */
function stepsOf(log: string[], failing: Set<string>) {
  const act = async (what: string) => {
    if (failing.has(what)) throw new Error(`cannot ${what}`);
    log.push(what);
  };
  return ["one", "two", "three"].map((name) => async () => {
    await act(name);
    return () => act(`undo ${name}`);
  });
}

describe("steps in order", () => {
  test("are undone newest first", async () => {
    const log: string[] = [];
    const cure = await inOrder(...stepsOf(log, new Set()));
    await cure();
    expect(log).toEqual(["one", "two", "three", "undo three", "undo two", "undo one"]);
  });

  test("undo what was done when one of them fails", async () => {
    const log: string[] = [];
    await expect(inOrder(...stepsOf(log, new Set(["three"])))).rejects.toThrow("cannot three");
    expect(log).toEqual(["one", "two", "undo two", "undo one"]);
  });

  test("tell both failures when even that cannot be undone, and undo the rest", async () => {
    const log: string[] = [];
    await expect(inOrder(...stepsOf(log, new Set(["three", "undo two"])))).rejects.toThrow(
      "cannot three And not undone: cannot undo two",
    );
    expect(log).toEqual(["one", "two", "undo one"]);
  });

  test("undo only what is left when the cure is called again after a failure", async () => {
    const log: string[] = [];
    const failing = new Set(["undo two"]);
    const cure = await inOrder(...stepsOf(log, failing));
    await expect(cure()).rejects.toThrow("cannot undo two");
    failing.clear();
    await cure();
    expect(log.slice(3)).toEqual(["undo three", "undo one", "undo two"]);
  });
});

test("undoing all goes on after a failure, and tells all of them", async () => {
  const log: string[] = [];
  const fail = (what: string) => async () => {
    log.push(what);
    throw new Error(what);
  };
  await expect(undoAll([fail("a"), async () => void log.push("b"), fail("c")])).rejects.toThrow(
    AggregateError,
  );
  expect(log).toEqual(["c", "b", "a"]);
  await expect(undoAll([fail("alone")])).rejects.toThrow("alone");
  await expect(undoAll([])).resolves.toBeUndefined();
});
