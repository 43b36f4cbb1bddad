/**
 * Puts messages into mailboxes: all that belongs to one deposit in one script, in the share of the one who gets it. A deposit
 * that comes again, because nobody saw how it ended, changes nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StoreWriteError } from '../../errors.ts';
import type { Deposit, DepositOutcome } from '../../mailbox-ports.ts';
import { shareOf } from '../../shares.ts';
import { type DuplicateRow, readDuplicate, writeContent, writeDuplicate } from '../mailbox-records.ts';
import { RecordError } from '../records.ts';
import { deposited } from '../rules.ts';
import type { RedisArgument, RedisReply } from './connection.ts';
import { WaitingElsewhere } from './mailbox-most.ts';
import { type MailboxRows, rowOf } from './mailbox-rows.ts';
import { PUT } from './mailbox-scripts.ts';
import type { PreparedNotification, RedisNotifications } from './notifications.ts';
import { bytesOf, listOf, textOf } from './replies.ts';
import { indexLifeMillis, lifeMillis, MARGIN_MILLIS } from './share-lives.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { checkNames, inTheirShares } from './share-walk.ts';

/** Somebody else may change the same notification at the same moment, but not so often. */
const TURNS = 10;
const NOTHING = '';

export class MailboxDeposits {
  readonly #parts: RedisShareParts;
  readonly #rows: MailboxRows;
  readonly #notifications: RedisNotifications;
  readonly #elsewhere: WaitingElsewhere;
  /** Ids that are to be looked for in all shares. */
  readonly #asked: string[] = [];
  #look: Promise<readonly (readonly [share: number, ids: ReadonlySet<string>])[]> | undefined;

  constructor(parts: RedisShareParts, rows: MailboxRows, notifications: RedisNotifications) {
    this.#parts = parts;
    this.#rows = rows;
    this.#notifications = notifications;
    this.#elsewhere = new WaitingElsewhere(parts.connection, (share) => rows.index(share, 'totals'));
  }

  async put(deposit: Deposit, most: number): Promise<DepositOutcome> {
    checkWritable(deposit);
    return this.#put(deposit, most, this.#parts);
  }

  /**
   * A report is for the sender, who may be in another share: there it is put by whoever has it. Nobody has to hold that share
   * for this: it only adds, once, whatever its holder does.
   */
  async putReport(report: Deposit): Promise<void> {
    const isOurs = this.#parts.shares.includes(shareOf(report.message.userKey));
    await this.#put(report, 0, isOurs ? this.#parts : { ...this.#parts, token: '' });
  }

