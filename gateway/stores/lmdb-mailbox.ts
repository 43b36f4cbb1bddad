/**
 * Mailboxes in LMDB. Every change is one write transaction, in which everything that it depends on is read again, and is on
 * disk when its promise resolves; changes that are wanted at the same moment share a commit. A record that cannot be read
 * fails what asks for it by name, and is left out, and counted, where messages are gone through.
 */
import type {
  DeadReason,
  Deposit,
  DepositOutcome,
  MailboxStore,
  MailboxTotals,
  NotificationStore,
  StoredMessage,
  WishStore,
} from '../mailbox-ports.ts';
import { REMOVED_AT_ONCE } from '../slices.ts';
import { durably } from './lmdb-commit.ts';
import { INDEX_ROW, type MailboxDatabases, MailboxTables } from './lmdb-mailbox-tables.ts';
import { LmdbNotifications, LmdbWishes } from './lmdb-notifications.ts';
import {
  type DuplicateRow,
  type HeaderKey,
  type Place,
  readContent,
  readDuplicate,
  readHeader,
  writeDuplicate,
  writeHeader,
  writeNotification,
  writePlace,
} from './mailbox-records.ts';
import { RecordError } from './records.ts';
import { deposited, fullOf, type UserCounts, wished } from './rules.ts';

/** LMDB takes keys of up to 1,978 bytes, of which a key may have three and a number. */
const MAX_KEY_BYTES = 500;

export class LmdbMailbox implements MailboxStore {
  readonly notifications: NotificationStore;
  readonly wishes: WishStore;
  readonly #notifications: LmdbNotifications;
  readonly #wishes: LmdbWishes;
  readonly #in: MailboxDatabases;
  readonly #tables: MailboxTables;
  /** Ids of messages that were come upon and could not be read. */
  readonly #unreadable = new Set<string>();

  constructor(databases: MailboxDatabases) {
    this.#in = databases;
    this.#tables = new MailboxTables(databases);
    this.#notifications = new LmdbNotifications(databases);
    this.#wishes = new LmdbWishes(databases);
    this.notifications = this.#notifications;
    this.wishes = this.#wishes;
  }

  async put(deposit: Deposit, most: number): Promise<DepositOutcome> {
    checkWritable(deposit);
    return this.#changed(() => this.#put(deposit, most));
  }

  async get(id: string): Promise<StoredMessage | undefined> {
    this.#renew();
    const place = this.#tables.place(id);
    return place === undefined ? undefined : this.#tables.header(id, place);
  }

  async content(id: string): Promise<Uint8Array | undefined> {
    this.#renew();
    const bytes = this.#in.contents.getBinary(id);
    return bytes === undefined ? undefined : readContent(bytes);
  }

  async waiting(userKey: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#of(userKey, 'waiting', limit);
  }

  async dead(userKey: string): Promise<readonly StoredMessage[]> {
    return this.#of(userKey, 'dead', Number.POSITIVE_INFINITY);
  }

  async counts(userKey: string): Promise<UserCounts> {
    this.#renew();
    return this.#tables.counts(userKey);
  }

