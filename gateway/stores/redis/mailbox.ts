/**
 * Mailboxes in Redis. Everything of one user lies in the user's share, and every change there is one script, which looks again
 * at what it depends on and does the same whether it runs once or twice. An id alone does not tell the share: whoever holds one
 * share looks there, the whole store looks in all.
 */
import { StoreWriteError } from '../../errors.ts';
import type {
  DeadReason,
  Deposit,
  DepositOutcome,
  MailboxStore,
  MailboxTotals,
  StoredMessage,
} from '../../mailbox-ports.ts';
import { shareOf } from '../../shares.ts';
import { REMOVED_AT_ONCE } from '../../slices.ts';
import { readContent, writeContent } from '../mailbox-records.ts';
import { NO_TOTALS, type UserCounts } from '../rules.ts';
import type { RedisArgument, RedisReply } from './connection.ts';
import { checkWritable, knownTry, MailboxDeposits } from './mailbox-deposits.ts';
import { type FoundMail, MailboxRows, rowOf, wholeRowOf } from './mailbox-rows.ts';
import { CHANGE, END, FORGET_TRIES, MOVE, THERE } from './mailbox-scripts.ts';
import { RedisNotifications } from './notifications.ts';
import { bytesOf, listOf, numberOf, textsOf } from './replies.ts';
import { indexLifeMillis, lifeMillis, MARGIN_MILLIS } from './share-lives.ts';
import { type RedisShareParts, runInShare } from './share-parts.ts';
import { inTheirShares } from './share-walk.ts';
import { RedisWishes } from './wishes.ts';

/** Somebody else may change the same message at the same moment, but not so often. */
const TURNS = 10;
/** Messages that one script ends: others wait some milliseconds for it. */
const FORGOTTEN_AT_ONCE = 250;
/** More than any mailbox has room for. */
const FORGOTTEN_ROUNDS = 10_000;

export class RedisMailbox implements MailboxStore {
  readonly notifications: RedisNotifications;
  readonly wishes: RedisWishes;
  readonly #parts: RedisShareParts;
  readonly #rows: MailboxRows;
  readonly #deposits: MailboxDeposits;

  constructor(parts: RedisShareParts) {
    this.#parts = parts;
    this.#rows = new MailboxRows(parts);
    this.notifications = new RedisNotifications(parts);
    this.wishes = new RedisWishes(parts);
    this.#deposits = new MailboxDeposits(parts, this.#rows, this.notifications);
  }

  async put(deposit: Deposit, most: number): Promise<DepositOutcome> {
    return this.#deposits.put(deposit, most);
  }

  async get(id: string): Promise<StoredMessage | undefined> {
    return (await this.#rows.find(id))?.message;
  }

  async content(id: string): Promise<Uint8Array | undefined> {
    const there = await this.#rows.field(id, 'c');
    return there === undefined ? undefined : readContent(there.bytes);
  }

  async waiting(userKey: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#rows.ofUser(userKey, 'waiting', limit);
  }

  async dead(userKey: string): Promise<readonly StoredMessage[]> {
    return this.#rows.ofUser(userKey, 'dead', Number.POSITIVE_INFINITY);
  }

  async counts(userKey: string): Promise<UserCounts> {
    const counts = this.#rows.index(shareOf(userKey), 'counts');
    const bytes = bytesOf(await this.#parts.connection.requests.command('HGET', counts, userKey));
    const [messages = 0, size = 0] = (bytes?.toString() ?? '0 0').split(' ').map(Number);
    return { messages, bytes: size };
  }

  /** Twice at the same moment is once: nobody hands it over so fast. */
  async handed(id: string, at: number): Promise<void> {
    await this.#changed(id, async (found) => {
      const { message } = found;
      if (message.state !== 'waiting' || message.handedAt === at) return true;
      return this.#change(found, { ...message, tries: message.tries + 1, handedAt: at }, undefined);
    });
  }

