/** `sapgw store migrate`: what an operator reads, with which exit status, and what it refuses to do. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { auditSeal } from '../../gateway/audit/seal.ts';
import { registerStore } from '../../gateway/cli/store.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { serve } from '../main/processes.ts';
import { session } from '../stores/records-of-tests.ts';
import { CANARY, Kept } from './kept.ts';

let kept: Kept;
let source = '';
let target = '';
beforeEach(() => {
  kept = new Kept();
  source = `lmdb:${join(kept.folder, 'data')}`;
  target = `lmdb:${join(kept.folder, 'other')}`;
});
afterEach(() => kept.remove());

async function migrate(...words: readonly string[]) {
  let out = '';
  const errors: string[] = [];
  const output = {
    write: async (text: string): Promise<void> => {
      out += text;
    },
    printError: (line: string) => void errors.push(line),
    progress: (line: string) => void shown.push(line),
  };
  const shown: string[] = [];
  const program = new Command('sapgw').exitOverride();
  registerStore(program, output);
  process.exitCode = 0;
  const configured = words.includes('--config') ? words : [...words, '--config', kept.config];
  await program.parseAsync(['store', 'migrate', ...configured], { from: 'user' });
  const status = process.exitCode;
  process.exitCode = 0;
  expect([out, ...errors, ...shown].join()).not.toContain(CANARY);
  return { out, errors, shown, status };
}

describe('a migration', () => {
  test('shows what came over, and the next step', async () => {
    await kept.fill();
    await kept.store((store) => store.sessions.put('s2', session({ expiresAt: Date.now() + 3_600_000 })));
    const { out, errors, shown, status } = await migrate('--to', target);
    expect([errors, status]).toEqual([[], 0]);
    expect(out.replace(/in \d+\.\d s/, 'in a moment').split('\n')).toEqual([
      'audit-texts                  2',
      'audit-entries                5',
      'audit-ids                    5',
      'audit-users                  5',
      'audit-head                   1',
      'acceptances                  3',
      'ask-again                    0',
      'notes                        0',
      'system-messages              3',
      'user-settings                1',
      'mailbox                      3',
      'notifications                1',
      'off-line-wishes              1',
      'sessions                     1',
      'audit chain: 5 entries, nothing is wrong',
      '31 rows in a moment',
      `Both stores hold the same. Now set \`store: ${target}\` and start the gateway; ${source} is as it was.`,
      '',
    ]);
    expect(shown[0]).toBe('copying audit-texts: 2 of 32 rows (6%)');
  });

  test('into the store that is configured', async () => {
    await kept.fill();
    const { out, status } = await migrate('--from', source, '--store', target);
    expect(status).toBe(0);
    expect(out).toContain(`Both stores hold the same. Now start the gateway; ${source} is as it was.`);
  });

  test('is told as JSON, too', async () => {
    await kept.fill();
    const { out, status } = await migrate('--to', target, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      equal: true,
      from: source,
      to: target,
      audit: { entries: 5, problems: 0, equal: true },
      unreadable: 0,
      copied: 30,
      finishedBefore: null,
    });
    expect(JSON.parse(out).tables).toContainEqual({ table: 'mailbox', source: 3, target: 3, equal: true });
  });

  test('that was finished only compares, and says when a gateway has gone on', async () => {
    await kept.fill();
    await migrate('--to', target);
    const again = await migrate('--to', target);
    expect([again.status, again.errors]).toEqual([0, []]);
    expect(again.out).toMatch(/nothing was copied: it was finished on \d{4}-/);
    await kept.store((store) => store.notes.put('a', 'b'));
    const later = await migrate('--to', target);
    expect(later.out).toContain('notes            1 in the source, 0 in the target: not the same');
    expect(later.errors).toEqual(['the stores do not hold the same any more: a gateway has used one of them since']);
    expect(later.status).toBe(1);
  });
});

describe('it refuses', () => {
  beforeEach(() => kept.fill());

  /** The one line that is printed, with exit status 2. */
  async function refusal(...words: readonly string[]): Promise<string | undefined> {
    const { out, errors, status } = await migrate(...words);
    expect([out, status, errors.length]).toEqual(['', 2, 1]);
    return errors[0];
  }

  test('a target that holds something', async () => {
    const secrets = openSecrets({ kind: 'file', path: join(kept.folder, 'secret') });
    if (secrets.kind === 'failed') throw new Error(secrets.problem);
    const other = openLmdbStore(join(kept.folder, 'other'), 0, auditSeal(secrets.secrets));
    if (other.kind === 'failed') throw new Error(other.problem);
    await other.store.notes.put('a', 'b');
    await other.store.close();
    expect(await refusal('--to', target)).toBe(
      `${target}: holds something already (rows: notes 1); name another directory, or remove that one`,
    );
  });

  test('what is no store', async () => {
    const form = 'write lmdb:DIRECTORY, redis://HOST:PORT/DB, redis-sentinel://HOST:PORT,HOST:PORT/NAME or';
    expect(await refusal('--to', 'redis://user:my-password@/x')).toContain(
      `--to: is no store that can be migrated; ${form}`,
    );
    expect(await refusal('--from', 'memory:', '--to', target)).toContain('--from: is no store');
    expect(await refusal('--store', 'memory:', '--to', target)).toBe(
      'store memory: lives inside the running gateway only; name --from and --to',
    );
    expect(await refusal()).toBe('name --to, --from or both: the configured store is the other one');
    expect(await refusal('--to', source)).toBe(`--to: ${source} is where it comes from`);
    expect(await refusal('--from', 'lmdb:/nowhere', '--to', target)).toBe('lmdb:/nowhere: holds no store');
  });

  test('without the keys', async () => {
    expect(await refusal('--to', target, '--secret-file', '/nowhere')).toContain('/nowhere: is not there');
  });

  test('a second migration into the same place, and other keys', async () => {
    const path = join(kept.folder, 'secret');
    const before = readFileSync(path, 'utf8');
    const stopped = migrate('--to', target);
    process.emit('SIGINT');
    await stopped;
    writeFileSync(path, `${'other'.repeat(10)}\n`);
    expect(await refusal('--to', target)).toContain('was begun to be filled with other keys than those');
    writeFileSync(path, before);
  });
});

test('while a gateway has one of the stores open it is refused, but for --force', async () => {
  await kept.fill();
  mkdirSync(join(kept.folder, 'policies'));
  const { program } = await serve('--config', kept.config, '--policies', join(kept.folder, 'policies'));
  try {
    const { errors, status } = await migrate('--to', target);
    expect(errors).toEqual([
      `${source}: is used by process ${program.child.pid}; stop it first (--force migrates all the same, and may miss what is written meanwhile)`,
    ]);
    expect(status).toBe(2);
    const forced = await migrate('--to', target, '--force');
    expect(forced.errors[0]).toContain('what is written meanwhile may be missing');
    expect(forced.status).toBe(0);
  } finally {
    await program.kill();
  }
});
