import {
  createDeviceCompensation,
  type DeviceCompensation,
} from "../../../src/compensation/device-compensation.ts";
import { createMemoryLedgerStore } from "../../../src/compensation/device-ledger.ts";
import { createMemoryMessageLog } from "../../../src/compensation/memory-message-log.ts";
import type { MessageLog } from "../../../src/compensation/message-log.ts";
import { parseDownlink, parseResumeReply, parseResumeRequest } from "../../../src/compensation/protocol.ts";
import type { ResumeEvent, ResumeTiming } from "../../../src/compensation/resume-conversation.ts";
import { type CompensationService, createCompensationService } from "../../../src/compensation/service.ts";
import { createSessionTokens, type TokenIssuer } from "../../../src/compensation/session-tokens.ts";
import { compensationTopics } from "../../../src/compensation/topics.ts";
import { bodyChecksum } from "../../../src/compensation/wire-json.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { silentTelemetry } from "../../../src/observability/telemetry.ts";
import { createWorld, type World } from "../../../src/time/world.ts";
import { createManualClock, type ManualClock } from "../../helpers/manual-clock.ts";
import { createLossyChannel, type LossyChannel } from "./lossy-channel.ts";
import { judgeSeen, judgeSent, type Seen, type Sent } from "./oracle.ts";

export const topics = compensationTopics("sf/test/devices");

export interface RigDevice {
  readonly name: string;
  readonly channel: LossyChannel;
  readonly compensation: DeviceCompensation;
  readonly seen: Seen[];
  readonly sent: Sent[];
  readonly errors: ErrorCode[];
  readonly resumes: ResumeEvent[];
  /** When it sent its resume requests. */
  readonly askedAtMs: number[];
  connect(): void;
  disconnect(): void;
}

/** The service and some devices, each with its own bad way to it, in hand-driven time. */
export interface Rig {
  readonly clock: ManualClock;
  readonly world: World;
  readonly service: CompensationService;
  readonly devices: readonly RigDevice[];
  publish(device: RigDevice): void;
  /** What is wrong with a device's history, at the application and on the wire. */
  problems(device: RigDevice): string[];
}

export interface RigOptions {
  readonly seed?: string;
  readonly devices?: readonly string[];
  readonly maxMessages?: number;
  readonly chunkMessages?: number;
  readonly timing?: Partial<ResumeTiming>;
  /** Make a mutant: the service gets what these return. */
  readonly mutateLog?: (log: MessageLog) => MessageLog;
  readonly mutateTokens?: (tokens: TokenIssuer) => TokenIssuer;
}

export function createRig(options: RigOptions = {}): Rig {
  const clock = createManualClock();
  const world = createWorld({ seed: options.seed ?? "rig", clock });
  const log = createMemoryMessageLog(world, { maxMessages: options.maxMessages ?? 1_000 });
  const tokens = createSessionTokens(world);
  const logged = new Map<string, number[]>();
  let published = 0;

  const service = createCompensationService({
    world,
    topics,
    telemetry: silentTelemetry,
    log: options.mutateLog?.(log) ?? log,
    tokens: options.mutateTokens?.(tokens) ?? tokens,
    chunkMessages: options.chunkMessages ?? 7,
    events: {
      onLogged(device, id, checksum) {
        const list = logged.get(device) ?? [];
        logged.set(device, list);
        list[id - 1] = checksum;
      },
    },
    send(topic, payload) {
      const device = devices.find(({ name }) => name === topics.parse(topic)?.device);
      device?.sent.push(...factsOf(topic, payload));
      device?.channel.toDevice(topic, payload);
    },
  });

  // The tap knows the true tokens, whatever the service thinks of them.
  const receive = (topic: string, payload: Uint8Array) => {
    const target = topics.parse(topic);
    const device = devices.find(({ name }) => name === target?.device);
    const request = parseResumeRequest(payload);
    if (target?.channel === "resume" && request.ok)
      device?.sent.push({
        type: "requested",
        authentic: tokens.verify(target.device, request.value.sessionToken),
      });
    service.handle(topic, payload);
  };

  function addDevice(name: string): RigDevice {
    const seen: Seen[] = [];
    const errors: ErrorCode[] = [];
    const resumes: ResumeEvent[] = [];
    const askedAtMs: number[] = [];
    const channel = createLossyChannel(clock, world.random.fork(`channel/${name}`), {
      service: receive,
      device: (topic, payload) => compensation.handle(topic, payload),
    });
    const compensation = createDeviceCompensation({
      world,
      device: name,
      topics,
      telemetry: silentTelemetry,
      send: channel.toService,
      store: createMemoryLedgerStore(),
      maxAheadMessages: 8,
      timing: options.timing ?? {},
      events: {
        process: (id, body) => seen.push({ type: "processed", id, checksum: bodyChecksum(body) }),
        onGap: (from, to) => seen.push({ type: "gap", from, to }),
        onError: (code) => errors.push(code),
        onResume(event) {
          resumes.push(event);
          if (event.type === "invoked") askedAtMs.push(clock.monotonicMs());
        },
      },
    });
    return {
      name,
      channel,
      compensation,
      seen,
      sent: [],
      errors,
      resumes,
      askedAtMs,
      connect() {
        channel.connect();
        compensation.onConnected();
      },
      disconnect() {
        channel.disconnect();
        compensation.onDisconnected();
      },
    };
  }

  const devices = (options.devices ?? ["meter-1"]).map(addDevice);
  return {
    clock,
    world,
    service,
    devices,
    publish(device) {
      published += 1;
      service.publish(device.name, { tariff: published });
    },
    problems(device) {
      const truth = { logged: logged.get(device.name) ?? [], oldest: log.oldest(device.name) };
      return [...judgeSeen(truth, device.seen), ...judgeSent(device.sent)];
    },
  };
}

/** The first device of a rig. */
export function onlyDevice(rig: Rig): RigDevice {
  const [device] = rig.devices;
  if (device === undefined) throw new Error("The rig has no device.");
  return device;
}

function factsOf(topic: string, payload: Uint8Array): Sent[] {
  const channel = topics.parse(topic)?.channel;
  if (channel === "downlink") {
    const message = parseDownlink(payload);
    return message.ok ? [{ type: "message", id: message.value.messageId, via: message.value.via }] : [];
  }
  const reply = parseResumeReply(payload);
  if (channel !== "resumed" || !reply.ok) return [];
  return [reply.value.ok ? { type: "granted" } : { type: "refused", code: reply.value.code }];
}
