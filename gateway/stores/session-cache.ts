/**
 * Sessions in memory in front of the store, because every message asks for one. The store stays the truth: a change is
 * durable before it is believed here, a deletion takes effect here first. What is cached is looked up anew after
 * `ttlMillis`, so that what another process changed is seen.
 */
import { LRUCache } from 'lru-cache';
import type { SessionRecord, SessionStore } from '../ports.ts';

export interface CachedSessionStore extends SessionStore {
  /** The session when it is in memory, at once; undefined when {@link SessionStore.get} has to be asked. */
  peek(sessionKey: string): SessionRecord | undefined;
}

export interface SessionCacheOptions {
  /** Sessions at most; about 500 bytes each. */
  readonly max: number;
  /** How long one is believed. With one process nobody else changes a session, so this may be long. */
  readonly ttlMillis: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export function cacheSessions(store: SessionStore, options: SessionCacheOptions): CachedSessionStore {
  return new SessionCache(store, options);
}

class SessionCache implements CachedSessionStore {
  readonly #store: SessionStore;
  readonly #cache: LRUCache<string, SessionRecord>;
  /** Reads under way; one that was overtaken by a change is taken out, and its answer is not kept. */
  readonly #reads = new Map<string, Promise<SessionRecord | undefined>>();

  constructor(store: SessionStore, { max, ttlMillis, now }: SessionCacheOptions) {
    this.#store = store;
    const perf = now === undefined ? {} : { perf: { now } };
    this.#cache = new LRUCache({ max, ttl: ttlMillis, ttlResolution: 0, ...perf });
  }

  peek(sessionKey: string): SessionRecord | undefined {
    return this.#cache.get(sessionKey);
  }

  async get(sessionKey: string): Promise<SessionRecord | undefined> {
    const cached = this.#cache.get(sessionKey);
    if (cached !== undefined) return cached;
    const running = this.#reads.get(sessionKey);
    if (running !== undefined) return running;
    const read = this.#store.get(sessionKey);
    this.#reads.set(sessionKey, read);
    try {
      const record = await read;
      const isCurrent = this.#reads.get(sessionKey) === read;
      if (isCurrent && record !== undefined) this.#cache.set(sessionKey, record);
      return record;
    } finally {
      if (this.#reads.get(sessionKey) === read) this.#reads.delete(sessionKey);
    }
  }

  async put(sessionKey: string, record: SessionRecord): Promise<void> {
    this.#reads.delete(sessionKey);
    // Until the write is durable the session is what it was; a failed write leaves nothing here that the store does not have.
    await this.#store.put(sessionKey, record);
    this.#reads.delete(sessionKey);
    this.#cache.set(sessionKey, record);
  }

  async delete(sessionKey: string): Promise<void> {
    this.#forget(sessionKey);
    await this.#store.delete(sessionKey);
    // A read that began while the store was deleting may have brought it back.
    this.#forget(sessionKey);
  }

  async sweep(now: number): Promise<ReadonlyMap<string, number>> {
    for (const [sessionKey, { expiresAt }] of this.#cache.entries()) {
      if (expiresAt <= now) this.#forget(sessionKey);
    }
    return this.#store.sweep(now);
  }

  #forget(sessionKey: string): void {
    this.#reads.delete(sessionKey);
    this.#cache.delete(sessionKey);
  }
}