  /** A report may be for a user of another share: it is put before its message leaves, so that at worst it is put again. */
  async end(ids: readonly string[], reports: readonly Deposit[]): Promise<readonly string[]> {
    for (const report of reports) checkWritable(report);
    const asked = [...new Set(ids)];
    const mail = (share: number, id: string): string => this.#rows.mail(share, id);
    const byShare = await inTheirShares(this.#parts, asked, mail);
    if (reports.length > 0 && (asked.length === 0 || (await this.#isAnyThere(byShare))))
      await Promise.all(reports.map((report) => this.#deposits.putReport(report)));
    const ended = new Set<string>();
    for (const [share, some] of byShare) for (const { id } of await this.#end(share, some)) ended.add(id);
    return asked.filter((id) => ended.has(id));
  }

  async bury(id: string, reason: DeadReason, at: number): Promise<void> {
    await this.#changed(id, async (found) => {
      if (found.message.state !== 'waiting') return true;
      const dead: StoredMessage = { ...found.message, state: 'dead', reason, diedAt: at };
      return this.#move(found, dead, lifeMillis(at, MARGIN_MILLIS.deadMail));
    });
  }

  async replay(id: string, expiresAt: number): Promise<boolean> {
    return this.#changed(id, async (found) => {
      if (found.message.state !== 'dead') return undefined;
      const { diedAt: _, ...kept } = found.message;
      const again: StoredMessage = {
        ...kept,
        expiresAt,
        state: 'waiting',
        reason: undefined,
        tries: 0,
        handedAt: undefined,
      };
      return this.#move(found, again, lifeMillis(expiresAt, MARGIN_MILLIS.mail));
    });
  }

  async expired(now: number, limit: number): Promise<readonly StoredMessage[]> {
    return this.#rows.expired(now, limit);
  }

  async slice(after: string | undefined, limit: number): Promise<readonly StoredMessage[]> {
    return this.#rows.slice(after, limit);
  }

  async unreadable(): Promise<number> {
    return this.#rows.unreadable + this.notifications.unreadable;
  }

  async totals(): Promise<MailboxTotals> {
    const fields = ['waiting', 'bytes', 'reports', 'dead'] as const;
    const all = await this.#overShares((share) => ['HMGET', this.#rows.index(share, 'totals'), ...fields]);
    return all.reduce<MailboxTotals>((sum, reply) => {
      const [waiting = 0, waitingBytes = 0, reports = 0, dead = 0] = listOf(reply).map(numberOf);
      return {
        waiting: sum.waiting + waiting,
        waitingBytes: sum.waitingBytes + waitingBytes,
        reports: sum.reports + reports,
        dead: sum.dead + dead,
      };
    }, NO_TOTALS);
  }

  async reseal(id: string, envelope: Uint8Array, content: Uint8Array | undefined): Promise<void> {
    await this.#changed(id, (found) => this.#change(found, { ...found.message, envelope }, content));
  }

  async known(key: string, now: number): Promise<{ readonly id: string; readonly sentId: string } | undefined> {
    const { connection, shares } = this.#parts;
    const read = (share: number): Promise<RedisReply> =>
      connection.requests.command('GET', this.#deposits.tried(share, key));
    const known = (await Promise.all(shares.map(read)))
      .map(knownTry)
      .find((one) => one !== undefined && one.until > now);
    return known === undefined ? undefined : { id: known.id, sentId: known.sentId };
  }

  async rememberedUntil(): Promise<number> {
    const last = await this.#overShares((share) => ['ZREVRANGE', this.#tries(share), 0, 0, 'WITHSCORES']);
    return Math.max(0, ...last.map((reply) => numberOf(listOf(reply)[1] ?? null)));
  }

  async sweep(now: number): Promise<void> {
    await Promise.all(this.#parts.shares.map((share) => this.#sweep(share, now)));
  }

  async forget(userKey: string): Promise<number> {
    const share = shareOf(userKey);
    const ended: string[] = [];
    // What is put in at the same moment is found on the next way round.
    for (let round = 0; round < FORGOTTEN_ROUNDS; round += 1) {
      const ids = await this.#rows.idsOf(userKey, FORGOTTEN_AT_ONCE);
      if (ids.length === 0) break;
      ended.push(...(await this.#end(share, ids)).map(({ kind }) => kind));
    }
    await this.notifications.forget(userKey);
    await this.wishes.forget(userKey);
    return ended.filter((kind) => kind !== 'r').length;
  }

  #tries(share: number): string {
    return this.#rows.index(share, 'tries');
  }

  async #sweep(share: number, now: number): Promise<void> {
    const { background } = this.#parts.connection;
    const range = ['ZRANGEBYSCORE', this.#tries(share), '-inf', now, 'LIMIT', 0, REMOVED_AT_ONCE] as const;
    for (;;) {
      const over = textsOf(await background.command(...range));
      if (over.length === 0) return;
      const tried = over.map((key) => this.#deposits.tried(share, key));
      await runInShare(this.#parts, FORGET_TRIES, share, [this.#tries(share), ...tried], [now, ...over], background);
      if (over.length < REMOVED_AT_ONCE) return;
    }
  }

  /** Fails, before anything is told anybody, where another node holds the share. */
  async #isAnyThere(byShare: readonly (readonly [number, readonly string[]])[]): Promise<boolean> {
    const ask = ([share, ids]: readonly [number, readonly string[]]) =>
      runInShare(
        this.#parts,
        THERE,
        share,
        ids.map((id) => this.#rows.mail(share, id)),
        [],
      );
    return (await Promise.all(byShare.map(ask))).some((reply) => listOf(reply).includes(1));
  }

  async #end(
    share: number,
    ids: readonly string[],
  ): Promise<readonly { readonly id: string; readonly kind: string }[]> {
    const mails = ids.map((id) => this.#rows.mail(share, id));
    const kinds = textsOf(await runInShare(this.#parts, END, share, [...this.#rows.indexes(share), ...mails], ids));
    this.#rows.forgetUnreadable(ids);
    return ids.map((id, at) => ({ id, kind: kinds[at] ?? '' })).filter(({ kind }) => kind !== '');
  }

  /** Again where somebody changed it since it was read. False where it is gone, or `change` has nothing to do with it. */
  async #changed(id: string, change: (found: FoundMail) => Promise<boolean | undefined>): Promise<boolean> {
    for (let turn = 0; turn < TURNS; turn += 1) {
      const found = await this.#rows.find(id);
      const isDone = found === undefined ? undefined : await change(found);
      if (isDone !== false) return isDone ?? false;
    }
    throw new StoreWriteError('EAGAIN');
  }

  async #change({ share, bytes }: FoundMail, after: StoredMessage, content: Uint8Array | undefined): Promise<boolean> {
    const args = [bytes, wholeRowOf(after), content === undefined ? '' : writeContent(content)];
    return numberOf(await runInShare(this.#parts, CHANGE, share, [this.#rows.mail(share, after.id)], args)) === 1;
  }

  async #move({ share, bytes }: FoundMail, after: StoredMessage, life: number): Promise<boolean> {
    const { id, userKey, kind, sequence, state, expiresAt } = after;
    const keys = [...this.#rows.indexes(share), this.#rows.mail(share, id)];
    const moved = await runInShare(this.#parts, MOVE, share, keys, [
      ...[id, userKey, kind === 'report' ? 'r' : 'm', after.bytes, bytes, rowOf(after)],
      ...[state === 'dead' ? 'd' : 'w', sequence, expiresAt, life, indexLifeMillis(life), share],
    ]);
    return numberOf(moved) === 1;
  }

  #overShares(command: (share: number) => readonly [name: string, ...args: RedisArgument[]]): Promise<RedisReply[]> {
    const { connection, shares } = this.#parts;
    return Promise.all(shares.map((share) => connection.background.command(...command(share))));
  }
}
