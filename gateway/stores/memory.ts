/**
 * The store that forgets: everything in this process's memory, nothing after its end. For trying things and for tests; a
 * gateway on it asks every user again after a restart.
 */
import type { AuditEntry, AuditHead, AuditReport, AuditStore } from '../audit-ports.ts';
import type {
  Acceptance,
  AcceptanceStore,
  Accepted,
  AskAgainStore,
  NoteStore,
  SessionRecord,
  SessionStore,
  Store,
  StoredAskAgain,
} from '../ports.ts';
import { append, checkTexts, dropSlice, erase, shownText } from './ledger.ts';
import { checkLedger } from './ledger-check.ts';
import type { Seal } from './ledger-tables.ts';
import { viewOf } from './ledger-view.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryMailbox } from './memory-mailbox.ts';
import { MemoryMessages } from './memory-messages.ts';
import { OrderedMap } from './ordered-map.ts';
import { plainHead, replaced, without, withWish } from './rules.ts';

/** @param seal of the audit chain's head. Nobody but this process reaches its memory, so any will do. */
export function openMemoryStore(seal: Seal = () => ''): Store {
  const ledger = new MemoryLedger();
  return {
    sessions: new MemorySessions(),
    acceptances: new MemoryAcceptances(ledger, seal),
    audit: new MemoryAudit(ledger, seal),
    texts: { get: async (hash) => shownText(ledger.text(hash)) },
    askAgain: new MemoryAskAgain(),
    notes: new MemoryNotes(),
    systemMessages: new MemoryMessages(),
    mailbox: new MemoryMailbox(),
    close: async () => {},
  };
}

class MemorySessions implements SessionStore {
  readonly #sessions = new OrderedMap<SessionRecord>();

  async get(sessionKey: string): Promise<SessionRecord | undefined> {
    return this.#sessions.get(sessionKey);
  }

  async put(sessionKey: string, record: SessionRecord): Promise<boolean> {
    const replaces = this.#sessions.get(sessionKey) !== undefined;
    this.#sessions.set(sessionKey, record);
    return replaces;
  }

  async prolong(sessionKey: string, expiresAt: number): Promise<boolean> {
    const record = this.#sessions.get(sessionKey);
    if (record === undefined) return false;
    if (expiresAt > record.expiresAt) this.#sessions.set(sessionKey, { ...record, expiresAt });
    return true;
  }

  async delete(sessionKey: string): Promise<void> {
    this.#sessions.delete(sessionKey);
  }

  async sweep(now: number): Promise<ReadonlyMap<string, number>> {
    const left = new Map<string, number>();
    for (const [key, { vasp, expiresAt }] of this.#sessions.entries()) {
      if (expiresAt <= now) this.#sessions.delete(key);
      else left.set(vasp, (left.get(vasp) ?? 0) + 1);
    }
    return left;
  }

  async ofUser(userKey: string): Promise<ReadonlyMap<string, SessionRecord>> {
    return new Map([...this.#sessions.entries()].filter(([, record]) => record.userKey === userKey));
  }

  async slice(
    after: string | undefined,
    limit: number,
  ): Promise<readonly (readonly [key: string, record: SessionRecord])[]> {
    return this.#sessions.slice(after, limit);
  }
}

class MemoryAcceptances implements AcceptanceStore {
  readonly #users = new Map<string, readonly Acceptance[]>();
  readonly #ledger: MemoryLedger;
  readonly #seal: Seal;

  constructor(ledger: MemoryLedger, seal: Seal) {
    this.#ledger = ledger;
    this.#seal = seal;
  }

  async of(userKey: string): Promise<readonly Acceptance[]> {
    return this.#users.get(userKey) ?? [];
  }

  async accept(userKey: string, { remember, records, texts }: Accepted): Promise<void> {
    checkTexts(this.#ledger, records, texts);
    append(this.#ledger, this.#seal, records, texts);
    if (remember.length > 0) this.#users.set(userKey, replaced(this.#users.get(userKey) ?? [], remember));
  }

  async forget(userKey: string): Promise<number> {
    return this.forgetPolicies(userKey, undefined);
  }

  async forgetPolicies(userKey: string, policy: string | undefined): Promise<number> {
    const known = this.#users.get(userKey) ?? [];
    const left = without(known, policy);
    if (left.length === 0) this.#users.delete(userKey);
    else this.#users.set(userKey, left);
    return known.length - left.length;
  }
}

class MemoryAudit implements AuditStore {
  readonly #ledger: MemoryLedger;
  readonly #seal: Seal;

  constructor(ledger: MemoryLedger, seal: Seal) {
    this.#ledger = ledger;
    this.#seal = seal;
  }

  async read(from: number, limit: number): Promise<readonly AuditEntry[]> {
    return this.#ledger.entries(from, limit);
  }

  async head(): Promise<AuditHead | undefined> {
    return plainHead(this.#ledger.head());
  }

  verify(progress: (checked: number, of: number) => void = () => {}): Promise<AuditReport> {
    return checkLedger(viewOf(this.#ledger.snapshot()), this.#seal, progress);
  }

  async recordsOf(userKey: string): Promise<readonly AuditEntry[]> {
    return this.#ledger.sequencesOf(userKey).flatMap((sequence) => this.#ledger.entries(sequence, 1));
  }

  async erase(userKey: string): Promise<number> {
    return erase(this.#ledger, userKey);
  }

  async dropBefore(decidedAt: number): Promise<number> {
    return dropSlice(this.#ledger, this.#seal, decidedAt, Number.POSITIVE_INFINITY);
  }
}

class MemoryAskAgain implements AskAgainStore {
  #wishes: readonly StoredAskAgain[] = [];

  async list(): Promise<readonly StoredAskAgain[]> {
    return this.#wishes;
  }

  async add(wish: StoredAskAgain): Promise<void> {
    this.#wishes = withWish(this.#wishes, wish);
  }
}

class MemoryNotes implements NoteStore {
  readonly #notes = new Map<string, string>();

  async get(name: string): Promise<string | undefined> {
    return this.#notes.get(name);
  }

  async put(name: string, text: string): Promise<void> {
    this.#notes.set(name, text);
  }
}
