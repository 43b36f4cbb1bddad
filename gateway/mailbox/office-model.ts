/** What operators ask of the mailbox and are answered, as plain data: the admin API on one side, `office.ts` on the other. */
import type { StoredMessage, StoredNotification } from '../mailbox-ports.ts';

/** One user: by id, at one VASP or at all, or by the keyed hash. */
export type OfficeUser =
  | { readonly by: 'id'; readonly user: string; readonly vasp: string | undefined }
  | { readonly by: 'key'; readonly key: string };

export type ReplaySelection =
  | { readonly which: 'id'; readonly id: string }
  | { readonly which: 'user'; readonly user: OfficeUser }
  | { readonly which: 'all' };

export type PurgeSelection =
  | { readonly which: 'id'; readonly id: string }
  | { readonly which: 'user'; readonly user: OfficeUser }
  /** Those given up; `olderThanMillis`: longer ago than that. */
  | { readonly which: 'dead'; readonly olderThanMillis: number | undefined };

export type RetrySelection =
  | { readonly which: 'user'; readonly user: OfficeUser; readonly policy: string | undefined }
  | { readonly which: 'all' };

/** `refused` holds a sentence that says what would be right. */
export type OfficeOutcome<Done> =
  | { readonly kind: 'done'; readonly done: Done }
  | { readonly kind: 'refused'; readonly code: 'unknown-vasp' | 'no-such-message'; readonly message: string };

export interface OfficeTotals {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly reports: number;
  readonly dead: number;
  /** Records that cannot be read, and were left out. */
  readonly unreadable: number;
  readonly notifications: Readonly<Record<StoredNotification['state'], number>>;
}

/** What is kept under one policy. */
export interface PolicyTotals {
  readonly policy: string;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly reports: number;
  readonly dead: number;
}

export interface Page<Entry> {
  readonly entries: readonly Entry[];
  /** Where to go on; undefined at the end. */
  readonly next: string | undefined;
}

export interface MailboxOffice {
  totals(): Promise<OfficeTotals>;
  /** Goes through all messages. */
  byPolicy(): Promise<readonly PolicyTotals[]>;
  /** What is kept for one user, at each VASP that is meant. */
  of(user: OfficeUser): Promise<OfficeOutcome<readonly StoredMessage[]>>;
  /** Messages that were given up, in the order of their ids. */
  dead(after: string | undefined, limit: number): Promise<Page<StoredMessage>>;
  /** Lets what was given up wait again, for as long as it was kept at first; resolves with how many that are. */
  replay(which: ReplaySelection, by: string): Promise<OfficeOutcome<number>>;
  /** Throws messages away; nobody is told. Resolves with how many that are. */
  purge(which: PurgeSelection, by: string): Promise<OfficeOutcome<number>>;
  /** @param after as {@link Page.next} was */
  notifications(
    state: StoredNotification['state'] | undefined,
    after: string | undefined,
    limit: number,
  ): Promise<Page<StoredNotification>>;
  /** Sends what failed once more; resolves with how many that are. */
  retry(which: RetrySelection, by: string): Promise<OfficeOutcome<number>>;
}
