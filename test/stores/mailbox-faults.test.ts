/**
 * Faults of the medium [reliability D2]: while it takes no more, every write is refused with a code and at once, nothing
 * that was acknowledged is lost and nothing that was refused is there; when it takes more again, so does the same store.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Store } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { recounted } from './mailbox-recount.ts';
import { deposit, idOf, seal } from './records-of-tests.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-faults-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The line that a program printed, when it ended by itself. */
async function lineOf(program: string, ...args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, ['--import', 'tsx', `test/stores/${program}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...how) => resolve(how)),
  );
  if (code !== 0) throw new Error(`${program} ended with ${signal ?? code}: ${errors.slice(-2_000)}`);
  return JSON.parse(output.split('\n').at(-2) ?? '');
}

/** A write past the end, or one that was cut short by it. */
const FULL = expect.stringMatching(/^(EFBIG|EIO|ENOSPC)$/);

test('while the disk takes nothing, nothing is acknowledged; then the same store goes on', async () => {
  const told = await lineOf('mailbox-faults-program.ts', join(directory, 'store'), '0');
  expect(told).toEqual({
    before: { stored: 50 },
    during: { EFBIG: 200 },
    others: [FULL, FULL, FULL, FULL],
    openWhileFull: ['failed', 'open'],
    closedWhileFull: expect.stringMatching(/^(EFBIG|EIO), closed: stored$/),
    readable: true,
    after: { stored: 50 },
    sessionAfter: 'stored',
    stored: 100,
    lost: 0,
    sneaked: 0,
    waiting: 100,
    isCountRight: true,
    unhandled: 0,
    closed: 'stored',
  });
}, 60_000);

test('while the disk fills up, what is acknowledged is there and what is refused is not', async () => {
  const told = await lineOf('mailbox-faults-program.ts', join(directory, 'store'), '300000');
  expect(told).toMatchObject({
    lost: 0,
    sneaked: 0,
    isCountRight: true,
    unhandled: 0,
    readable: true,
    closed: 'stored',
  });
  expect(told).toMatchObject({ before: { stored: 50 }, after: { stored: 50 }, sessionAfter: 'stored' });
  const { during, stored, waiting } = told as { during: Record<string, number>; stored: number; waiting: number };
  const { stored: taken = 0, ...codes } = during;
  expect(Object.keys(codes).filter((code) => !['EFBIG', 'EIO', 'ENOSPC'].includes(code))).toEqual([]);
  expect(Object.values(codes).reduce((sum, count) => sum + count, taken)).toBe(200);
  expect(taken).toBeLessThan(200);
  expect([stored, waiting]).toEqual([100 + taken, 100 + taken]);
}, 60_000);

test('a store that may only be read is not opened, nor taken for a damaged one; then it is opened again', async () => {
  chmodSync(directory, 0o755);
  expect(await lineOf('mailbox-read-only-program.ts', directory)).toEqual({
    before: 'stored',
    readOnly: `${join(directory, 'store')}: cannot be opened: EACCES`,
    after: 'stored',
    waiting: 2,
    setAside: 1,
  });
}, 60_000);

test('the map of the store’s file is never full: it grows with the file, in every process', async () => {
  const opened = (): Store => {
    const result = openLmdbStore(join(directory, 'store'), 0, seal);
    if (result.kind === 'failed') throw new Error(result.problem);
    return result.store;
  };
  const [one, other] = [opened(), opened()];
  // 128 KB are mapped at the start.
  const content = Buffer.alloc(300_000, 7);
  for (let number = 0; number < 12; number += 1) {
    const store = number % 2 === 0 ? one : other;
    expect(await store.mailbox.put(deposit(number, { userKey: idOf('u') }, { content }), 99)).toEqual({
      kind: 'stored',
    });
  }
  for (const { mailbox } of [one, other]) {
    expect(await mailbox.counts(idOf('u'))).toEqual({ messages: 12, bytes: 2_400 });
    expect(await mailbox.content(deposit(3).message.id)).toEqual(new Uint8Array(content));
    expect(await recounted(mailbox)).toEqual(await mailbox.totals());
  }
  await Promise.all([one.close(), other.close()]);
}, 60_000);
