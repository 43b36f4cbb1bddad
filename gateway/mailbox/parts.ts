/** What the mailbox stands on, and what it tells others. */
import type { MailboxResult, MailboxStore } from '../mailbox-ports.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { Clock, Log, Secrets } from '../ports.ts';

export interface MailboxParts {
  readonly store: MailboxStore;
  readonly policies: PolicySets;
  readonly secrets: Secrets;
  readonly clock: Pick<Clock, 'wall'>;
  readonly metrics: { mailbox(result: MailboxResult): void };
  readonly log: Log;
  /** Which part of a machine's users these are: what is bounded in memory is bounded in proportion; all when absent. */
  readonly portion?: number | undefined;
  /** Messages in all mailboxes together. */
  readonly mostMessages: number;
  /** Whether a bearer of that name is the short message service. */
  readonly sendsTextMessages: (bearer: string) => boolean;
  readonly events: MailboxEvents;
}

/** A SendMessage-Request, as its sender may repeat it. */
export interface Try {
  readonly sessionKey: string;
  readonly transactionId: string;
}

export interface MailboxEvents {
  /** Something waits for these users: resolved when every process knows. `by`: whose message it is, where it is a new one. */
  concern(userKeys: readonly string[], by?: Try): Promise<void>;
  /** Calls the clients of all of the user's sessions. */
  ring(userKey: string): void;
}
