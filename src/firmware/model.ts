import type { Faker } from "@faker-js/faker";
import type { AnyStateMachine } from "xstate";
import type { QoS } from "../history/entry.ts";
import type { Random } from "../time/random.ts";
import { checkModel } from "./check-model.ts";

/** A JSON object that a payload may carry, of at most 1,044,480 bytes as text (262,144 for a notice). */
export type PayloadData = Readonly<Record<string, unknown>>;

/** What makes a payload may use: everything in it comes from the seed. */
export interface PayloadContext {
  /** What is fixed for this device. */
  readonly profile: PayloadData;
  /** This stream's own source of randomness. */
  readonly random: Random;
  /** Faker on the same source; a draw costs more than one from `random`. */
  readonly faker: Faker;
  /** Counts from 1 within the stream. */
  readonly sequence: number;
  /** The data of the stream's previous message, for values that drift instead of jumping. */
  readonly previous: PayloadData | undefined;
}

/**
 * What a device sends. The n-th payload of a stream depends on the seed, the device's id, the stream's name and n,
 * and on nothing that happens during the run: so every run of a seed sends the same payloads.
 */
export interface StreamModel {
  readonly description: string;
  readonly qos: QoS;
  /** Published by itself at this interval, in ms. Left out: only when the device's machine emits `publish`. */
  readonly everyMs?: number;
  /**
   * While there is no connection: `store` keeps the messages in the device's bounded uplink store and sends them in
   * order afterwards, `discard` (default) makes none.
   */
  readonly whenOffline?: "store" | "discard";
  readonly payload: (context: PayloadContext) => PayloadData;
}

/** What the backend sends to a device at a regular interval. */
export interface DownlinkModel {
  readonly description: string;
  /** In ms. */
  readonly everyMs: number;
  readonly payload: (context: PayloadContext) => PayloadData;
}

/** A command: sent over MQTT, kept by the broker's session while the device is away. */
export interface CommandModel extends DownlinkModel {
  readonly qos: QoS;
}

/** The events that a device's behaviour machine receives. */
export type BehaviourEvent =
  | { readonly type: "published"; readonly stream: string; readonly data: PayloadData }
  | { readonly type: "commandReceived"; readonly command: string; readonly data: PayloadData }
  | { readonly type: "noticeReceived"; readonly data: PayloadData };

/** What a device's behaviour machine may emit: a message for one of its streams. */
export interface BehaviourEmission {
  readonly type: "publish";
  readonly stream: string;
}

/** A kind of device: what it sends, what it is told, and how it behaves. */
export interface DeviceModel {
  /** Kebab-case; part of the ids of its devices. */
  readonly name: string;
  readonly description: string;
  /** What is fixed for a device; made once, from its seed. */
  readonly profile: (context: { readonly faker: Faker; readonly random: Random }) => PayloadData;
  /** Its visible states, as an XState machine that receives `BehaviourEvent` and may emit `BehaviourEmission`. */
  readonly machine: AnyStateMachine;
  readonly streams: Readonly<Record<string, StreamModel>>;
  readonly commands: Readonly<Record<string, CommandModel>>;
  /** Messages that reach the device by compensation instead of the broker's queue; left out: none. */
  readonly notices?: DownlinkModel;
}

/**
 * Defines a kind of device.
 *
 * @example
 * const beacon = defineDevice({
 *   name: "beacon",
 *   description: "Says that it is there.",
 *   profile: ({ faker }) => ({ place: faker.location.city() }),
 *   machine: createMachine({}),
 *   streams: {
 *     presence: { description: "One a second.", qos: 1, everyMs: 1000, payload: ({ profile }) => profile },
 *   },
 *   commands: {},
 * });
 * @throws StormfleetError CONF_1004 naming the first thing that is wrong.
 */
export function defineDevice(model: DeviceModel): DeviceModel {
  checkModel(model);
  return model;
}
