/**
 * How a message leaves its mailbox: by acknowledgement, by the recipient's choice, because the sender may not write, because
 * its time is over. Whoever wanted a delivery report gets one, put into that user's mailbox in the same step of the store.
 */
import {
  type Deposit,
  type MailboxResult,
  type MessageEnvelope,
  SEALED_AS,
  type StoredMessage,
} from '../mailbox-ports.ts';
import { envelopeText } from '../stored-message/sealed.ts';
import { newId } from '../system-message/ids.ts';
import type { Kept } from './kept.ts';
import type { MailboxParts } from './parts.ts';

export type Ending = 'delivered' | 'rejected' | 'forwarded' | 'blocked' | 'expired';

/** What a sender is told [P4.4]. To somebody who is blocked it looks as if the recipient had rejected the message. */
const TOLD: Readonly<Record<Ending, { readonly code: number; readonly description: string }>> = {
  delivered: { code: 200, description: 'The message was delivered.' },
  rejected: { code: 538, description: 'The message was rejected.' },
  forwarded: { code: 541, description: 'The message was forwarded.' },
  blocked: { code: 538, description: 'The message was rejected.' },
  expired: { code: 542, description: 'The message has expired.' },
};

/** How long a report waits for its user. */
const REPORT_MILLIS = 7 * 86_400_000;

export interface Settled {
  readonly message: StoredMessage;
  /** Undefined where the seal cannot be opened: nobody can be told. */
  readonly envelope: MessageEnvelope | undefined;
}

export class Settling {
  readonly #parts: MailboxParts;
  readonly #kept: Kept;

  constructor(parts: MailboxParts, kept: Kept) {
    this.#parts = parts;
    this.#kept = kept;
  }

  /** Durable when resolved. @returns who has a report waiting now */
  async settle(settled: readonly Settled[], ending: Ending): Promise<readonly string[]> {
    const { store, metrics, clock } = this.#parts;
    const now = clock.wall();
    const reports = settled.flatMap((one) => this.#report(one, ending, now) ?? []);
    const gone = await store.end(
      settled.map(({ message }) => message.id),
      reports,
    );
    const wereThere = new Set(gone);
    for (const { message } of settled) {
      if (wereThere.has(message.id)) metrics.mailbox(message.kind === 'report' ? reportResult(ending) : ending);
      this.#kept.forget(message.id);
    }
    return reports.map(({ message }) => message.userKey);
  }

  #report({ message, envelope }: Settled, ending: Ending, now: number): Deposit | undefined {
    if (envelope === undefined || message.kind === 'report' || !envelope.wantsReport) return undefined;
    const { secrets } = this.#parts;
    const report: MessageEnvelope = {
      sentId: envelope.sentId,
      info: envelope.info,
      wantsReport: false,
      outcome: { ...TOLD[ending], at: now },
    };
    const id = newId((count) => secrets.randomBytes(count));
    return {
      message: {
        id,
        kind: 'report',
        userKey: message.senderKey,
        senderKey: message.userKey,
        vasp: message.vasp,
        policy: message.policy,
        storedAt: now,
        expiresAt: now + REPORT_MILLIS,
        bytes: 0,
        envelope: secrets.seal(SEALED_AS.envelope, envelopeText(report)),
      },
      content: undefined,
      // A message comes to one end: what is told of it twice is one report.
      duplicate: { key: secrets.keyedHash('report', message.id), sentId: envelope.sentId, until: now + REPORT_MILLIS },
      quota: undefined,
      notification: undefined,
    };
  }
}

function reportResult(ending: Ending): MailboxResult {
  return ending === 'expired' ? 'expired' : 'reported';
}
