/**
 * Acceptances and the audit chain in LMDB. Several processes append to one chain: whatever depends on what is stored is
 * read and written in one write transaction, which fails as a whole or not at all.
 */
import type { Database } from 'lmdb';
import type { AuditEntry, AuditHead, AuditReport, AuditStore } from '../audit-ports.ts';
import type { Acceptance, AcceptanceStore, Accepted } from '../ports.ts';
import { append, checkTexts, dropSlice, erase } from './ledger.ts';
import { checkLedger } from './ledger-check.ts';
import type { LedgerTables, Seal } from './ledger-tables.ts';
import { viewOf } from './ledger-view.ts';
import { wholly } from './lmdb-commit.ts';
import { type LedgerDatabases, LmdbLedger } from './lmdb-ledger.ts';
import { readAcceptances, writeAcceptances } from './records.ts';
import { plainHead, replaced, without } from './rules.ts';

/** Entries dropped in one transaction: others wait some milliseconds for it. */
const DROP_SLICE = 500;

export class LmdbAcceptances implements AcceptanceStore {
  readonly #db: Database<Buffer, string>;
  readonly #ledger: LedgerTables;
  readonly #seal: Seal;

  constructor(db: Database<Buffer, string>, ledger: LedgerTables, seal: Seal) {
    this.#db = db;
    this.#ledger = ledger;
    this.#seal = seal;
  }

  async of(userKey: string): Promise<readonly Acceptance[]> {
    return this.#stored(userKey);
  }

  async accept(userKey: string, { remember, records, texts }: Accepted): Promise<void> {
    await wholly(this.#db, () => {
      checkTexts(this.#ledger, records, texts);
      append(this.#ledger, this.#seal, records, texts);
      if (remember.length > 0) this.#put(userKey, replaced(this.#stored(userKey), remember));
    });
  }

  forget(userKey: string): Promise<number> {
    return this.forgetPolicies(userKey, undefined);
  }

  async forgetPolicies(userKey: string, policy: string | undefined): Promise<number> {
    return wholly(this.#db, () => {
      const known = this.#stored(userKey);
      const left = without(known, policy);
      if (left.length === 0) this.#db.removeSync(userKey);
      else this.#put(userKey, left);
      return known.length - left.length;
    });
  }

  #stored(userKey: string): readonly Acceptance[] {
    const bytes = this.#db.getBinary(userKey);
    return bytes === undefined ? [] : readAcceptances(bytes);
  }

  #put(userKey: string, acceptances: readonly Acceptance[]): void {
    this.#db.putSync(userKey, writeAcceptances(acceptances));
  }
}

export class LmdbAudit implements AuditStore {
  readonly #databases: LedgerDatabases;
  readonly #ledger: LmdbLedger;
  readonly #seal: Seal;

  constructor(databases: LedgerDatabases, seal: Seal) {
    this.#databases = databases;
    this.#ledger = new LmdbLedger(databases);
    this.#seal = seal;
  }

  async read(from: number, limit: number): Promise<readonly AuditEntry[]> {
    return this.#ledger.entries(from, limit);
  }

  async head(): Promise<AuditHead | undefined> {
    return plainHead(this.#ledger.head());
  }

  async verify(progress: (checked: number, of: number) => void = () => {}): Promise<AuditReport> {
    // Records are appended meanwhile: one read transaction shows the chain and its head as they stood together.
    const transaction = this.#databases.entries.useReadTransaction();
    try {
      return await checkLedger(viewOf(new LmdbLedger(this.#databases, transaction)), this.#seal, progress);
    } finally {
      transaction.done();
    }
  }

  async recordsOf(userKey: string): Promise<readonly AuditEntry[]> {
    return this.#ledger
      .sequencesOf(userKey)
      .flatMap((sequence) => this.#ledger.entries(sequence, 1).filter((entry) => entry.sequence === sequence));
  }

  async erase(userKey: string): Promise<number> {
    const { entries } = this.#databases;
    return wholly(entries, () => erase(this.#ledger, userKey));
  }

  async dropBefore(decidedAt: number): Promise<number> {
    const { entries } = this.#databases;
    let dropped = 0;
    for (;;) {
      const slice = await wholly(entries, () => dropSlice(this.#ledger, this.#seal, decidedAt, DROP_SLICE));
      if (slice === 0) return dropped;
      dropped += slice;
    }
  }
}
