/** What the chain needs to speak with users in their sessions. */
import type { Log, Metrics, Secrets, SetAside } from '../../ports.ts';
import type { SystemMessages } from '../../system-message-ports.ts';
import type { Sessions } from '../sessions.ts';
import type { AddresseeParts } from './addressee.ts';

export interface SystemMessageParts extends AddresseeParts {
  readonly desk: SystemMessages;
  readonly sessions: Sessions;
  readonly secrets: Secrets;
  /** What VASPs say while the gateway asks them something in a user's session. */
  readonly setAside: SetAside;
  /** The user id under which the gateway writes to users; undefined: one of the user's own domain. */
  readonly serviceContact: string | undefined;
  /** The code of a Status that says that a message has to be answered first [X44]. */
  readonly askingCode: number;
  /** A number below 36^6 from which this process counts its TransactionIDs. */
  readonly firstTransactionNumber: number;
  readonly metrics: Metrics;
  readonly log: Log;
}
