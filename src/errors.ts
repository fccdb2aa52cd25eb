/** How an error is handled: WARN is noted, ERROR raises an alert, FATAL stops what it concerns. */
export type ErrorLevel = "WARN" | "ERROR" | "FATAL";

interface ErrorRow {
  readonly level: ErrorLevel;
  /** What happened, in one sentence without particulars. */
  readonly meaning: string;
  /** The way forward when the place that raised it knows no better one. */
  readonly hint: string;
  /** The exit code of the command line when this error ends the program (sysexits.h where it has a word for it). */
  readonly exitCode: number;
}

const usage = 64;
const badData = 65;
const unavailable = 69;
const internal = 70;
const cannotCreate = 73;
const unmetNeed = 78;

/**
 * Every error that a caller can meet, by its stable code. Codes are never reused; a new error gets a new code.
 *
 * CONF: what the user asked for · INFRA: broker, proxy, ports · CONN: connection layer · BIZ: messages and payloads ·
 * COMP: message compensation · HIST: stored histories · RUN: the run as a whole.
 */
export const errorTable = {
  CONF_1001: row("FATAL", usage, "A name is not known.", "Run `stormfleet list` to see all names."),
  CONF_1002: row(
    "FATAL",
    usage,
    "An option has a value that is not allowed.",
    "Run the command with --help.",
  ),
  CONF_1003: row("FATAL", usage, "A command or option does not exist.", "Run `stormfleet --help`."),
  CONF_1004: row("FATAL", usage, "A definition is not valid.", "Correct the definition at the place named."),
  INFRA_1001: row("FATAL", unavailable, "The broker could not be started.", "Run `stormfleet doctor`."),
  INFRA_1002: row(
    "FATAL",
    cannotCreate,
    "A port or address cannot be used.",
    "Pass another port, or 0 for any free one.",
  ),
  INFRA_1003: row("ERROR", unavailable, "The broker went away.", "Look at the broker's own log."),
  INFRA_1004: row("FATAL", unmetNeed, "The backend lacks a capability.", "Choose a backend that has it."),
  INFRA_1005: row(
    "ERROR",
    unavailable,
    "The fault proxy refused or did not answer.",
    "Run `stormfleet doctor`.",
  ),
  CONN_1001: row("WARN", unavailable, "The broker could not be reached.", "Check address, port and network."),
  CONN_1002: row(
    "WARN",
    unavailable,
    "The broker did not answer the handshake in time.",
    "Raise the handshake timeout, or look for a half-open link.",
  ),
  CONN_1003: row(
    "ERROR",
    unavailable,
    "The broker refused the connection.",
    "Check credentials, client id and protocol version.",
  ),
  CONN_1004: row(
    "WARN",
    unavailable,
    "No heartbeat was answered in time.",
    "Look for a dead link, or raise the heartbeat timeout.",
  ),
  CONN_1005: row(
    "WARN",
    unavailable,
    "The connection was lost.",
    "It is tried again within the retry budget.",
  ),
  CONN_1006: row(
    "ERROR",
    unavailable,
    "The retry budget is used up; the device is unavailable.",
    "Raise the retry budget, or connect again by hand.",
  ),
  CONN_1007: row(
    "ERROR",
    unavailable,
    "The broker refused a subscription.",
    "Check the topic filter and the access rules.",
  ),
  CONN_1008: row(
    "ERROR",
    unavailable,
    "The broker refused a publish.",
    "Check the topic name and the access rules.",
  ),
  CONN_1009: row(
    "ERROR",
    internal,
    "The operation needs a connection and there is none.",
    "Wait for the state `connected`.",
  ),
  BIZ_1001: row("WARN", badData, "A payload could not be read.", "Check the sender's format."),
  BIZ_1002: row(
    "WARN",
    unavailable,
    "The offline store is full; a message was dropped.",
    "Raise the store's bound or lower the rate.",
  ),
  COMP_1001: row("ERROR", unavailable, "The session token is wrong.", "Register again to get a new token."),
  COMP_1002: row(
    "WARN",
    badData,
    "A compensation request could not be read.",
    "See docs/compensation.md for the message's shape.",
  ),
  COMP_1003: row(
    "ERROR",
    unavailable,
    "Messages are missing that the log no longer holds.",
    "Raise the log's retention; the range is in the reply.",
  ),
  COMP_1004: row(
    "WARN",
    badData,
    "The device claims a message that the log never gave.",
    "Register again; the device's ledger does not belong to this log.",
  ),
  COMP_1005: row(
    "WARN",
    unavailable,
    "The compensation service did not answer in time.",
    "The device asks again.",
  ),
  HIST_1001: row(
    "FATAL",
    badData,
    "There is no history to read.",
    "Pass the folder that a run printed as evidence.",
  ),
  HIST_1002: row(
    "FATAL",
    badData,
    "The history was written by another version.",
    "Judge it with the version that wrote it.",
  ),
  HIST_1003: row(
    "FATAL",
    badData,
    "The history is damaged.",
    "Restore the file; only a torn last line can be tolerated.",
  ),
  HIST_1004: row(
    "FATAL",
    cannotCreate,
    "The history cannot be written.",
    "Check the folder's permissions and the space left.",
  ),
  RUN_1001: row(
    "FATAL",
    unavailable,
    "The fleet did not come up before any fault was injected.",
    "Run the experiment `calm` first, or raise the warm-up bound.",
  ),
  RUN_1002: row(
    "ERROR",
    internal,
    "Something could not be stopped cleanly.",
    "Look at the causes listed; nothing should be left running.",
  ),
  RUN_1003: row("FATAL", internal, "Stormfleet itself failed.", "Please report it with the lines below."),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

function row(level: ErrorLevel, exitCode: number, meaning: string, hint: string): ErrorRow {
  return { level, meaning, hint, exitCode };
}

/**
 * An error that a caller can meet. The message is a sentence; the hint is the way forward.
 *
 * @example
 * throw new StormfleetError("CONF_1001", 'There is no experiment "clam".', { hint: 'Did you mean "calm"?' });
 */
export class StormfleetError extends Error {
  readonly code: ErrorCode;
  readonly level: ErrorLevel;
  readonly hint: string;
  readonly exitCode: number;
  readonly traceId: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown; readonly traceId?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StormfleetError";
    this.code = code;
    this.level = errorTable[code].level;
    this.hint = options.hint ?? errorTable[code].hint;
    this.exitCode = errorTable[code].exitCode;
    this.traceId = options.traceId;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "")
    return thrown.errors.map(messageOf).join("; ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}
