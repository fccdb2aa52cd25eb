import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HistoryEntry } from "../../../src/history/entry.ts";
import { historyFileName, openHistoryWriter, readHistory, writeHistory } from "../../../src/history/store.ts";
import {
  broker,
  connected,
  delivery,
  device,
  drained,
  dropped,
  fault,
  foreignDelivery,
  gap,
  headerWith,
  historyOf,
  logged,
  note,
  phase,
  processed,
  publish,
  stored,
  subscribed,
} from "../../helpers/history-builder.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stormfleet-history-"));
  file = join(folder, historyFileName);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const header = headerWith();
const one: HistoryEntry = { type: "phase", phase: "storm", atMs: 1 };
const two: HistoryEntry = { type: "phase", phase: "heal", atMs: 2 };
const lines = (...values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

async function listOf(entries: AsyncIterable<HistoryEntry>) {
  const list: HistoryEntry[] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}

async function read(path = folder) {
  const history = await readHistory(path);
  const entries = await listOf(history.entries);
  return { entries, torn: history.torn, header: history.header };
}

const { entries: oneOfEach } = historyOf(
  device("meter-1"),
  connected("meter-1"),
  subscribed("backend"),
  publish("meter-1", 1, { qos: 2 }).ok(),
  publish("meter-1", 2).fail(),
  publish("meter-1", 3, { sentinel: true }).info(),
  publish("meter-1", 1, { qos: 2 }).completed,
  delivery("backend", 1),
  foreignDelivery("backend", "a/ü/漢"),
  fault(1, "severs", { parameters: { nested: [1, { two: "three" }] } }).put,
  phase("stop"),
  drained({ source: "meter-1", receiver: "backend" }),
  { type: "invoke", action: "resume", op: 900, actor: "meter-1", lastMessageId: 4 },
  { type: "ok", action: "resume", op: 900, actor: "meter-1", replayed: 3, headMessageId: 7 },
  logged("meter-1", 1),
  processed("meter-1", 1),
  gap("meter-1", 2, 3),
  stored("meter-1", 4),
  dropped("meter-1", 4),
  broker("lost"),
  note("interrupted"),
);

describe("a history on disk", () => {
  test("comes back as it was written, from its folder and from its file", async () => {
    expect(await writeHistory(folder, header, oneOfEach)).toBe(file);
    expect(await read()).toEqual({ entries: oneOfEach, torn: false, header });
    expect((await read(file)).entries).toEqual(oneOfEach);
  });

  test("can be written from a stream, into a folder that is not there, and read twice", async () => {
    const deep = join(folder, "runs", "run-1");
    async function* entries() {
      yield* [one, two];
    }
    await writeHistory(deep, header, entries());
    const history = await readHistory(deep);
    expect(await listOf(history.entries)).toEqual([one, two]);
    expect(await listOf(history.entries)).toEqual([one, two]);
  });

  test("comes back when it is larger than the reader's buffer", async () => {
    const many = Array.from(
      { length: 20_000 },
      (_, index): HistoryEntry => ({ type: "note", note: "method-failed", detail: `ü${index}`, atMs: index }),
    );
    await writeHistory(folder, header, many);
    expect((await read()).entries).toEqual(many);
  });

  test("may be left in the middle", async () => {
    await writeHistory(folder, header, [one, two]);
    for await (const entry of (await readHistory(folder)).entries) {
      expect(entry).toEqual(one);
      break;
    }
  });

  test("is readable while it is written, up to the last phase, fault or full buffer", async () => {
    const writer = openHistoryWriter(folder, header);
    const small: HistoryEntry = { type: "completed", op: 1, actor: "meter-1", atMs: 0 };
    writer.append(small);
    expect((await read()).entries).toEqual([]);
    writer.append(one);
    expect((await read()).entries).toEqual([small, one]);
    for (let count = 0; count < 1000; count += 1) writer.append(small);
    expect((await read()).entries.length).toBeGreaterThan(500);
    writer.close();
    expect((await read()).entries.length).toBe(1002);
    expect(() => writer.close()).not.toThrow();
  });

  test("tolerates a torn last line and says so", async () => {
    writeFileSync(file, lines(header, one, two).slice(0, -9));
    expect(await read()).toMatchObject({ entries: [one], torn: true });
  });

  test("takes a last line without an end that is whole, and says that more may be missing", async () => {
    writeFileSync(file, lines(header, one).slice(0, -1));
    expect(await read()).toMatchObject({ entries: [one], torn: true });
  });

  test("holds nothing but a header when the run was killed at once", async () => {
    writeFileSync(file, lines(header));
    expect(await read()).toMatchObject({ entries: [], torn: false });
  });
});

describe("a history that cannot be read", () => {
  test("is HIST_1001 when it is missing, empty, or its header is torn", async () => {
    await expect(readHistory(join(folder, "nowhere"))).rejects.toMatchObject({ code: "HIST_1001" });
    await expect(readHistory(folder)).rejects.toMatchObject({ code: "HIST_1001" });
    writeFileSync(file, "");
    await expect(readHistory(folder)).rejects.toMatchObject({ code: "HIST_1001" });
    writeFileSync(file, '{"stormfleet":"his');
    await expect(readHistory(folder)).rejects.toMatchObject({ code: "HIST_1001" });
  });

  test("is HIST_1002 when another version wrote it, and names both", async () => {
    writeFileSync(file, lines({ ...header, version: 2 }));
    await expect(readHistory(folder)).rejects.toMatchObject({
      code: "HIST_1002",
      message: expect.stringMatching(/version 2; .*version 1/),
    });
  });

  test("is HIST_1003 when its first line is no header, or lacks a setting", async () => {
    for (const first of [one, 7, null, "text", { ...header, settings: {} }, { ...header, protocol: "4" }]) {
      writeFileSync(file, lines(first));
      await expect(readHistory(folder)).rejects.toMatchObject({ code: "HIST_1003" });
    }
  });

  test.each([
    ["is not JSON", "{"],
    ["is no object", "7"],
    ["is no object", "null"],
    ["is no object", "[]"],
    ["has no time", '{"type":"phase","phase":"storm"}'],
    ['is of the unknown type "gossip"', '{"atMs":1,"type":"gossip"}'],
    ['is of the unknown type "toString"', '{"atMs":1,"type":"toString"}'],
    ['its "op" is not a whole number', '{"atMs":1,"type":"completed","op":"x","actor":"a"}'],
    [
      'its "message" is not an object whose "sequence"',
      '{"atMs":1,"type":"uplink","event":"stored","actor":"a","message":{"source":"a","stream":"b"}}',
    ],
    ["is not JSON", ""],
  ])("is HIST_1003 with the number of a line that %s", async (why, line) => {
    writeFileSync(file, `${lines(header, one)}${line}\n${lines(two)}`);
    const reading = read();
    await expect(reading).rejects.toMatchObject({ code: "HIST_1003" });
    await expect(reading).rejects.toThrow(`line 3`);
    await expect(reading).rejects.toThrow(why);
  });

  test("is HIST_1003 when a line is longer than the bound, however it ends", async () => {
    const long: HistoryEntry = { type: "note", note: "interrupted", detail: "x".repeat(3000), atMs: 0 };
    for (const end of ["\n", ""]) {
      writeFileSync(file, lines(header, one) + JSON.stringify(long) + end);
      const { entries } = await readHistory(folder, { maxLineBytes: 2000 });
      await expect(listOf(entries)).rejects.toMatchObject({
        code: "HIST_1003",
        message: expect.stringContaining("line 3 is longer than 2000 bytes"),
      });
    }
  });

  test("is HIST_1003 when a line in the middle is torn", async () => {
    writeFileSync(file, lines(header, one).slice(0, -5));
    appendFileSync(file, lines(two));
    await expect(read()).rejects.toMatchObject({ code: "HIST_1003" });
  });
});

describe("a history that cannot be written", () => {
  test("is HIST_1004 when the folder cannot be made", async () => {
    writeFileSync(join(folder, "taken"), "");
    const inTheWay = join(folder, "taken", "run");
    expect(() => openHistoryWriter(inTheWay, header)).toThrow(expect.objectContaining({ code: "HIST_1004" }));
    await expect(writeHistory(inTheWay, header, [])).rejects.toMatchObject({ code: "HIST_1004" });
  });

  test.runIf(existsSync("/dev/full"))("is HIST_1004 when the disk is full", () => {
    symlinkSync("/dev/full", file);
    expect(() => openHistoryWriter(folder, header)).toThrow(expect.objectContaining({ code: "HIST_1004" }));
  });

  test("is HIST_1004 at the end, not in the middle of the run", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const writer = openHistoryWriter(folder, header);
    writer.append(one);
    expect(() =>
      writer.append({
        type: "fault",
        id: 1,
        fault: "x",
        links: [],
        parameters: circular,
        effect: "cuts",
        stage: "injecting",
        atMs: 2,
      }),
    ).not.toThrow();
    expect(() => writer.append(two)).not.toThrow();
    expect(() => writer.close()).toThrow(expect.objectContaining({ code: "HIST_1004" }));
    expect(readFileSync(file, "utf8")).toBe(lines(header, one));
  });
});
