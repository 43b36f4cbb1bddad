/** A configuration with a store in which two users at two VASPs have accepted things, and commands run on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { auditSeal } from '../../gateway/audit/seal.ts';
import type { AuditRecord } from '../../gateway/audit-ports.ts';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { registerAudit } from '../../gateway/cli/audit.ts';
import { registerUser } from '../../gateway/cli/user.ts';
import type { Store } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import {
  acceptance,
  EVERYTHING_OF_A_MESSAGE,
  message,
  OTHER_TEXT,
  record,
  session,
  TEXT,
} from '../stores/records-of-tests.ts';

export const ALICE = 'wv:alice@im.example';
export const BOB = 'wv:bob@im.example';
/** Stands where names are sealed; as it is, so that tests find it where it should not be. */
export const CANARY = 'sealed-name-of-somebody';
const SEALED = new TextEncoder().encode(CANARY);
const KEYS = `${'0123456789abcdef'.repeat(3)}\n`;

export interface Ran {
  readonly out: string;
  readonly err: readonly string[];
  readonly status: unknown;
}

export class Kept {
  readonly folder = mkdtempSync(join(tmpdir(), 'sapgw-kept-'));
  readonly config = join(this.folder, 'gateway.yaml');

  constructor(more = '') {
    writeFileSync(join(this.folder, 'secret'), KEYS, { mode: 0o600 });
    const vasps = 'vasps:\n  one: { url: "http://127.0.0.1:1", paths: ["/1"] }\n  two: { url: "http://127.0.0.1:2" }\n';
    writeFileSync(this.config, `store: lmdb:./data\nsecretFile: ./secret\n${vasps}${more}`);
  }

  key(vasp: string, user: string): string {
    return userKeyOf(this.#secrets(), { name: vasp }, user);
  }

  /** Five records: Alice's at both VASPs, the fourth Bob's. Two messages to Alice, an answered one and an open one, one to Bob. */
  async fill(): Promise<void> {
    await this.store(async (store) => {
      const alice = this.key('one', ALICE);
      const accept = (user: string, records: readonly AuditRecord[], policy: string) =>
        store.acceptances.accept(user, {
          remember: [acceptance({ policy })],
          records: records.map((one) => ({ ...one, user })),
          texts: [TEXT, OTHER_TEXT],
        });
      await accept(alice, [record(1, { vasp: 'one' }), record(2, { vasp: 'one', policy: 'terms' })], 'aoc');
      await accept(this.key('two', ALICE), [record(3, { vasp: 'two', text: OTHER_TEXT.hash })], 'aoc');
      await accept(this.key('one', BOB), [record(4, { vasp: 'one', charge: undefined, level: undefined })], 'aoc');
      await accept(alice, [record(5, { vasp: 'one', option: '=cmd()', granted: ['a', 'b'] })], 'tariff');
      await store.sessions.put('s1', session({ userKey: alice, person: SEALED }));
      const about = { aboutKey: this.key('one', BOB), about: SEALED };
      await store.systemMessages.put([
        message(2, { userKey: alice, vasp: 'one', ...about }),
        message(1, { ...EVERYTHING_OF_A_MESSAGE, ...about, userKey: alice, vasp: 'one' }),
        message(3, { userKey: this.key('one', BOB), vasp: 'one' }),
      ]);
      await store.systemMessages.set(alice, { help: 'off', seen: new Map([['welcome', 2]]) });
      await this.#keepMail(store, alice, this.key('one', BOB));
    });
  }

  /** Two messages for Alice, of which one was given up, with a notification and her wishes; one for Bob. */
  async #keepMail(store: Store, alice: string, bob: string): Promise<void> {
    const notification = {
      userKey: alice,
      policy: 'away',
      vasp: 'one',
      bearer: 'sms',
      at: 1_700_000_000_000,
      windowMillis: 60_000,
      content: SEALED,
    };
    for (const [index, [userKey, senderKey]] of [
      [alice, bob] as const,
      [alice, bob] as const,
      [bob, alice] as const,
    ].entries()) {
      const message = {
        id: `${index}`.padStart(21, 'm').padEnd(22, 'A'),
        kind: 'message',
        userKey,
        senderKey,
        vasp: 'one',
        policy: 'away',
        storedAt: 1_700_000_000_000,
        expiresAt: 1_700_604_800_000,
        bytes: 5,
        envelope: SEALED,
      } as const;
      const rest = { content: SEALED, duplicate: undefined, quota: undefined };
      await store.mailbox.put({ message, ...rest, notification: index === 0 ? notification : undefined }, 100);
    }
    await store.mailbox.bury(`${'m'.repeat(20)}1A`, 'unacknowledged', 1_700_000_001_000);
    await store.mailbox.wishes.set(alice, { bearers: ['SMS'], etemHandling: undefined, notifications: true });
  }

  async store<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const opened = openLmdbStore(join(this.folder, 'data'), 0, auditSeal(this.#secrets()));
    if (opened.kind === 'failed') throw new Error(opened.problem);
    try {
      return await work(opened.store);
    } finally {
      await opened.store.close();
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** Runs `sapgw …` with the configuration. */
  async sapgw(...words: readonly string[]): Promise<Ran> {
    let out = '';
    const err: string[] = [];
    const output = {
      write: async (text: string): Promise<void> => {
        out += text;
      },
      printError: (line: string) => void err.push(line),
    };
    const program = new Command('sapgw').exitOverride();
    registerAudit(program, output);
    registerUser(program, output);
    process.exitCode = 0;
    const configured = words.includes('--config') ? words : [...words, '--config', this.config];
    await program.parseAsync(configured, { from: 'user' });
    const status = process.exitCode;
    process.exitCode = 0;
    return { out, err, status };
  }

  #secrets() {
    const secrets = openSecrets({ kind: 'file', path: join(this.folder, 'secret') });
    if (secrets.kind === 'failed') throw new Error(secrets.problem);
    return secrets.secrets;
  }
}
