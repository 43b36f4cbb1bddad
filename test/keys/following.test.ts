/** How a changed secret file comes to the processes of one machine: nobody signs with what another does not accept. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import type { KeySet } from '../../gateway/keys/key-file.ts';
import { fingerprintOf } from '../../gateway/keys/ring.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { type OpenKeys, openKeys } from '../../gateway/wiring/keys.ts';
import { testConfig } from '../main/running.ts';

const folder = mkdtempSync(join(tmpdir(), 'sapgw-keys-'));
const path = join(folder, 'secret');
const [A, B, C, HASH] = ['a', 'b', 'c', 'h'].map((letter) => letter.repeat(32)) as [string, string, string, string];
let open: OpenKeys | undefined;
afterEach(() => open?.close());
afterAll(() => rmSync(folder, { recursive: true }));

const write = (...keys: readonly string[]): void => writeFileSync(path, `${keys.join('\n')}\nhash:${HASH}\n`);

/** A gateway whose worker notes what it is told. */
function follow(...keys: readonly string[]) {
  write(...keys);
  const secret = { kind: 'file', path } as const;
  const opened = openSecrets(secret);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const told: { readonly worker: string; readonly primary: string }[] = [];
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const log = { info: note, warn: note, error: note };
  let worker = opened.secrets.keys();
  const letters = ({ signing }: KeySet): string => signing.map((key) => key[0]).join('');
  open = openKeys(
    { config: testConfig({ secret }), keyRing: opened.secrets, clock: { wall: () => 7, monotonic: () => 7 }, log },
    {
      useKeys: async (next) => {
        // At this moment the primary has the new keys, and the worker has the old ones or the new ones.
        for (const [signs, accepts] of [
          [opened.secrets.keys(), worker],
          [worker, opened.secrets.keys()],
          [next, opened.secrets.keys()],
        ] as const) {
          expect(accepts.signing).toContain(signs.signing[0]);
        }
        worker = next;
        told.push({ worker: letters(worker), primary: letters(opened.secrets.keys()) });
      },
      keysOfWorkers: async () => [{ pid: 1, keys: worker.signing.map(fingerprintOf) }],
    },
  );
  return { open, told, logged };
}

const both = (...stages: readonly string[]) => stages.map((stage) => ({ worker: stage, primary: stage }));

test.each([
  ['a', 'ab', ['ab']],
  ['ab', 'ba', ['ba']],
  ['ba', 'b', ['b']],
  ['a', 'b', ['ab', 'ba', 'b']],
  ['ab', 'cb', ['abc', 'cba', 'cb']],
  ['ab', 'bc', ['abc', 'bca', 'bc']],
])('from %s to %s in stages, each in every process before the next', async (before, after, stages) => {
  const keysOf = (letters: string) => [...letters].map((letter) => letter.repeat(32));
  const followed = follow(...keysOf(before));
  write(...keysOf(after));
  expect(await followed.open.reload()).toEqual({ kind: 'loaded' });
  expect(followed.told).toEqual(both(...stages));
  expect((await followed.open.everywhere()).map(({ keys }) => keys)).toEqual(
    [1, 2].map(() => keysOf(after).map(fingerprintOf)),
  );
});

test('a file that is wrong is told of once, and whenever somebody asks; comments change nothing', async () => {
  const { open: keys, told, logged } = follow(A, B);
  rmSync(path);
  expect(await keys.reload()).toEqual({ kind: 'failed', problem: `${path}: cannot be read: ENOENT` });
  expect(await keys.reload()).toMatchObject({ kind: 'failed' });
  expect(logged).toHaveLength(2);
  writeFileSync(path, `${A}\n${B}\nhash:${C}\n`);
  expect(await keys.reload()).toMatchObject({ problem: expect.stringContaining('put the hash: line of before back') });
  writeFileSync(path, `${A}\n${C}\n`);
  expect(await keys.reload()).toMatchObject({ problem: expect.stringContaining('as the line hash:KEY') });
  expect(keys.problem()).not.toContain(C);
  write('# another comment', A, B);
  expect(await keys.reload()).toEqual({ kind: 'unchanged' });
  expect([keys.problem(), told]).toEqual([undefined, []]);
});

test('keys of the environment stay as they are', async () => {
  const opened = openSecrets({ kind: 'keys', text: A });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const clock = { wall: () => 7, monotonic: () => 7 };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const processes = { useKeys: async () => {}, keysOfWorkers: async () => [] };
  open = openKeys({ config: testConfig(), keyRing: opened.secrets, clock, log }, processes);
  expect([await open.reload(), open.isFile]).toEqual([{ kind: 'fixed' }, false]);
});
