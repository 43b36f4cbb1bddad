/** What the chain needs to keep messages for users who are away, and to hand them over. */
import type { Element } from '../../csp/element.ts';
import type { Mailbox } from '../../mailbox-ports.ts';
import type { PolicySets } from '../../policy/live-sets.ts';
import type { AcceptanceStore, Clock, Log, Metrics, Secrets, SetAside } from '../../ports.ts';
import type { Sessions } from '../sessions.ts';
import type { OwnAnswer } from '../system-messages/own-transaction.ts';

export interface MailboxParts {
  readonly mailbox: Mailbox;
  readonly sessions: Sessions;
  readonly acceptances: Pick<AcceptanceStore, 'of'>;
  readonly policies: PolicySets;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly setAside: SetAside;
  /** A number below 36^6 from which this process counts its TransactionIDs. */
  readonly firstTransactionNumber: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

/**
 * What becomes of the VASP's answer to one transaction of the client's: what the client is told in its place. The answer is
 * undefined when the VASP gave none; undefined is given back to leave the reply as it is.
 */
export interface Rewriting {
  readonly transactionId: string;
  rewrite(answer: Element | undefined): Promise<Element | undefined>;
}

/** Asks the VASP one thing in the session; never rejects. A SendMessage-Request to a user who is away is kept. */
export type AskInSession = (primitive: Element) => Promise<OwnAnswer>;
