/**
 * The rows of the mailboxes in LMDB, and what keeps them in step: a message has a place under its id, a header among those
 * of its user that wait or are dead, a content, and while it waits a row in the order of expiry; what waits for a user and
 * all in all is counted beside. Whoever changes something does so in a write transaction, and first reads what may fail.
 */
import type { Database, RootDatabase } from 'lmdb';
import type { StoredMessage } from '../mailbox-ports.ts';
import {
  type HeaderKey,
  type Place,
  readCounts,
  readHeader,
  readPlace,
  readTotals,
  type TotalsRow,
  writeContent,
  writeCounts,
  writeHeader,
  writePlace,
  writeTotals,
} from './mailbox-records.ts';
import { RecordError } from './records.ts';
import { type Counted, counted, NO_COUNTS, NO_TOTALS, totalled, type UserCounts } from './rules.ts';

export type HeaderRowKey = [userKey: string, sequence: number, id: string];

export interface MailboxDatabases {
  readonly places: Database<Buffer, string>;
  /** Headers of what waits. */
  readonly waiting: Database<Buffer, HeaderRowKey>;
  /** Headers of dead ones: whoever asks what waits for a user does not go through them. */
  readonly dead: Database<Buffer, HeaderRowKey>;
  readonly contents: Database<Buffer, string>;
  readonly expiry: Database<Buffer, [expiresAt: number, id: string]>;
  readonly counts: Database<Buffer, string>;
  readonly totals: Database<Buffer, string>;
  readonly duplicates: Database<Buffer, string>;
  readonly duplicatesByTime: Database<Buffer, [until: number, key: string]>;
  readonly notifications: Database<Buffer, [userKey: string, policy: string]>;
  readonly notificationsByTime: Database<Buffer, [dueAt: number, userKey: string, policy: string]>;
  readonly wishes: Database<Buffer, string>;
}

export function openMailboxDatabases(environment: RootDatabase<Buffer, string>): MailboxDatabases {
  const named = (name: string) => ({ name: `mail-${name}`, encoding: 'binary' }) as const;
  return {
    places: environment.openDB(named('places')),
    waiting: environment.openDB<Buffer, HeaderRowKey>(named('waiting')),
    dead: environment.openDB<Buffer, HeaderRowKey>(named('dead')),
    contents: environment.openDB(named('contents')),
    expiry: environment.openDB<Buffer, [number, string]>(named('expiry')),
    counts: environment.openDB(named('counts')),
    totals: environment.openDB(named('totals')),
    duplicates: environment.openDB(named('duplicates')),
    duplicatesByTime: environment.openDB<Buffer, [number, string]>(named('duplicates-by-time')),
    notifications: environment.openDB<Buffer, [string, string]>(named('notifications')),
    notificationsByTime: environment.openDB<Buffer, [number, string, string]>(named('notifications-by-time')),
    wishes: environment.openDB(named('wishes')),
  };
}

/** All that a row of an index says is in its key. */
export const INDEX_ROW = Buffer.of(1);

const TOTALS = 'totals';
const NO_TOTALS_ROW: TotalsRow = { ...NO_TOTALS, lastSequence: 0 };

export class MailboxTables {
  readonly #in: MailboxDatabases;

  constructor(databases: MailboxDatabases) {
    this.#in = databases;
  }

  /** @throws RecordError */
  place(id: string): Place | undefined {
    const bytes = this.#in.places.getBinary(id);
    return bytes === undefined ? undefined : readPlace(bytes);
  }

  isThere(id: string): boolean {
    return this.#in.places.doesExist(id);
  }

  /** @throws RecordError */
  header(id: string, place: Place): StoredMessage {
    const bytes = this.#headers(place).getBinary(keyOf(id, place));
    if (bytes === undefined) throw new RecordError('a kept message has no header');
    return readHeader({ id, userKey: place.userKey, sequence: place.sequence }, bytes);
  }

