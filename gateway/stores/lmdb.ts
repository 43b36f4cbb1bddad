/**
 * The embedded store: one LMDB environment in a directory. A write is acknowledged when it is on disk. Reads go to the
 * memory map and take a few microseconds. Several processes of one machine may have the same directory open; every
 * change that depends on what is stored is made inside a write transaction.
 *
 * A damaged environment is moved aside, never deleted, and an empty one takes its place: users are asked again rather
 * than locked out. Anything else that keeps it from opening (rights, a full disk, a newer version's data) stops the start.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import type { AuditStore, TextStore } from '../audit-ports.ts';
import type { CopyableStore, StoreCopy } from '../copy-ports.ts';
import { errorCode } from '../error-code.ts';
import type { MailboxStore } from '../mailbox-ports.ts';
import type { AcceptanceStore, AskAgainStore, NoteStore, SessionStore, Store } from '../ports.ts';
import type { SystemMessageStore } from '../system-message-ports.ts';
import { shownText } from './ledger.ts';
import type { Seal } from './ledger-tables.ts';
import { LmdbAcceptances, LmdbAudit } from './lmdb-acceptances.ts';
import { storeCode, watchCommits } from './lmdb-commit.ts';
import { LmdbCopy } from './lmdb-copy.ts';
import { damageOf } from './lmdb-header.ts';
import { LmdbLedger, openLedgerDatabases } from './lmdb-ledger.ts';
import { LmdbMailbox } from './lmdb-mailbox.ts';
import { openMailboxDatabases } from './lmdb-mailbox-tables.ts';
import { LmdbMessages } from './lmdb-messages.ts';
import { LmdbAskAgain, LmdbNotes } from './lmdb-notes.ts';
import { LmdbSessions } from './lmdb-sessions.ts';

export type OpenResult<Opened extends Store = Store> =
  /** `setAside` is where a damaged environment was moved to. */
  | { readonly kind: 'open'; readonly store: Opened; readonly setAside: string | undefined }
  | { readonly kind: 'failed'; readonly problem: string };

/** The form of the environment as a whole: which databases there are and how their keys are written. */
const LAYOUT = 1;
const LAYOUT_KEY = 'layout';
/** Databases that an environment may hold; more than there are, for versions to come. */
const MAX_DATABASES = 64;

const LOCK_FILE = 'lock.mdb';
/** What a new store takes at the least. */
const TRIED_BYTES = 0x20000;

type Environment = RootDatabase<Buffer, string>;

/**
 * Opens the environment, making it when the directory is new. `now` names a damaged one that is moved aside; `seal` seals the
 * head of the audit chain with the gateway's key, and has to be the same every time. `whenDamaged` is `fail` where another
 * process has the environment open already.
 */
export function openLmdbStore(
  directory: string,
  now: number,
  seal: Seal,
  whenDamaged: 'set-aside' | 'fail' = 'set-aside',
): OpenResult<CopyableStore> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    return { kind: 'failed', problem: `${directory}: cannot be made: ${errorCode(error)}` };
  }
  const first = tryOpen(directory, seal);
  if (first.kind !== 'damaged') return first;
  if (whenDamaged === 'fail') return { kind: 'failed', problem: `${directory}: is damaged (${first.damage})` };
  const setAside = `${directory}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '')}`;
  try {
    renameSync(directory, setAside);
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    return {
      kind: 'failed',
      problem: `${directory}: is damaged (${first.damage}) and cannot be moved: ${errorCode(error)}`,
    };
  }
  const second = tryOpen(directory, seal);
  if (second.kind === 'open') return { ...second, setAside };
  return { kind: 'failed', problem: `${directory}: cannot be opened` };
}

type Attempt = OpenResult<CopyableStore> | { readonly kind: 'damaged'; readonly damage: string };