  async #put(deposit: Deposit, most: number, by: RedisShareParts): Promise<DepositOutcome> {
    const { kind, userKey, id } = deposit.message;
    const share = shareOf(userKey);
    const elsewhere = kind === 'report' ? 0 : await this.#elsewhere.besides(share, most);
    const isElsewhere = this.#rows.isWhole && (await this.#isElsewhere(share, id));
    let looksForTry = deposit.duplicate !== undefined;
    for (let turn = 0; turn < TURNS; turn += 1) {
      const { notification } = deposit;
      const prepared = notification === undefined ? undefined : await this.#notifications.prepare(notification);
      const [outcome, word] = listOf(
        await runInShare(by, PUT, share, this.#keys(deposit, share), [
          ...messageArguments(deposit),
          ...[deposit.quota?.messages ?? NOTHING, deposit.quota?.bytes ?? NOTHING, elsewhere, most],
          isElsewhere ? 1 : 0,
          ...tryArguments(deposit, looksForTry),
          ...notificationArguments(prepared),
          share,
        ]),
      );
      const said = textOf(outcome);
      if (said === 'stored') return this.#stored(deposit, share, prepared);
      if (said === 'full') return { kind: 'full', of: textOf(word) === 'recipient' ? 'recipient' : 'mailbox' };
      const known = said === 'known' ? knownTry(word) : undefined;
      if (known !== undefined) return { kind: 'known', id: known.id, sentId: known.sentId };
      // A message that comes twice is better than one that is refused for ever.
      if (said === 'known') looksForTry = false;
    }
    throw new StoreWriteError('EAGAIN');
  }

  async #stored(
    { message }: Deposit,
    share: number,
    notification: PreparedNotification | undefined,
  ): Promise<DepositOutcome> {
    if (message.kind === 'message') await this.#elsewhere.stored(share);
    if (notification !== undefined) this.#notifications.written(notification);
    return { kind: 'stored' };
  }

  #keys({ message, duplicate, notification }: Deposit, share: number): readonly string[] {
    const rows = this.#rows;
    const tries = rows.index(share, 'tries');
    const [notes, due] = [this.#notifications.index(share, 'names'), this.#notifications.index(share, 'due')];
    return [
      ...rows.indexes(share),
      rows.mail(share, message.id),
      ...[tries, duplicate === undefined ? tries : this.tried(share, duplicate.key)],
      ...[notes, due, notification === undefined ? notes : this.#notifications.key(notification)],
    ];
  }

  /** What is remembered of a sender's try. */
  tried(share: number, key: string): string {
    return this.#parts.keys.inShare(share, 'mail-try', key);
  }

  /** Looking into all shares is much, so that those who want it at the same moment look together. */
  async #isElsewhere(share: number, id: string): Promise<boolean> {
    this.#asked.push(id);
    this.#look ??= this.#lookForAll();
    const there = await this.#look;
    return there.some(([other, ids]) => other !== share && ids.has(id));
  }

  async #lookForAll(): Promise<readonly (readonly [share: number, ids: ReadonlySet<string>])[]> {
    await nextTurn();
    const ids = this.#asked.splice(0);
    this.#look = undefined;
    const there = await inTheirShares(this.#parts, ids, (share, id) => this.#rows.mail(share, id));
    return there.map(([share, some]) => [share, new Set(some)]);
  }
}

/** What cannot be written is refused before anything is. */
export function checkWritable(deposit: Deposit): void {
  const { message, duplicate, notification } = deposit;
  checkNames([
    ...[message.id, message.userKey, duplicate?.key ?? '', notification?.userKey ?? '', notification?.policy ?? ''],
  ]);
  if (notification !== undefined && notification.userKey !== message.userKey)
    throw new RangeError('the notification of a deposit is for another user than its message');
  messageArguments(deposit);
  tryArguments(deposit, true);
}

/** What is remembered under a try's key; undefined also where it cannot be read. */
export function knownTry(reply: RedisReply | undefined): DuplicateRow | undefined {
  const bytes = bytesOf(reply);
  try {
    return bytes === undefined ? undefined : readDuplicate(bytes);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/** ARGV 1 to 10. */
function messageArguments(deposit: Deposit): readonly RedisArgument[] {
  const { id, userKey, kind, bytes, storedAt, expiresAt } = deposit.message;
  const life = lifeMillis(expiresAt, MARGIN_MILLIS.mail);
  return [
    ...[id, userKey, kind === 'report' ? 'r' : 'm', bytes],
    rowOf(deposited(deposit, 0)),
    deposit.content === undefined ? NOTHING : writeContent(deposit.content),
    ...[storedAt, expiresAt, life, indexLifeMillis(life)],
  ];
}

/** ARGV 16 to 20. */
function tryArguments({ message, duplicate }: Deposit, looksForTry: boolean): readonly RedisArgument[] {
  if (duplicate === undefined) return [NOTHING, NOTHING, NOTHING, NOTHING, 0];
  const { key, until } = duplicate;
  const record = writeDuplicate({ ...duplicate, id: message.id });
  return [key, until, record, lifeMillis(until, 0), looksForTry ? 1 : 0];
}

/** ARGV 21 to 25. */
function notificationArguments(prepared: PreparedNotification | undefined): readonly RedisArgument[] {
  if (prepared === undefined) return [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING];
  const { name, before, after, dueAt, life } = prepared;
  return [name, before ?? NOTHING, after, dueAt, life];
}