  /** Keys and headers of one user in their order; each is the caller's until the next is asked for. */
  *headersOf(userKey: string, of: 'waiting' | 'dead'): Generator<{ readonly key: HeaderKey; readonly value: Buffer }> {
    const rows = this.#in[of].getRange({
      start: [userKey, 0, ''],
      end: [userKey, Number.MAX_SAFE_INTEGER, ''],
    });
    for (const { key, value } of rows) yield { key: { userKey: key[0], sequence: key[1], id: key[2] }, value };
  }

  insert(message: StoredMessage, content: Uint8Array | undefined): void {
    this.#count(message.userKey, message, 1);
    this.#putRows(message);
    if (content !== undefined) this.putContent(message.id, content);
  }

  /** The same message in another state, order or form. */
  replace(before: Place, after: StoredMessage): void {
    const { id } = after;
    const isMoved = before.sequence !== after.sequence || before.state !== after.state;
    if (isMoved) {
      this.#count(before.userKey, before, -1);
      this.#count(after.userKey, after, 1);
    }
    if (isMoved || before.expiresAt !== after.expiresAt) this.#removeRows(id, before);
    this.#putRows(after);
  }

  remove(id: string, place: Place): void {
    this.#count(place.userKey, place, -1);
    this.#removeRows(id, place);
    this.#in.places.removeSync(id);
    this.#in.contents.removeSync(id);
  }

  /** One whose place cannot be read. */
  removeDamaged(id: string): void {
    this.#in.places.removeSync(id);
    this.#in.contents.removeSync(id);
  }

  putContent(id: string, content: Uint8Array): void {
    this.#in.contents.putSync(id, writeContent(content));
  }

  /** Counts that cannot be read are counted again. */
  counts(userKey: string): UserCounts {
    const bytes = this.#in.counts.getBinary(userKey);
    if (bytes === undefined) return NO_COUNTS;
    try {
      return readCounts(bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return this.#recounted(userKey);
    }
  }

  /** Totals that cannot be read are counted again, which takes about a second for a million messages. */
  totals(): TotalsRow {
    const bytes = this.#in.totals.getBinary(TOTALS);
    if (bytes === undefined) return NO_TOTALS_ROW;
    try {
      return readTotals(bytes);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return this.#allRecounted();
    }
  }

  nextSequence(): number {
    const totals = this.totals();
    const lastSequence = totals.lastSequence + 1;
    this.#in.totals.putSync(TOTALS, writeTotals({ ...totals, lastSequence }));
    return lastSequence;
  }

  /** What is put in from now on stands behind a message that came with a sequence of its own. */
  reached(sequence: number): void {
    const totals = this.totals();
    if (sequence > totals.lastSequence)
      this.#in.totals.putSync(TOTALS, writeTotals({ ...totals, lastSequence: sequence }));
  }

  #putRows(message: StoredMessage): void {
    const { id } = message;
    this.#in.places.putSync(id, writePlace(message));
    this.#headers(message).putSync(keyOf(id, message), writeHeader(message));
    if (message.state === 'waiting') this.#in.expiry.putSync([message.expiresAt, id], INDEX_ROW);
  }

  #removeRows(id: string, place: Place): void {
    this.#headers(place).removeSync(keyOf(id, place));
    if (place.state === 'waiting') this.#in.expiry.removeSync([place.expiresAt, id]);
  }

  #headers({ state }: Pick<Place, 'state'>): Database<Buffer, HeaderRowKey> {
    return this.#in[state];
  }

  /** Before the rows change: counts that cannot be read are made from them. */
  #count(userKey: string, what: Counted, by: 1 | -1): void {
    const totals = this.totals();
    this.#in.totals.putSync(TOTALS, writeTotals({ ...totalled(totals, what, by), lastSequence: totals.lastSequence }));
    if (what.state === 'dead' || what.kind === 'report') return;
    const counts = counted(this.counts(userKey), what, by);
    if (counts.messages === 0) this.#in.counts.removeSync(userKey);
    else this.#in.counts.putSync(userKey, writeCounts(counts));
  }

  #recounted(userKey: string): UserCounts {
    let counts = NO_COUNTS;
    for (const { key } of this.headersOf(userKey, 'waiting')) {
      const place = this.#readable(key.id);
      if (place !== undefined) counts = counted(counts, place, 1);
    }
    return counts;
  }

  #allRecounted(): TotalsRow {
    let totals: TotalsRow = NO_TOTALS_ROW;
    for (const { value } of this.#in.places.getRange({})) {
      const place = soundPlace(value);
      if (place === undefined) continue;
      const lastSequence = Math.max(totals.lastSequence, place.sequence);
      totals = { ...totalled(totals, place, 1), lastSequence };
    }
    return totals;
  }

  #readable(id: string): Place | undefined {
    const bytes = this.#in.places.getBinary(id);
    return bytes === undefined ? undefined : soundPlace(bytes);
  }
}

function soundPlace(bytes: Buffer): Place | undefined {
  try {
    return readPlace(bytes);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

function keyOf(id: string, { userKey, sequence }: Pick<Place, 'userKey' | 'sequence'>): HeaderRowKey {
  return [userKey, sequence, id];
}
