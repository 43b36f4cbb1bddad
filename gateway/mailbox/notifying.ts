/**
 * The outbox of notifications: sends what is due to the bearers, at most so many at a time to each, and tells users at most
 * once in a policy's window. Bearers do not wait for each other. What is on its way stands in the store, so a process that
 * ends loses nothing, and repeats nothing within the window.
 */
import type { StoredNotification } from '../mailbox-ports.ts';
import { BearerStandings } from './bearer-standing.ts';
import type { NotifyingParts } from './notifying-model.ts';
import { type Notified, type Notify, notify, removeEmpty } from './notifying-one.ts';

/** Looked at in one sweep. */
const DUE = 1_000;
/** With one bearer at the same time. */
const AT_ONCE = 8;
const CLEANING_EVERY_MILLIS = 10 * 60_000;
const SLICE = 500;
/** Failed ones whose users have no messages left are shown to the operator so long. */
const FAILED_KEPT_MILLIS = 7 * 86_400_000;
/** The same is not said again in the log. */
const SAID_AGAIN_MILLIS = 60_000;
const MOST_SAID = 1_000;

/** In the place of a bearer's name, for what has none any more. */
const LOST = '';

export class Notifying {
  readonly #parts: NotifyingParts;
  readonly #standings: BearerStandings;
  /** Bearers whose notifications are being sent. */
  readonly #busy = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  /** When something was last said in the log, by what was said. */
  readonly #said = new Map<string, number>();
  #cleanAt: number;
  #trouble: { readonly error: unknown } | undefined;
  #isClosed = false;

  constructor(parts: NotifyingParts) {
    this.#parts = parts;
    this.#standings = new BearerStandings(parts.clock, parts.log);
    this.#cleanAt = parts.clock.monotonic() + CLEANING_EVERY_MILLIS;
  }

  /**
   * Begins to send what is due; does not wait for bearers. Rejects when the store cannot be read, or could not be written
   * since the last sweep. About once a second.
   */
  async sweep(): Promise<void> {
    if (this.#isClosed) return;
    const trouble = this.#trouble;
    this.#trouble = undefined;
    const { store, clock } = this.#parts;
    for (const [bearer, due] of this.#byBearer(await store.notifications.due(clock.wall(), DUE))) {
      this.#begin(bearer, () => this.#sendAll(due));
    }
    if (clock.monotonic() >= this.#cleanAt) {
      this.#cleanAt = clock.monotonic() + CLEANING_EVERY_MILLIS;
      this.#begin('cleaning up', () => this.#cleanUp());
    }
    if (trouble !== undefined) throw trouble.error;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Begins nothing any more, and waits for what is with bearers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settled();
  }

  #byBearer(due: readonly StoredNotification[]): ReadonlyMap<string, readonly StoredNotification[]> {
    const groups = new Map<string, StoredNotification[]>();
    for (const one of due) {
      const bearer = this.#notifyOf(one)?.bearer ?? LOST;
      const group = groups.get(bearer);
      if (group === undefined) groups.set(bearer, [one]);
      else group.push(one);
    }
    return groups;
  }

  /** How the policy tells users now; undefined where it, or its bearer, is gone. */
  #notifyOf({ policy }: StoredNotification): Notify | undefined {
    const { policies, bearers } = this.#parts;
    const found = policies.current().offLineUser.find(({ id }) => id === policy)?.notify;
    return found !== undefined && bearers.has(found.bearer) ? found : undefined;
  }

  /** One piece of work of a name at a time. */
  #begin(name: string, work: () => Promise<void>): void {
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    const underWay = work()
      .catch((error: unknown) => {
        this.#trouble ??= { error };
      })
      .finally(() => {
        this.#busy.delete(name);
        this.#underWay.delete(underWay);
      });
    this.#underWay.add(underWay);
  }

  async #sendAll(due: readonly StoredNotification[]): Promise<void> {
    const queue = due.values();
    const work = async (): Promise<void> => {
      for (const one of queue) {
        if (this.#isClosed) return;
        await this.#sendOne(one);
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: this.#parts.atOnce ?? AT_ONCE }, work));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #sendOne(due: StoredNotification): Promise<void> {
    const { store, metrics, log } = this.#parts;
    const { policy, userKey } = due;
    const how = this.#notifyOf(due);
    if (how === undefined) {
      await store.notifications.remove(userKey, policy);
      metrics.notification(due.bearer, 'dropped');
      if (this.#isNews(`lost ${policy}`)) {
        log.warn('a notification has lost its policy or its bearer', { policy, bearer: due.bearer });
      }
      return;
    }
    const notified = await notify(this.#parts, this.#standings, due, how);
    if (notified.result !== undefined) metrics.notification(how.bearer, notified.result);
    this.#say(policy, how.bearer, notified);
  }

  #say(policy: string, bearer: string, { result, tries, failure: reason, isGivenUp }: Notified): void {
    const { log } = this.#parts;
    if (result === 'refused' && this.#isNews(`refused ${policy} ${bearer} ${reason}`)) {
      log.warn('a notification was refused', { policy, bearer, reason });
    }
    if (isGivenUp && this.#isNews(`given up ${policy} ${bearer}`)) {
      log.warn('a notification was given up', { policy, bearer, tries, reason });
    }
  }

  /** What is true of many users is said once a minute, not for each. */
  #isNews(what: string): boolean {
    const now = this.#parts.clock.monotonic();
    const before = this.#said.get(what);
    if (before !== undefined && now - before < SAID_AGAIN_MILLIS) return false;
    if (this.#said.size >= MOST_SAID) this.#said.clear();
    this.#said.set(what, now);
    return true;
  }

  /** What is of no use any more and would stay for ever: the user has read everything since. */
  async #cleanUp(): Promise<void> {
    const { store, clock } = this.#parts;
    for (let after: readonly [string, string] | undefined; ; ) {
      const slice = await store.notifications.slice(after, SLICE);
      for (const one of slice) {
        if (this.#isClosed) return;
        const isOver = clock.wall() >= one.dueAt + (one.state === 'failed' ? FAILED_KEPT_MILLIS : 0);
        if ((one.state !== 'sent' && one.state !== 'failed') || !isOver) continue;
        if ((await store.counts(one.userKey)).messages === 0) await removeEmpty(this.#parts, one);
      }
      const last = slice.at(-1);
      if (last === undefined || slice.length < SLICE) return;
      after = [last.userKey, last.policy];
    }
  }
}
