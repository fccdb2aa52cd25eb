/** Who published it, on which of its streams, and which one it was. Unique within a run; never a packet id. */
export interface MessageId {
  /** A device's id, or `backend`. */
  readonly source: string;
  readonly stream: string;
  /** Counts from 1 within the stream. */
  readonly sequence: number;
}

export type QoS = 0 | 1 | 2;

/** The states of the connection lifecycle, as the history and the reports name them. */
export type LifecycleState =
  | "disconnected"
  | "connecting"
  | "connected"
  | "backingOff"
  | "unavailable"
  | "stopped";

/** What every entry has. */
interface At {
  /** Milliseconds since the start of the run, monotonic, rounded to a microsecond. */
  readonly atMs: number;
}

/** A unit of the fleet was set up. Comes before everything else that names it. */
export interface DeviceEntry extends At {
  readonly type: "device";
  readonly actor: string;
  readonly model: string;
  readonly link: string;
  readonly clientId: string;
}

/** A publish began. It ends with exactly one `ok`, `fail` or `info` of the same `op`. */
export interface PublishInvoked extends At {
  readonly type: "invoke";
  readonly action: "publish";
  /** Numbers the operations of a run. */
  readonly op: number;
  readonly actor: string;
  readonly message: MessageId;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly bytes: number;
  /** CRC-32 of the payload. */
  readonly checksum: number;
  readonly epoch: number;
  readonly traceId: string;
  /** True for the last message of a stream, sent after healing, whose arrival ends the drain. */
  readonly sentinel?: boolean;
}

/** A subscribe began. */
export interface SubscribeInvoked extends At {
  readonly type: "invoke";
  readonly action: "subscribe";
  readonly op: number;
  readonly actor: string;
  readonly filter: string;
  readonly qos: QoS;
}

/** A device asked the compensation service for what it missed. */
export interface ResumeInvoked extends At {
  readonly type: "invoke";
  readonly action: "resume";
  readonly op: number;
  readonly actor: string;
  readonly lastMessageId: number;
}

/**
 * How an operation ended. `ok`: it took effect (publish: PUBACK or PUBREC came). `fail`: it did not.
 * `info`: nobody knows (QoS 0, or the connection went away for good before the acknowledgement).
 */
export interface OperationEnded extends At {
  readonly type: "ok" | "fail" | "info";
  readonly action: "publish" | "subscribe" | "resume";
  readonly op: number;
  readonly actor: string;
  /** Why it failed or is unknown; an error code where there is one. */
  readonly reason?: string;
  /** `resume` only: how many messages the service replays, and the id of the newest one in its log. */
  readonly replayed?: number;
  readonly headMessageId?: number;
}

/** PUBCOMP came: both sides have let go of the QoS 2 exchange. */
export interface PublishCompleted extends At {
  readonly type: "completed";
  readonly op: number;
  readonly actor: string;
}

/** SUBACK came and a probe message came through: from now on matching acknowledged messages are owed to this actor. */
export interface EligibleEntry extends At {
  readonly type: "eligible";
  readonly actor: string;
  readonly filter: string;
  /** The granted QoS. */
  readonly qos: QoS;
  /** True when the session outlives the connection (what is published meanwhile is owed too, at QoS ≥ 1). */
  readonly persistent: boolean;
}

/** A message came out at a subscriber. */
export interface DeliveryEntry extends At {
  readonly type: "delivery";
  readonly actor: string;
  readonly topic: string;
  /** Null when the payload carries no identity that can be read. */
  readonly message: MessageId | null;
  readonly qos: QoS;
  readonly dup: boolean;
  readonly retain: boolean;
  readonly bytes: number;
  readonly checksum: number;
  readonly epoch: number;
  readonly traceId?: string;
  readonly sentinel?: boolean;
}

/** An actor's connection changed its state. */
export interface StateEntry extends At {
  readonly type: "state";
  readonly actor: string;
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** What led there: `connackReceived`, `heartbeatTimedOut`, `connectionLost`, `handshakeFailed` … */
  readonly cause: string;
  /** Successful handshakes so far; the number of the connection when `to` is `connected`. */
  readonly epoch: number;
  /** `connected` only. */
  readonly sessionPresent?: boolean;
  /** `backingOff` only: which retry this is (from 0) and how long it waits. */
  readonly attempt?: number;
  readonly delayMs?: number;
  /** An error code where there is one. */
  readonly code?: string;
}

/** A fault is being put in or taken out. Its effect begins somewhere between `injecting` and `injected`, and ends
 * somewhere between `healing` and `healed`. */
export interface FaultEntry extends At {
  readonly type: "fault";
  /** Numbers the injections of a run: the four stages of one share it. */
  readonly id: number;
  readonly fault: string;
  readonly links: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What it does to the links, for checkers that must know. */
  readonly effect: FaultEffect;
  readonly stage: "injecting" | "injected" | "healing" | "healed";
  readonly error?: string;
}

