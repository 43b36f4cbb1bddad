/**
 * Plays every transcript of this folder against the whole gateway, on every store, in XML and WBXML and in every version that
 * it is written for. Adding a case is adding a .txt.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import type { Encoding } from '../../gateway/csp/versions.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { play } from './play.ts';
import { lmdbStores, memoryStores, type RigStores, redisStores } from './rig-stores.ts';
import { parseScript } from './script.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ENCODINGS: readonly Encoding[] = ['xml', 'wbxml'];
const SCRIPTS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .map((file) => ({ file, script: parseScript(readFileSync(FOLDER + file, 'utf8')) }));

function playAll(stores: () => RigStores): void {
  for (const { file, script } of SCRIPTS) {
    const variants = script.versions.flatMap((version) => ENCODINGS.map((encoding) => ({ version, encoding })));
    test.each(variants)(`${file}, CSP $version, $encoding`, ({ version, encoding }) =>
      play(file, script, version, encoding, stores()),
    );
  }
}

describe('transcripts on a store in memory', () => {
  playAll(() => memoryStores);
});

describe('transcripts on LMDB', () => {
  let stores: RigStores;
  beforeAll(() => {
    stores = lmdbStores();
  });
  afterAll(() => stores.close());
  playAll(() => stores);
});

describe('transcripts on Redis', () => {
  describeWithRedis('transcripts on Redis', () => {
    let server: RedisServer;
    let stores: RigStores;
    beforeAll(async () => {
      server = await startRedis(['--appendonly', 'no']);
      stores = redisStores(server.url());
    });
    afterAll(async () => {
      await stores.close();
      await server.stop();
    });
    playAll(() => stores);
  });
});
