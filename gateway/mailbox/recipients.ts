/**
 * What the mailbox knows of users and sessions that it is handing something to: in memory alone, so that after a restart
 * lists are asked for again, and what nobody acknowledged goes out again under the same MessageID. Bounded; who is forgotten
 * begins anew.
 */
import { LRUCache } from 'lru-cache';
import type { AccessLists } from '../mailbox-ports.ts';
import { inProportion } from '../shares.ts';

/** How long a user's lists count: messages of one batch are judged by one answer. */
const LISTS_MILLIS = 60_000;
/** After a VASP did not say them; doubled with every time more. */
const FIRST_PAUSE_MILLIS = 5_000;
const LONGEST_PAUSE_MILLIS = 600_000;
const USERS = 50_000;
/** Polls after which a session that agreed on no services is served all the same. */
const POLLS_WITHOUT_SERVICES = 2;
/** The same for one that does not poll, because it waits to be called. */
const MILLIS_WITHOUT_SERVICES = 30_000;

interface Arriving {
  readonly userKey: string;
  readonly at: number;
  readonly polls: number;
}

interface Recipient {
  lists: { readonly lists: AccessLists; readonly at: number } | undefined;
  failures: number;
  askAgainAt: number;
  /** The message that a client has and has not acknowledged. */
  onWay: { readonly id: string; readonly sessionKey: string; readonly at: number } | undefined;
  /** Sessions in which a message was announced, by its id. */
  readonly announced: Map<string, string>;
}

export class Recipients {
  readonly #users: LRUCache<string, Recipient>;
  /** Sessions that have not agreed on their services. */
  readonly #arriving: LRUCache<string, Arriving>;
  /** Users to whom something was handed over, by session. */
  readonly #served: LRUCache<string, string>;

  /** @param portion which part of a machine's users these are; all when absent */
  constructor(portion?: number) {
    const max = inProportion(USERS, portion);
    this.#users = new LRUCache({ max });
    this.#arriving = new LRUCache({ max });
    this.#served = new LRUCache({ max });
  }

  arrived(sessionKey: string, userKey: string, at: number): void {
    this.#arriving.set(sessionKey, { userKey, at, polls: 0 });
  }

  ready(sessionKey: string): void {
    this.#arriving.delete(sessionKey);
  }

  polled(sessionKey: string): void {
    const arriving = this.#arriving.get(sessionKey);
    if (arriving === undefined) return;
    const polls = arriving.polls + 1;
    if (polls >= POLLS_WITHOUT_SERVICES) this.#arriving.delete(sessionKey);
    else this.#arriving.set(sessionKey, { ...arriving, polls });
  }

  /** Users of sessions that seem to agree on nothing: these are ready from now on. */
  overdue(now: number): readonly string[] {
    if (this.#arriving.size === 0) return [];
    const overdue = [...this.#arriving.entries()].filter(([, { at }]) => now - at >= MILLIS_WITHOUT_SERVICES);
    for (const [sessionKey] of overdue) this.#arriving.delete(sessionKey);
    return overdue.map(([, { userKey }]) => userKey);
  }

  isReady(sessionKey: string): boolean {
    return !this.#arriving.has(sessionKey);
  }

  lists(userKey: string, now: number): AccessLists | undefined {
    const known = this.#users.get(userKey)?.lists;
    return known === undefined || now - known.at >= LISTS_MILLIS ? undefined : known.lists;
  }

  mayAskLists(userKey: string, now: number): boolean {
    return now >= (this.#users.get(userKey)?.askAgainAt ?? 0);
  }

  learnLists(userKey: string, lists: AccessLists, now: number): void {
    const user = this.#of(userKey);
    user.lists = { lists, at: now };
    user.failures = 0;
    user.askAgainAt = 0;
  }

  /** @returns how often in a row the VASP has not said them */
  missLists(userKey: string, now: number): number {
    const user = this.#of(userKey);
    user.askAgainAt = now + Math.min(FIRST_PAUSE_MILLIS * 2 ** user.failures, LONGEST_PAUSE_MILLIS);
    user.failures += 1;
    return user.failures;
  }

  forgetLists(userKey: string): void {
    const user = this.#users.get(userKey);
    if (user === undefined) return;
    user.lists = undefined;
    user.askAgainAt = 0;
  }

  onWay(userKey: string): Recipient['onWay'] {
    return this.#users.get(userKey)?.onWay;
  }

  handedTo(userKey: string, onWay: NonNullable<Recipient['onWay']>): void {
    this.#of(userKey).onWay = onWay;
    this.#served.set(onWay.sessionKey, userKey);
  }

  wasAnnounced(userKey: string, id: string, sessionKey: string): boolean {
    return this.#users.get(userKey)?.announced.get(id) === sessionKey;
  }

  announcedTo(userKey: string, id: string, sessionKey: string): void {
    this.#of(userKey).announced.set(id, sessionKey);
  }

  /** The message is gone. */
  settled(userKey: string, id: string): void {
    const user = this.#users.get(userKey);
    if (user === undefined) return;
    user.announced.delete(id);
    if (user.onWay?.id === id) user.onWay = undefined;
  }

  /** Nothing is left of the user's: the next message is another batch. */
  emptied(userKey: string): void {
    this.#users.delete(userKey);
  }

  /** What was on its way in the session may go out in another one. */
  ended(sessionKey: string): void {
    this.#arriving.delete(sessionKey);
    const user = this.#users.get(this.#served.get(sessionKey) ?? '');
    this.#served.delete(sessionKey);
    if (user?.onWay?.sessionKey === sessionKey) user.onWay = undefined;
  }

  #of(userKey: string): Recipient {
    const known = this.#users.get(userKey);
    if (known !== undefined) return known;
    const user: Recipient = { lists: undefined, failures: 0, askAgainAt: 0, onWay: undefined, announced: new Map() };
    this.#users.set(userKey, user);
    return user;
  }
}
