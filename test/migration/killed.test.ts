/** `sapgw store migrate`, killed again and again on its way to Redis and gone on with, ends as if it had run once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { auditSeal } from '../../gateway/audit/seal.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { parseRedisAddress } from '../../gateway/stores/redis/address.ts';
import { openRedis } from '../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../gateway/stores/redis/keys.ts';
import { Program } from '../main/processes.ts';
import { randomFractions } from '../random.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { scaled } from '../scale.ts';
import { openLmdbEnd } from './ends.ts';
import { fill, found } from './filled.ts';

const SEED = 20_260_719;
const KILLS = scaled(2, 10);
const SIZES = { users: 300, sessions: scaled(4_000, 60_000), records: 60, messages: scaled(200, 3_000) };
/** After a run has begun to copy. */
const LONGEST_LIFE_MILLIS = scaled(200, 1_500);

describeWithRedis('migrations that are killed', () => {
  let server: RedisServer;
  let directory = '';
  let config = '';
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sapgw-killed-'));
    config = join(directory, 'gateway.yaml');
    writeFileSync(join(directory, 'secret'), `${'0123456789abcdef'.repeat(3)}\n`, { mode: 0o600 });
    writeFileSync(config, 'store: lmdb:./data\nsecretFile: ./secret\nvasps: { one: { url: "http://127.0.0.1:1" } }\n');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function lmdb(name: string) {
    const secrets = openSecrets({ kind: 'file', path: join(directory, 'secret') });
    if (secrets.kind === 'failed') throw new Error(secrets.problem);
    return openLmdbEnd(directory, name, auditSeal(secrets.secrets));
  }

  async function foundIn(name: string): Promise<object> {
    const store = lmdb(name);
    try {
      return await found(store, SIZES);
    } finally {
      await store.close();
    }
  }

  const migrate = (...words: readonly string[]): Program =>
    new Program(['store', 'migrate', '--config', config, '--json', ...words]);

  test(`${KILLS} times, then there and back, seed ${SEED}`, async () => {
    const random = randomFractions(SEED);
    const url = server.url();
    const source = lmdb('data');
    await fill(source, SEED, SIZES);
    await source.close();
    const before = await foundIn('data');
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const program = migrate('--to', url);
      await program.told(/copying|comparing/);
      await delay(random() * LONGEST_LIFE_MILLIS);
      await program.kill();
      if (program.child.signalCode === 'SIGKILL') killed += 1;
    }
    expect(killed).toBeGreaterThan(0);
    const there = await migrate('--to', url).finished;
    expect([there.status, JSON.parse(there.stdout).equal]).toEqual([0, true]);
    const back = await migrate('--from', url, '--to', `lmdb:${join(directory, 'again')}`).finished;
    expect([back.status, back.stderr.replace(/^(copying|comparing|verifying).*\n/gm, '')]).toEqual([0, '']);
    expect(JSON.parse(back.stdout)).toMatchObject({ equal: true, unreadable: 0, audit: { problems: 0 } });
    expect(await foundIn('again')).toEqual(before);
  });

  test('a node that runs on the target is told of', async () => {
    const source = lmdb('data');
    await source.notes.put('a', 'b');
    await source.close();
    const url = server.url();
    const address = parseRedisAddress(url);
    if (address === undefined) throw new Error('no address');
    const connection = openRedis(address);
    const nodes = new KeySpace(address.prefix).at('common', 'nodes');
    await connection.background.command('ZADD', nodes, Date.now() + 60_000, 'node-7');
    await connection.close();
    const { status, stderr } = await migrate('--to', url).finished;
    expect([status, stderr]).toEqual([2, expect.stringContaining(': is used by node node-7; stop it first')]);
  });
});
