/** Random changes to mailboxes in memory and in LMDB, against the account of `mailbox-model.ts`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { scaled } from '../scale.ts';
import { playGames, SEED } from './mailbox-model.ts';
import { seal } from './records-of-tests.ts';

test(`in memory, seed ${SEED}`, () => playGames(openMemoryStore().mailbox, scaled(100, 2_000)), 600_000);

test(`in LMDB, seed ${SEED}`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-model-'));
  const opened = openLmdbStore(directory, 0, seal);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  try {
    await playGames(opened.store.mailbox, scaled(15, 500));
  } finally {
    await opened.store.close();
    rmSync(directory, { recursive: true });
  }
}, 600_000);
