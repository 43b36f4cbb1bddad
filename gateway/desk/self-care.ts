/**
 * What a user can look at and change about the gateway's own messages, outside a session: whether help messages are wanted,
 * and those that are kept. The page asks it; with several processes the desk behind it lives in the primary, so that
 * arguments and results are plain data.
 */

/** A kept help message as its user may read it. */
export interface InboxEntry {
  readonly id: string;
  /** By language tag, filled in; never empty. */
  readonly texts: ReadonlyMap<string, string>;
  /** Each option's texts. */
  readonly options: readonly ReadonlyMap<string, string>[];
  /** Wall-clock milliseconds. */
  readonly createdAt: number;
}

export interface SelfCareState {
  readonly help: 'on' | 'off';
  /** Oldest first. */
  readonly inbox: readonly InboxEntry[];
}

/** Rejects when the store, or the process that holds the desk, fails. */
export interface SelfCare {
  look(userKey: string, vasp: string): Promise<SelfCareState>;
  /** Durable when resolved. */
  setHelp(userKey: string, help: 'on' | 'off'): Promise<void>;
  /** Durable when resolved; a message that is not in this user's inbox is left alone. */
  removeFromInbox(userKey: string, id: string): Promise<void>;
}
