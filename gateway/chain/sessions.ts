/**
 * The sessions that the gateway knows. The store is the truth and knows them by keyed hash; in front stands a bounded
 * cache by the id on the wire, so that a message of a busy session costs one look-up. A session goes with Logout,
 * Disconnect, 600, 601, 604, or after a silence longer than what the client was told [X33].
 *
 * Processes on one store each have a cache. Whoever opens, changes or ends a session tells the others before the client
 * is answered; a session's end, which moves with use, each reads anew when it believes the session over. A process that may
 * not have heard everything goes by nothing that it remembers.
 */
import { LRUCache } from 'lru-cache';
import type { CirAgreement } from '../cir-ports.ts';
import type { ServiceSet } from '../csp/service-tree.ts';
import type { DeliveryMethod } from '../mailbox-ports.ts';
import type { Clock, LiveSession, Secrets, SessionRecord, SessionStore } from '../ports.ts';
import { sessionKeyOf } from './identity.ts';

/** A live session of this process. */
export type Session = LiveSession;

export interface SessionSettings {
  /** Sessions kept in memory. */
  readonly cacheEntries: number;
  /** Hears when one of them made room for another; the store still has it. */
  readonly evicted?: (memory: string) => void;
  /**
   * How much longer than the KeepAliveTime a silent session is kept. The VASP's own clock decides first: a gateway that
   * forgets a session early would lock a user out.
   */
  readonly graceMillis: number;
  /** The life of a session for which neither side named a time. */
  readonly unnamedKeepAliveSeconds: number;
  /** Whether this process has heard of everything that others changed; absent: always. */
  readonly hearsOthers?: (() => boolean) | undefined;
}

/** The other processes that serve the same sessions. */
export interface SessionNews {
  /** What others remember of the session holds no longer: resolved when none of them goes by it any more. */
  changed(sessionKey: string): Promise<void>;
}

/** Ten years: longer ones are taken for this. */
const LONGEST_KEEP_ALIVE_SECONDS = 315_360_000;

const NOBODY_ELSE: SessionNews = { changed: async () => {} };

export class Sessions {
  readonly #cache: LRUCache<string, Session>;
  /** Where sessions stand in the cache, by their keys in the store. */
  readonly #places = new Map<string, string>();
  readonly #store: SessionStore;
  readonly #secrets: Secrets;
  readonly #clock: Clock;
  readonly #settings: SessionSettings;
  readonly #news: SessionNews;
  /** Rises when something is forgotten: what was read before may be older than that. */
  #forgotten = 0;