function tryOpen(directory: string, seal: Seal): Attempt {
  let environment: Environment | undefined;
  try {
    const damage = damageOf(directory);
    if (damage !== undefined) return { kind: 'damaged', damage };
    if (!existsSync(join(directory, LOCK_FILE))) tryToWrite(directory);
    // Without `noSubdir` a directory with a dot in its name would be taken for a file.
    const options = { encoding: 'binary', maxDbs: MAX_DATABASES, cache: false, noSubdir: false } as const;
    environment = open<Buffer, string>(directory, options);
    const problem = checkLayout(environment);
    if (problem === undefined) return { kind: 'open', store: new LmdbStore(environment, seal), setAside: undefined };
    void environment.close();
    return { kind: 'failed', problem: `${directory}: ${problem}` };
  } catch (error) {
    void environment?.close();
    return { kind: 'failed', problem: `${directory}: cannot be opened: ${storeCode(error)}` };
  }
}

/** LMDB writes to its lock file as to memory: on a disk that is full already, making it would take the process with it. */
function tryToWrite(directory: string): void {
  const file = join(directory, `.try-${process.pid}`);
  try {
    writeFileSync(file, Buffer.alloc(TRIED_BYTES), { flush: true });
  } finally {
    rmSync(file, { force: true });
  }
}

function checkLayout(environment: Environment): string | undefined {
  const found = environment.get(LAYOUT_KEY)?.[0];
  if (found === undefined) {
    environment.putSync(LAYOUT_KEY, Buffer.of(LAYOUT));
    return undefined;
  }
  return found === LAYOUT ? undefined : `has layout ${found}; this version reads ${LAYOUT}`;
}

class LmdbStore implements CopyableStore {
  readonly sessions: SessionStore;
  readonly acceptances: AcceptanceStore;
  readonly audit: AuditStore;
  readonly texts: TextStore;
  readonly askAgain: AskAgainStore;
  readonly notes: NoteStore;
  readonly systemMessages: SystemMessageStore;
  readonly mailbox: MailboxStore;
  readonly copy: StoreCopy;
  readonly #environment: Environment;

  constructor(environment: Environment, seal: Seal) {
    this.#environment = environment;
    watchCommits(environment);
    // One transaction for all: each of its own would have to be on disk before the next, which a new store feels.
    const databases = environment.transactionSync(() => openDatabases(environment));
    const { ledger } = databases;
    this.sessions = new LmdbSessions(databases.sessions);
    this.acceptances = new LmdbAcceptances(databases.acceptances, new LmdbLedger(ledger), seal);
    this.audit = new LmdbAudit(ledger, seal);
    this.texts = { get: async (hash) => shownText(new LmdbLedger(ledger).text(hash)) };
    this.askAgain = new LmdbAskAgain(databases.single);
    this.notes = new LmdbNotes(databases.notes);
    this.systemMessages = new LmdbMessages(databases.messages);
    this.mailbox = new LmdbMailbox(databases.mailbox);
    this.copy = new LmdbCopy(environment, databases);
  }

  async close(): Promise<void> {
    // lmdb-js waits for the end of the last commit, which never comes when that one failed: an empty one is always the last.
    await this.#environment.transaction(() => undefined).catch(() => undefined);
    await this.#environment.close();
  }
}

function openDatabases(environment: Environment) {
  const named = (name: string) => ({ name, encoding: 'binary' }) as const;
  const single = environment.openDB<Buffer, string>(named('single'));
  return {
    single,
    ledger: openLedgerDatabases(environment, single),
    sessions: environment.openDB<Buffer, string>(named('sessions')),
    acceptances: environment.openDB<Buffer, string>(named('acceptances')),
    notes: environment.openDB<Buffer, string>(named('notes')),
    messages: {
      messages: environment.openDB<Buffer, string>(named('messages')),
      users: environment.openDB<Buffer, [string, string]>(named('messages-by-user')),
      settings: environment.openDB<Buffer, string>(named('message-settings')),
    },
    mailbox: openMailboxDatabases(environment),
  };
}
