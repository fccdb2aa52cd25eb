/** One message in the log of one device. */
export interface LoggedMessage {
  /** Counts from 1 per device, without holes. */
  readonly id: number;
  /** The body as JSON text. */
  readonly bodyJson: string;
  readonly traceId: string;
}

/**
 * What the service keeps for each device so that it can send it again.
 *
 * Synchronous, so that no live message can overtake the one before it. A log whose store is far away loads at its
 * start and writes behind.
 */
export interface MessageLog {
  /** Names this log (1 to 64 letters, digits, `_` or `-`). Ids mean something only together with it: a log that lost its
   * memory must come back under another name. */
  readonly id: string;
  /** Takes a message in and gives it the next id. May forget older ones by its retention. */
  append(device: string, message: { readonly bodyJson: string; readonly traceId: string }): LoggedMessage;
  /** The newest id ever given to the device; 0 when none was. Never goes back, also when the messages are forgotten. */
  head(device: string): number;
  /** The oldest id that can still be read; `head + 1` when there is none. Never goes back. */
  oldest(device: string): number;
  /** At most `limit` messages from `fromId` on, by rising id, leaving out those forgotten. */
  read(device: string, fromId: number, limit: number): readonly LoggedMessage[];
}