  constructor(
    store: SessionStore,
    secrets: Secrets,
    clock: Clock,
    settings: SessionSettings,
    news: SessionNews = NOBODY_ELSE,
  ) {
    this.#store = store;
    this.#secrets = secrets;
    this.#clock = clock;
    this.#settings = settings;
    this.#news = news;
    this.#cache = new LRUCache({
      max: settings.cacheEntries,
      dispose: ({ key }, _place, reason) => {
        if (reason !== 'set') this.#places.delete(key);
        if (reason === 'evict') settings.evicted?.('sessions');
      },
    });
  }

  /** The session with this id at this VASP, in use from now on; undefined when there is none, or no longer. */
  find(vasp: string, id: string): Session | undefined | Promise<Session | undefined> {
    const cached = this.#cache.get(cacheKey(vasp, id));
    if (cached === undefined || this.#clock.wall() >= cached.record.expiresAt) return this.#load(vasp, id);
    // While nobody can be heard and the store has no answer either, the session goes on as it was last known.
    return this.#settings.hearsOthers?.() === false
      ? this.#load(vasp, id).catch(() => cached)
      : this.#inUse(vasp, id, cached);
  }

  /** It was changed or ended: the store is asked again. */
  forget(sessionKey: string): void {
    this.#forgotten++;
    const place = this.#places.get(sessionKey);
    if (place !== undefined) this.#cache.delete(place);
  }

  /** The store is asked again about all. */
  forgetAll(): void {
    this.#forgotten++;
    this.#cache.clear();
  }

  async #load(vasp: string, id: string): Promise<Session | undefined> {
    const key = this.#storeKey(vasp, id);
    const { record, isCurrent } = await this.#read(key);
    if (record === undefined || record.vasp !== vasp || this.#clock.wall() >= record.expiresAt) {
      // What has expired is removed from the store by the sweep, which looks once more.
      this.#cache.delete(cacheKey(vasp, id));
      return undefined;
    }
    const session = { key, record };
    if (isCurrent) this.#remember(cacheKey(vasp, id), session);
    return this.#inUse(vasp, id, session);
  }

  async #read(key: string): Promise<{ readonly record: SessionRecord | undefined; readonly isCurrent: boolean }> {
    const before = this.#forgotten;
    const record = await this.#store.get(key);
    return { record, isCurrent: before === this.#forgotten };
  }

  #inUse(vasp: string, id: string, session: Session): Session | Promise<Session | undefined> {
    const now = this.#clock.wall();
    const { record } = session;
    // What is left shrinks with silence and with use alike, so a session in use is written once in a quarter of its grace.
    const used = record.expiresAt - now < this.#lifeMillis(record) - this.#settings.graceMillis / 4;
    return used ? this.#prolong(vasp, id, session, now) : session;
  }

  /** Moves the end of the session on. The store is told now and then only: a restart may find an end that is a little early. */
  async #prolong(vasp: string, id: string, session: Session, now: number): Promise<Session | undefined> {
    const expiresAt = now + this.#lifeMillis(session.record);
    const prolonged = { ...session, record: { ...session.record, expiresAt } };
    const place = cacheKey(vasp, id);
    if (this.#cache.has(place)) this.#remember(place, prolonged);
    try {
      if (await this.#store.prolong(session.key, expiresAt)) return prolonged;
    } catch {
      // It is not over yet: the next message tries again.
      if (this.#cache.get(place) === prolonged) this.#remember(place, session);
      return session;
    }
    this.#cache.delete(place);
    return undefined;
  }

  #lifeMillis(record: SessionRecord): number {
    return (record.keepAliveSeconds ?? this.#settings.unnamedKeepAliveSeconds) * 1000 + this.#settings.graceMillis;
  }

  /** Opens a session that a VASP has granted. Durable when resolved. */
  open(vasp: string, id: string, facts: Omit<SessionRecord, 'vasp' | 'openedAt' | 'expiresAt'>): Promise<Session> {
    const now = this.#clock.wall();
    const record = { ...facts, vasp, openedAt: now, expiresAt: now };
    return this.#write(vasp, id, { ...record, expiresAt: now + this.#lifeMillis(record) });
  }

  /** Takes over what the client was told in a KeepAlive-Response, in seconds. */
  keepAlive(vasp: string, id: string, session: Session, keepAliveSeconds: number): Promise<Session> {
    const record = { ...this.#current(vasp, id, session), keepAliveSeconds };
    return this.#write(vasp, id, { ...record, expiresAt: this.#clock.wall() + this.#lifeMillis(record) });
  }

  /** Takes over what the session agreed on about CIR; undefined: it agreed on nothing [X50]. */
  agree(vasp: string, id: string, session: Session, cir: CirAgreement | undefined): Promise<Session> {
    const { cir: _, ...record } = this.#current(vasp, id, session);
    return this.#write(vasp, id, cir === undefined ? record : { ...record, cir });
  }

  /** Takes over how the client wants messages handed over [P4.4]. */
  setDelivery(vasp: string, id: string, session: Session, delivery: DeliveryMethod): Promise<Session> {
    return this.#write(vasp, id, { ...this.#current(vasp, id, session), delivery });
  }

  /** Holds the session to another level from the next transaction on [X34]. */
  setLevel(vasp: string, id: string, session: Session, granted: ServiceSet): Promise<Session> {
    return this.#write(vasp, id, { ...this.#current(vasp, id, session), granted });
  }

  /** The record as it is now: another message of the session may have changed it since `session` was found. */
  #current(vasp: string, id: string, session: Session): SessionRecord {
    return this.#cache.get(cacheKey(vasp, id))?.record ?? session.record;
  }

  async #write(vasp: string, id: string, written: SessionRecord): Promise<Session> {
    const { keepAliveSeconds } = written;
    const tooLong = keepAliveSeconds !== undefined && keepAliveSeconds > LONGEST_KEEP_ALIVE_SECONDS;
    const record = tooLong ? { ...written, keepAliveSeconds: LONGEST_KEEP_ALIVE_SECONDS } : written;
    const session = { key: this.#storeKey(vasp, id), record };
    const before = this.#forgotten;
    const replaces = await this.#store.put(session.key, record);
    if (before === this.#forgotten) this.#remember(cacheKey(vasp, id), session);
    else this.#cache.delete(cacheKey(vasp, id));
    // Of one that is new nobody else remembers anything.
    if (replaces) await this.#news.changed(session.key);
    return session;
  }

  async end(vasp: string, id: string): Promise<void> {
    const key = this.#storeKey(vasp, id);
    this.forget(key);
    await this.#store.delete(key);
    await this.#news.changed(key);
  }

  #remember(place: string, session: Session): void {
    this.#cache.set(place, session);
    this.#places.set(session.key, place);
  }

  #storeKey(vasp: string, id: string): string {
    return sessionKeyOf(this.#secrets, vasp, id);
  }
}

function cacheKey(vasp: string, id: string): string {
  return `${vasp}\n${id}`;
}
