/**
 * The store that forgets: everything in this process's memory, nothing after its end. For trying things and for tests; a
 * gateway on it asks every user again after a restart.
 */
import type { Acceptance, AcceptanceStore, SessionRecord, SessionStore, Store } from '../ports.ts';

export function openMemoryStore(): Store {
  return {
    sessions: new MemorySessions(),
    acceptances: new MemoryAcceptances(),
    close: async () => {},
  };
}

class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, SessionRecord>();

  async get(sessionKey: string): Promise<SessionRecord | undefined> {
    return this.#sessions.get(sessionKey);
  }

  async put(sessionKey: string, record: SessionRecord): Promise<void> {
    this.#sessions.set(sessionKey, record);
  }

  async delete(sessionKey: string): Promise<void> {
    this.#sessions.delete(sessionKey);
  }

  async sweep(now: number): Promise<ReadonlyMap<string, number>> {
    const left = new Map<string, number>();
    for (const [key, { vasp, expiresAt }] of this.#sessions) {
      if (expiresAt <= now) this.#sessions.delete(key);
      else left.set(vasp, (left.get(vasp) ?? 0) + 1);
    }
    return left;
  }
}

class MemoryAcceptances implements AcceptanceStore {
  readonly #users = new Map<string, readonly Acceptance[]>();

  async of(userKey: string): Promise<readonly Acceptance[]> {
    return this.#users.get(userKey) ?? [];
  }

  async add(userKey: string, accepted: readonly Acceptance[]): Promise<void> {
    this.#users.set(userKey, replaced(this.#users.get(userKey) ?? [], accepted));
  }

  async forget(userKey: string): Promise<void> {
    this.#users.delete(userKey);
  }
}

/** The acceptances of a user with new ones added, each in the place of an older one of the same policy. */
export function replaced(known: readonly Acceptance[], added: readonly Acceptance[]): readonly Acceptance[] {
  const byPolicy = new Map(known.map((acceptance) => [acceptance.policy, acceptance]));
  for (const acceptance of added) byPolicy.set(acceptance.policy, acceptance);
  return [...byPolicy.values()];
}
