import type { Endpoint } from "../endpoint.ts";
import type { Telemetry } from "../observability/telemetry.ts";
import type { World } from "../time/world.ts";

/**
 * What a backend can do. Faults and experiments state what they need; an unmet need ends the run with a sentence
 * before it starts, never with a wrong verdict.
 */
export type Capability =
  /** Links carry toxics and can be disabled. */
  | "link.toxics"
  /** A reset reaches the device as RST, a disabled link refuses connections. */
  | "link.true-reset"
  | "broker.kill"
  | "broker.restart"
  | "mqtt.3.1.1"
  | "mqtt.5.0";

/** A transform of a link's byte stream, in Toxiproxy's words and units. */
export interface ToxicSpec {
  readonly type: "latency" | "bandwidth" | "slow_close" | "timeout" | "reset_peer" | "slicer" | "limit_data";
  /** `upstream`: device → broker, `downstream`: broker → device. */
  readonly stream: "upstream" | "downstream";
  /** The share of connections that are affected, 0 … 1. Default 1. */
  readonly toxicity?: number;
  readonly attributes: Readonly<Record<string, number>>;
}

/**
 * Undoes what was done. Called once, and again only after a failure; rejects with `INFRA_1005` when the proxy does not
 * answer.
 */
export type Cure = () => Promise<void>;

/** A named network path from a group of devices to the broker. */
export interface Link {
  readonly name: string;
  /** Where the devices of this link connect. */
  readonly endpoint: Endpoint;
  /** Adds a toxic to all open and later connections; the cure removes it. */
  addToxic(toxic: ToxicSpec): Promise<Cure>;
  /** Closes all connections and refuses new ones; the cure lets them in again. */
  disable(): Promise<Cure>;
}

export interface Broker {
  /** The broker itself, past every link: for observers, probes and the backend application. */
  readonly endpoint: Endpoint;
  /** Such as `Aedes 1.2.0`. */
  readonly description: string;
  /** Stops the broker at once, as a crash would. Absent without the capability `broker.kill`. */
  kill?(): Promise<void>;
  /** Starts it again at the same address. Absent without the capability `broker.restart`. */
  restart?(): Promise<void>;
}

/** A broker with faulty links in front of it. Everything it started is gone after `stop`. */
export interface Infrastructure {
  /** The backend's name: `embedded`, `docker`, `external` … */
  readonly backend: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly broker: Broker;
  /** The links by name, in the order asked for. */
  readonly links: ReadonlyMap<string, Link>;
  /** Stops proxy and broker in reverse order of their start. Safe to call twice. */
  stop(): Promise<void>;
}

export interface InfrastructureOptions {
  /** Names of the links to set up; at least one. */
  readonly links: readonly string[];
  readonly telemetry: Telemetry;
  /** Aborts a start that is under way; what was started until then is stopped. */
  readonly signal?: AbortSignal;
}

/** Starts a backend. Throws a StormfleetError (INFRA_…) and leaves nothing behind when it cannot. */
export type StartInfrastructure = (world: World, options: InfrastructureOptions) => Promise<Infrastructure>;