/**
 * How a fault disturbs a link: `severs` (connections are closed, new ones refused), `cuts` (connections are closed, new
 * ones pass), `silences` (bytes vanish, connections look alive), `delays` (bytes arrive late, none is lost).
 */
export type FaultEffect = "severs" | "cuts" | "silences" | "delays";

/** The run entered a phase. */
export interface PhaseEntry extends At {
  readonly type: "phase";
  readonly phase: RunPhase;
}

export type RunPhase =
  | "warm-up"
  | "steady-state"
  | "storm"
  | "heal"
  | "recovery"
  | "drain"
  | "steady-state-after"
  | "stop";

/** The end of the drain: which (source, stream) pairs had not delivered their sentinel when the bound was hit. */
export interface DrainedEntry extends At {
  readonly type: "drained";
  readonly waitedMs: number;
  readonly boundMs: number;
  readonly missing: readonly {
    readonly source: string;
    readonly stream: string;
    readonly receiver: string;
  }[];
}

/** The compensation service took a message into its log for one device. Ids count from 1 per device. */
export interface LoggedEntry extends At {
  readonly type: "logged";
  /** The device it is for. */
  readonly device: string;
  readonly id: number;
  readonly checksum: number;
}

/** A device's application processed a compensated message. */
export interface ProcessedEntry extends At {
  readonly type: "processed";
  readonly actor: string;
  readonly id: number;
  readonly via: "live" | "replay";
  readonly checksum: number;
}

/** The service told a device that messages `fromId … toId` (both included) are gone from its log. */
export interface GapEntry extends At {
  readonly type: "gap";
  readonly actor: string;
  readonly fromId: number;
  readonly toId: number;
}

/** The uplink store of a device took a message in (`stored`), or dropped one by its policy (`dropped`). */
export interface UplinkEntry extends At {
  readonly type: "uplink";
  readonly actor: string;
  readonly event: "stored" | "dropped";
  readonly message: MessageId;
  readonly policy?: string;
}

/** The broker, as seen from outside the faulty links. */
export interface BrokerEntry extends At {
  readonly type: "broker";
  readonly event: "lost" | "back";
  readonly reason?: string;
}

/**
 * The harness's own process stood still, or its event loop was too slow for its fleet: of the `forMs` before this entry nothing in it may have run. Devices, broker and
 * timers were all late by that much, so no bound in time can be judged across it.
 */
export interface StalledEntry extends At {
  readonly type: "stalled";
  readonly forMs: number;
}

/** Something that the run wants said in the report, such as an interruption or a bound that was hit. */
export interface NoteEntry extends At {
  readonly type: "note";
  readonly note:
    | "interrupted"
    | "recovery-bound-hit"
    | "steady-state-failed"
    | "drain-bound-hit"
    | "method-failed";
  readonly detail: string;
}

export type HistoryEntry =
  | DeviceEntry
  | PublishInvoked
  | SubscribeInvoked
  | ResumeInvoked
  | OperationEnded
  | PublishCompleted
  | EligibleEntry
  | DeliveryEntry
  | StateEntry
  | FaultEntry
  | PhaseEntry
  | DrainedEntry
  | LoggedEntry
  | ProcessedEntry
  | GapEntry
  | UplinkEntry
  | BrokerEntry
  | StalledEntry
  | NoteEntry;

/** An entry before the recorder has stamped it. */
export type UnstampedEntry = HistoryEntry extends infer Entry
  ? Entry extends HistoryEntry
    ? Omit<Entry, "atMs">
    : never
  : never;

/** The version of the history's format; a reader refuses any other. */
export const historyVersion = 1;

/** The first line of a history: what was run, and the settings that the checkers need. */
export interface HistoryHeader {
  readonly stormfleet: "history";
  readonly version: typeof historyVersion;
  readonly run: string;
  readonly experiment: string;
  readonly seed: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly backend: string;
  readonly protocol: "3.1.1" | "5.0";
  readonly devices: number;
  readonly durationMs: number;
  /** The checkers that the experiment wants, by name. */
  readonly checkers: readonly string[];
  readonly settings: HistorySettings;
}

export interface HistorySettings {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** The longest delay that the backoff can give after any number of retries. */
  readonly backoffLongestMs: number;
  /** What a busy machine may add to a bound before it is called broken. */
  readonly slackMs: number;
  /** How many retries may follow each other before a device is `unavailable`; absent when unbounded. */
  readonly retryBudget?: number;
}

/** A message in words: `meter-7/readings#12`. */
export function describeMessage(message: MessageId): string {
  return `${message.source}/${message.stream}#${message.sequence}`;
}
