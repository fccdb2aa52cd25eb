/** What a device must remember to resume: which log its ids count in, how far it came, and who it is. */
export interface LedgerState {
  /** Null until the device has registered. */
  readonly logId: string | null;
  /** The id of the last message that was processed or reported as missing; 0 when there was none. */
  readonly lastMessageId: number;
  /** Null when the device has to register. */
  readonly sessionToken: string | null;
}

/**
 * Where a device keeps its ledger. `save` is called after the application processed a message: a cut of power between
 * the two lets that one message be processed again, unless the application saves the ledger together with its effects.
 */
export interface LedgerStore {
  load(): LedgerState;
  save(state: LedgerState): void;
}

/** The ledger of a device that is new. */
export const emptyLedger: LedgerState = { logId: null, lastMessageId: 0, sessionToken: null };

/** A ledger store that forgets with its process. */
export function createMemoryLedgerStore(initial: LedgerState = emptyLedger): LedgerStore {
  let saved = initial;
  return {
    load: () => saved,
    save: (state) => {
      saved = state;
    },
  };
}

/** How a message relates to the ledger: the one that is due, one it had, one after a hole, or one of another log. */
export type Fit = "next" | "had" | "ahead" | "foreign";

/** Places a message; pure. */
export function fitOf(
  ledger: LedgerState,
  message: { readonly logId: string; readonly messageId: number },
): Fit {
  if (message.logId !== ledger.logId) return "foreign";
  if (message.messageId <= ledger.lastMessageId) return "had";
  return message.messageId === ledger.lastMessageId + 1 ? "next" : "ahead";
}

/** The ledger after everything up to an id was processed or reported; an older id changes nothing. */
export function advanced(ledger: LedgerState, messageId: number): LedgerState {
  return messageId > ledger.lastMessageId ? { ...ledger, lastMessageId: messageId } : ledger;
}

/** The ledger after its token was refused. */
export function withoutToken(ledger: LedgerState): LedgerState {
  return { ...ledger, sessionToken: null };
}

/**
 * The ledger after a registration. It starts over when the service has another log now. When the service said that the
 * device claims the future (`doubted`), the log went back to an older state, and the ledger goes back with it.
 */
export function registeredWith(
  ledger: LedgerState,
  registration: { readonly logId: string; readonly sessionToken: string; readonly headMessageId: number },
  doubted: boolean,
): LedgerState {
  const { logId, sessionToken, headMessageId } = registration;
  if (logId !== ledger.logId) return { logId, sessionToken, lastMessageId: 0 };
  const lastMessageId = doubted ? Math.min(ledger.lastMessageId, headMessageId) : ledger.lastMessageId;
  return { logId, sessionToken, lastMessageId };
}