  async handed(id: string, at: number): Promise<void> {
    await this.#changed(() => {
      const place = this.#tables.place(id);
      if (place?.state !== 'waiting') return;
      const message = this.#tables.header(id, place);
      this.#tables.replace(place, { ...message, tries: message.tries + 1, handedAt: at });
    });
  }

  async end(ids: readonly string[], reports: readonly Deposit[]): Promise<readonly string[]> {
    for (const report of reports) checkWritable(report);
    const ended = await this.#changed(() => {
      const there = [...new Set(ids)].filter((id) => this.#tables.isThere(id));
      for (const id of there) this.#remove(id);
      if (there.length > 0 || ids.length === 0) for (const report of reports) this.#put(report, 0);
      return there;
    });
    for (const id of ended) this.#unreadable.delete(id);
    return ended;
  }

  async bury(id: string, reason: DeadReason, at: number): Promise<void> {
    await this.#changed(() => {
      const place = this.#tables.place(id);
      if (place?.state !== 'waiting') return;
      this.#tables.replace(place, { ...this.#tables.header(id, place), state: 'dead', reason, diedAt: at });
    });
  }

  async replay(id: string, expiresAt: number): Promise<boolean> {
    return this.#changed(() => {
      const place = this.#tables.place(id);
      if (place?.state !== 'dead') return false;
      const { diedAt: _, ...kept } = this.#tables.header(id, place);
      const sequence = this.#tables.nextSequence();
      this.#tables.replace(place, {
        ...kept,
        expiresAt,
        sequence,
        state: 'waiting',
        reason: undefined,
        tries: 0,
        handedAt: undefined,
      });
      return true;
    });
  }

  async expired(now: number, limit: number): Promise<readonly StoredMessage[]> {
    this.#renew();
    const found: StoredMessage[] = [];
    if (limit <= 0) return found;
    for (const [expiresAt, id] of this.#in.expiry.getKeys({})) {
      if (expiresAt > now) break;
      const message = this.#found(id);
      if (message !== undefined) found.push(message);
      if (found.length >= limit) break;
    }
    return found;
  }

  async slice(after: string | undefined, limit: number): Promise<readonly StoredMessage[]> {
    this.#renew();
    const found: StoredMessage[] = [];
    const from = after === undefined ? {} : { start: after, exclusiveStart: true };
    for (const id of this.#in.places.getKeys(from)) {
      const message = this.#found(id);
      if (message !== undefined) found.push(message);
      if (found.length >= limit) break;
    }
    return found;
  }

  async unreadable(): Promise<number> {
    return this.#unreadable.size + this.#notifications.unreadable;
  }

  async totals(): Promise<MailboxTotals> {
    this.#renew();
    const { lastSequence: _, ...totals } = this.#tables.totals();
    return totals;
  }

  async reseal(id: string, envelope: Uint8Array, content: Uint8Array | undefined): Promise<void> {
    await this.#changed(() => {
      const place = this.#tables.place(id);
      if (place === undefined) return;
      this.#tables.replace(place, { ...this.#tables.header(id, place), envelope });
      if (content !== undefined) this.#tables.putContent(id, content);
    });
  }

  async known(key: string, now: number): Promise<{ readonly id: string; readonly sentId: string } | undefined> {
    this.#renew();
    const known = this.#duplicate(key);
    return known === undefined || known.until <= now ? undefined : { id: known.id, sentId: known.sentId };
  }

  async rememberedUntil(): Promise<number> {
    this.#renew();
    for (const [until] of this.#in.duplicatesByTime.getKeys({ reverse: true, limit: 1 })) return until;
    return 0;
  }

  async sweep(now: number): Promise<void> {
    const { duplicates, duplicatesByTime } = this.#in;
    for (;;) {
      this.#renew();
      const over: [number, string][] = [];
      for (const row of duplicatesByTime.getKeys({ limit: REMOVED_AT_ONCE })) if (row[0] <= now) over.push(row);
      if (over.length === 0) return;
      await this.#changed(() => {
        for (const [until, key] of over) {
          duplicatesByTime.removeSync([until, key]);
          // Another process may have remembered it anew since.
          const known = this.#duplicate(key);
          if (known === undefined || known.until <= now) duplicates.removeSync(key);
        }
      });
      if (over.length < REMOVED_AT_ONCE) return;
    }
  }

  async forget(userKey: string): Promise<number> {
    const forgotten = await this.#changed(() => {
      const ids = (['waiting', 'dead'] as const).flatMap((of) =>
        [...this.#tables.headersOf(userKey, of)].map(({ key }) => key.id),
      );
      const removed = ids.map((id) => this.#remove(id));
      this.#notifications.forget(userKey);
      this.#wishes.forget(userKey);
      return { ids, messages: removed.filter((place) => place?.kind === 'message').length };
    });
    for (const id of forgotten.ids) this.#unreadable.delete(id);
    return forgotten.messages;
  }

  /** In a write transaction. Everything that may fail comes before the first write. */
  #put(deposit: Deposit, most: number): DepositOutcome {
    const { message, duplicate, content, notification } = deposit;
    const { id, userKey } = message;
    const known = duplicate === undefined ? undefined : this.#duplicate(duplicate.key);
    if (known !== undefined && known.until > message.storedAt)
      return { kind: 'known', id: known.id, sentId: known.sentId };
    if (this.#tables.isThere(id)) return { kind: 'stored' };
    const full = fullOf(deposit, this.#tables.counts(userKey), this.#tables.totals(), most);
    if (full !== undefined) return { kind: 'full', of: full };
    this.#tables.insert(deposited(deposit, this.#tables.nextSequence()), content);
    if (duplicate !== undefined) this.#remember(duplicate.key, { ...duplicate, id }, known);
    if (notification !== undefined) this.#notifications.wish(notification);
    return { kind: 'stored' };
  }

  #duplicate(key: string): DuplicateRow | undefined {
    const bytes = this.#in.duplicates.getBinary(key);
    try {
      return bytes === undefined ? undefined : readDuplicate(bytes);
    } catch (error) {
      // A message that comes twice is better than one that is refused for ever.
      if (error instanceof RecordError) return undefined;
      throw error;
    }
  }

  #remember(key: string, row: DuplicateRow, before: DuplicateRow | undefined): void {
    const { duplicates, duplicatesByTime } = this.#in;
    if (before !== undefined) duplicatesByTime.removeSync([before.until, key]);
    duplicates.putSync(key, writeDuplicate(row));
    duplicatesByTime.putSync([row.until, key], INDEX_ROW);
  }

  /** In a write transaction. Undefined when it was not there, or where nobody can say what it was. */
  #remove(id: string): Place | undefined {
    try {
      const place = this.#tables.place(id);
      if (place !== undefined) this.#tables.remove(id, place);
      return place;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#tables.removeDamaged(id);
      return undefined;
    }
  }

  #of(userKey: string, state: StoredMessage['state'], limit: number): readonly StoredMessage[] {
    this.#renew();
    const found: StoredMessage[] = [];
    if (limit <= 0) return found;
    for (const { key, value } of this.#tables.headersOf(userKey, state)) {
      const message = this.#readable(key, value);
      if (message !== undefined) found.push(message);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** What stands under an id, when it can be read. */
  #found(id: string): StoredMessage | undefined {
    try {
      const place = this.#tables.place(id);
      return place === undefined ? undefined : this.#tables.header(id, place);
    } catch (error) {
      return this.#leftOut(id, error);
    }
  }

  #readable(key: HeaderKey, bytes: Buffer): StoredMessage | undefined {
    try {
      // Without its place nobody could end it: it would come again and again.
      const place = this.#tables.place(key.id);
      if (place?.sequence !== key.sequence) throw new RecordError('a kept message has lost its place');
      return readHeader(key, bytes);
    } catch (error) {
      return this.#leftOut(key.id, error);
    }
  }

  #leftOut(id: string, error: unknown): undefined {
    if (!(error instanceof RecordError)) throw error;
    this.#unreadable.add(id);
    return undefined;
  }

  #changed<T>(work: () => T): Promise<T> {
    return durably(this.#in.places, work);
  }

  /** A snapshot lives for a moment, in which another process may have written. */
  #renew(): void {
    this.#in.places.resetReadTxn();
  }
}

/** What cannot be written is refused before anything is. */
function checkWritable(deposit: Deposit): void {
  const { message, duplicate, notification } = deposit;
  const keys = [
    message.id,
    message.userKey,
    duplicate?.key ?? '',
    notification?.userKey ?? '',
    notification?.policy ?? '',
  ];
  if (keys.some((key) => Buffer.byteLength(key) > MAX_KEY_BYTES))
    throw new RangeError('a key of a kept message has more than 500 bytes');
  const header = deposited(deposit, 0);
  writePlace(header);
  writeHeader(header);
  if (duplicate !== undefined) writeDuplicate({ ...duplicate, id: message.id });
  if (notification !== undefined) writeNotification(wished(undefined, notification));
}
