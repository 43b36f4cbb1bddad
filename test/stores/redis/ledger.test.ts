/**
 * The chain of all nodes in Redis does what every store's does, with several connections at once, with answers that are lost,
 * and when somebody meddles with what is stored.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EMPTY_HEAD, nextEntry } from '../../../gateway/audit/chain.ts';
import type { AuditReport } from '../../../gateway/audit-ports.ts';
import { StoreWriteError } from '../../../gateway/errors.ts';
import type { Accepted, Store } from '../../../gateway/ports.ts';
import { readEntry, writeEntry } from '../../../gateway/stores/audit-records.ts';
import type { Seal } from '../../../gateway/stores/ledger-tables.ts';
import { openMemoryStore } from '../../../gateway/stores/memory.ts';
import { parseRedisAddress } from '../../../gateway/stores/redis/address.ts';
import { openRedis, type RedisConnection, type RedisLink } from '../../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../../gateway/stores/redis/keys.ts';
import { openRedisLedger, type RedisLedger } from '../../../gateway/stores/redis/ledger.ts';
import { type LedgerPart, ledgerKey, writeUsersRow } from '../../../gateway/stores/redis/ledger-rows.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../redis-server.ts';
import { describeAudit } from '../contract-audit.ts';
import { acceptance, accepted, idOf, KEY, OTHER_KEY, OTHER_TEXT, record, seal } from '../records-of-tests.ts';

describeWithRedis('audit chain', () => {
  let server: RedisServer;
  let keys: KeySpace;
  let url = '';
  let connections: RedisConnection[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    url = server.url();
    keys = new KeySpace(parseRedisAddress(url)?.prefix ?? '');
  });
  afterEach(async () => {
    for (const one of connections) await one.close();
    connections = [];
  });

  function connect(): RedisConnection {
    const address = parseRedisAddress(url);
    if (address === undefined) throw new Error(url);
    const connection = openRedis(address);
    connections.push(connection);
    return connection;
  }

  /** A node's own, each with connections of its own. */
  function node(of: Seal = seal): RedisLedger {
    return openRedisLedger({ connection: connect(), keys, seal: of });
  }

  /** A login as users do it: who gets no answer in time tries again. */
  async function login(at: RedisLedger | undefined, user: string, all: Accepted): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await at?.acceptances.accept(user, all);
      } catch (error) {
        if (!(error instanceof StoreWriteError) || tries === 50) throw error;
      }
    }
  }

  const named = ({ problems }: AuditReport): string[] =>
    problems.map(({ sequence, code }) => `${sequence ?? '-'} ${code}`);
  const found = async (of?: Seal): Promise<string[]> => named(await node(of).audit.verify());

  describe('audit of the Redis store', () => {
    let store: Store;
    beforeEach(() => {
      store = { ...openMemoryStore(), ...node() };
    });
    describeAudit(() => store);
  });

  describe('several at once', () => {
    test('300 logins over 4 connections are all in one chain that is whole', async () => {
      const nodes = [node(), node(), node(), node()];
      const logins = Array.from({ length: 300 }, (_, number) => ({ number, user: idOf(`user ${number % 20}`) }));
      await Promise.all(
        logins.map(({ number, user }) =>
          login(
            nodes[number % 4],
            user,
            accepted([record(number, { user }), record(number, { user, id: idOf(`terms ${number}`) })], {
              remember: [acceptance({ policy: `p${number}` })],
            }),
          ),
        ),
      );
      const { audit, acceptances } = node();
      expect(await audit.verify()).toMatchObject({ entries: 600, problems: [], moreProblems: 0 });
      expect(await audit.recordsOf(idOf('user 7'))).toHaveLength(30);
      expect(await acceptances.of(idOf('user 7'))).toHaveLength(15);
    });

    test('who comes one by one at both of two nodes goes on behind the other', async () => {
      const [one, other] = [node(), node()];
      for (let number = 0; number < 20; number++)
        await login(number % 2 === 0 ? one : other, KEY, accepted([record(number)]));
      expect((await one.audit.read(0, 100)).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      expect(await found()).toEqual([]);
    });

    test('the same login at two nodes at the same time is in the chain once', async () => {
      const [one, other] = [node(), node()];
      for (let number = 0; number < 10; number++) {
        const same = accepted([record(number)], { remember: [acceptance()] });
        await Promise.all([login(one, KEY, same), login(other, KEY, same)]);
      }
      expect(await one.audit.verify()).toMatchObject({ entries: 10, problems: [] });
      expect(await one.acceptances.of(KEY)).toEqual([acceptance()]);
    });

    test('logins that are in the chain already come one after the other and are all known', async () => {
      const [one, other] = [node(), node()];
      const user = idOf('again');
      await login(one, user, accepted(Array.from({ length: 300 }, (_, number) => record(number, { user }))));
      const again: Promise<void>[] = [];
      for (let number = 0; number < 300; number++) {
        again.push(other.acceptances.accept(user, accepted([record(number, { user })])));
        if (number % 3 === 0) await new Promise((resume) => setImmediate(resume));
      }
      const failed = (await Promise.allSettled(again)).filter(({ status }) => status === 'rejected');
      expect(failed.length).toBeLessThan(100);
      expect(await one.audit.verify()).toMatchObject({ entries: 300, problems: [] });
    });

    test('a text that another node has stored need not be given', async () => {
      const [one, other] = [node(), node()];
      await one.acceptances.accept(KEY, accepted([record(1)]));
      await other.acceptances.accept(KEY, accepted([record(2, { text: OTHER_TEXT.hash })]));
      await one.acceptances.accept(KEY, accepted([record(3, { text: OTHER_TEXT.hash })], { texts: [] }));
      expect(await found()).toEqual([]);
    });

    test('a login whose text is missing takes none of those with it that are written with it', async () => {
      const { acceptances, audit } = node();
      const logins = [1, 2, 3].map((number) =>
        acceptances.accept(KEY, accepted([record(number)], number === 2 ? { texts: [] } : {})).then(
          () => 'kept',
          () => 'refused',
        ),
      );
      // The second comes when the text is kept already.
      expect(await Promise.all(logins)).toEqual(['kept', 'kept', 'kept']);
      const wrong = record(5, { text: 'f'.repeat(64) });
      const some = [record(4), wrong, record(6)].map((one) => acceptances.accept(KEY, accepted([one])));
      expect((await Promise.allSettled(some)).map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect(await audit.verify()).toMatchObject({ entries: 5, problems: [] });
    });

    test('erasing, retention and verifying go on beside logins', async () => {
      const [one, other] = [node(), node()];
      const old = Array.from({ length: 500 }, (_, index) => record(index, { decidedAt: 1000 + index }));
      await one.acceptances.accept(KEY, accepted(old));
      let isOver = false;
      let number = 1000;
      const logins = (async () => {
        while (!isOver) {
          await login(one, OTHER_KEY, accepted([record(number, { user: OTHER_KEY, text: OTHER_TEXT.hash })]));
          number++;
        }
      })();
      const verified = other.audit.verify();
      expect(await other.audit.dropBefore(1300)).toBe(300);
      expect(await other.audit.erase(KEY)).toBe(200);
      expect((await verified).problems).toEqual([]);
      expect((await other.audit.verify()).problems).toEqual([]);
      isOver = true;
      await logins;
      const report = await other.audit.verify();
      expect(report).toMatchObject({ entries: 200 + number - 1000, erased: 200, problems: [] });
      expect(number).toBeGreaterThan(1000);
    });
  });

  describe('answers that are lost', () => {
    /** A link on which scripts run and their answers get lost, as long as it is told so. */
    function losing(connection: RedisConnection, isLost: () => boolean): RedisConnection {
      const lossy = (link: RedisLink): RedisLink => {
        const lose = <T>(reply: T): T => {
          if (isLost()) throw new StoreWriteError('ETIMEDOUT');
          return reply;
        };
        return {
          command: async (name, ...args) => lose(await link.command(name, ...args)),
          run: async (script, scriptKeys, args) => lose(await link.run(script, scriptKeys, args)),
        };
      };
      return { ...connection, requests: lossy(connection.requests), background: lossy(connection.background) };
    }

    test('a login tried again after a lost answer is in the chain once, whichever answer it was', async () => {
      for (let lost = 1; lost <= 3; lost++) {
        let answers = 0;
        const isLost = () => ++answers === lost;
        const ledger = openRedisLedger({ connection: losing(connect(), isLost), keys, seal });
        const all = accepted([record(lost)], { remember: [acceptance({ version: lost })] });
        await expect(ledger.acceptances.accept(KEY, all)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
        await ledger.acceptances.accept(KEY, all);
        expect(await node().acceptances.of(KEY)).toEqual([acceptance({ version: lost })]);
      }
      expect(await node().audit.verify()).toMatchObject({ entries: 3, problems: [] });
    });

    test('who waited for a lost answer and who came meanwhile are each in the chain once', async () => {
      let answers = 0;
      const ledger = openRedisLedger({ connection: losing(connect(), () => ++answers % 3 === 0), keys, seal });
      let failed = 0;
      await Promise.all(
        Array.from({ length: 40 }, async (_, number) => {
          for (;;) {
            const result = await ledger.acceptances.accept(KEY, accepted([record(number)])).then(
              () => 'kept',
              (error: unknown) => (error instanceof StoreWriteError ? error.code : error),
            );
            if (result === 'kept') return;
            expect(result).toBe('ETIMEDOUT');
            failed++;
          }
        }),
      );
      expect(failed).toBeGreaterThan(0);
      expect(await node().audit.verify()).toMatchObject({ entries: 40, problems: [] });
    });

    test('whoever has the turn and does not come keeps nobody out for long', async () => {
      await connect().requests.command('SET', ledgerKey(keys, 'turn'), 'somebody', 'PX', 60);
      await node().acceptances.accept(KEY, accepted([record(1)]));
      expect(await found()).toEqual([]);
    });

    test('a turn that never ends fails the login in bounded time, and the login after it goes on', async () => {
      const { requests } = connect();
      const { acceptances } = node();
      await requests.command('SET', ledgerKey(keys, 'turn'), 'somebody');
      await expect(acceptances.accept(KEY, accepted([record(1)]))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      await requests.command('DEL', ledgerKey(keys, 'turn'));
      await acceptances.accept(KEY, accepted([record(2)]));
      expect(await node().audit.verify()).toMatchObject({ entries: 1, problems: [] });
    });

    test('a Redis that is away fails the login, and after it comes back the chain goes on', async () => {
      const { acceptances } = node();
      await acceptances.accept(KEY, accepted([record(1)]));
      await server.kill();
      await expect(acceptances.accept(KEY, accepted([record(2)]))).rejects.toBeInstanceOf(StoreWriteError);
      await server.restart();
      await node().acceptances.accept(KEY, accepted([record(2)]));
      expect(await node().audit.verify()).toMatchObject({ entries: 2, problems: [] });
    });
  });

  describe('whoever meddles', () => {
    const ENTRIES = 9;
    beforeEach(async () => {
      const { acceptances } = node();
      for (let number = 1; number <= ENTRIES; number++) {
        const change = number === 3 ? { user: OTHER_KEY, text: OTHER_TEXT.hash } : {};
        await acceptances.accept(KEY, accepted([record(number, change)]));
      }
    });

    const command = (name: string, part: LedgerPart, ...args: readonly (string | number | Uint8Array)[]) =>
      connect().requests.command(name, ledgerKey(keys, part), ...args);

    async function entryOf(sequence: number) {
      const bytes = await command('HGET', 'entries', sequence);
      const entry = readEntry(sequence, Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0));
      if (entry.kind === 'damaged') throw new Error(`${sequence} is damaged`);
      return entry;
    }

    const forged = (sequence: number, hash: string): Buffer =>
      writeEntry(nextEntry({ ...EMPTY_HEAD, next: sequence, hash }, record(sequence, { option: 'forged' })));

    test.each<[string, LedgerPart, string | undefined, readonly string[]]>([
      ['an entry in the middle', 'entries', '5', ['5 missing']],
      ['the first entry', 'entries', '1', ['1 missing']],
      ['the last entry', 'entries', '9', ['9 missing']],
      ['an id', 'ids', record(2).id, ['2 index']],
      ['a text', 'texts', OTHER_TEXT.hash, ['3 text']],
      ['the uses of a text', 'uses', OTHER_TEXT.hash, ['3 text']],
      ['the head', 'head', undefined, ['- head-damaged']],
      ['the entries', 'entries', undefined, ['1 missing']],
    ])('deletes %s', async (_name, part, field, problems) => {
      await (field === undefined ? command('DEL', part) : command('HDEL', part, field));
      expect(await found()).toEqual(problems);
    });

    test.each<[string, LedgerPart, string, string | Uint8Array, readonly string[]]>([
      ['an entry', 'entries', '4', Buffer.of(9), ['4 damaged']],
      ['a number of an id', 'ids', record(5).id, '6', ['5 index', '6 index']],
      ['an id that no record has', 'ids', 'stray', '77', ['77 index']],
      ['a text', 'texts', OTHER_TEXT.hash, Buffer.from('\u0001forged'), ['3 text']],
      ['a text without its format', 'texts', OTHER_TEXT.hash, 'forged', ['3 text']],
      ['the uses of a text', 'uses', OTHER_TEXT.hash, '7', ['3 text']],
      ['uses that are no number', 'uses', OTHER_TEXT.hash, '1.0', ['3 text']],
      ['a text that no record names', 'texts', 'stray', Buffer.from('\u0001stray'), ['- text']],
    ])('changes or adds %s', async (_name, part, field, value, problems) => {
      await command('HSET', part, field, value);
      expect((await found()).filter((one) => problems.includes(one))).toEqual(problems);
    });

    test('adds and removes rows of the index of users', async () => {
      await command('ZREM', 'users', writeUsersRow({ user: KEY, sequence: 4 }));
      await command('ZADD', 'users', 0, writeUsersRow({ user: OTHER_KEY, sequence: 78 }));
      await command('ZADD', 'users', 3, writeUsersRow({ user: KEY, sequence: 7 }));
      expect(await found()).toEqual(['4 index', '7 index', '78 index']);
    });

    test('writes an entry anew, its own hash right', async () => {
      await command('HSET', 'entries', 5, forged(5, (await entryOf(5)).previous));
      expect(await found()).toContain('5 changed');
    });

    test('appends an entry, its link right', async () => {
      await command('HSET', 'entries', 10, forged(10, (await entryOf(9)).hash));
      expect(await found()).toEqual(['10 head-differs']);
    });

    test('puts an old head back with its seal', async () => {
      const old = await command('GET', 'head');
      await node().acceptances.accept(KEY, accepted([record(10), record(11)]));
      await command('SET', 'head', Buffer.isBuffer(old) ? old : '');
      expect((await found()).filter((one) => one.endsWith('head-differs'))).toEqual([
        '10 head-differs',
        '11 head-differs',
      ]);
    });

    test.each<[string, () => Promise<unknown>]>([
      ['deletes the head', () => command('DEL', 'head')],
      ['damages the head', () => command('SET', 'head', 'damaged')],
      ['seals the head with another key', () => node((text) => `other ${text}`).acceptances.accept(KEY, accepted([]))],
    ])('%s: the chain goes on, and says for ever where', async (name, meddle) => {
      await meddle();
      const of: Seal = name.startsWith('seals') ? (text) => `other ${seal(text)}` : seal;
      const before = name.startsWith('seals') ? '- not-sealed' : '- head-damaged';
      expect(await found(of)).toEqual([before]);
      const { acceptances, audit } = node(of);
      await acceptances.accept(KEY, accepted([record(10)]));
      await acceptances.accept(KEY, accepted([record(11)]));
      expect(named(await audit.verify())).toEqual(['10 broken']);
      expect(await audit.head()).toMatchObject({ first: 1, next: 12, breaks: [10] });
    });

    test('deletes the head and entries in the middle: nothing behind them is written over', async () => {
      const { acceptances } = node();
      await acceptances.accept(KEY, accepted(Array.from({ length: 200 }, (_, index) => record(100 + index))));
      await command('HDEL', 'entries', 50, 51, 52);
      await command('DEL', 'head');
      const { audit } = node();
      await node().acceptances.accept(KEY, accepted([record(10)]));
      expect(named(await audit.verify())).toEqual(['50 missing', '210 broken']);
    });

    test('reading goes on without a head', async () => {
      await command('DEL', 'head');
      const { audit } = node();
      expect(await audit.head()).toEqual(EMPTY_HEAD);
      expect((await audit.read(0, 100)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await audit.recordsOf(OTHER_KEY)).toHaveLength(1);
    });

    test('retention goes no further than a damaged entry, and nowhere under a foreign head', async () => {
      await command('HSET', 'entries', 3, Buffer.of(9));
      expect(await node().audit.dropBefore(Number.MAX_SAFE_INTEGER)).toBe(2);
      await expect(node(() => 'another seal').audit.dropBefore(1)).rejects.toMatchObject({ code: 'AUDIT_NOT_SEALED' });
      await node().acceptances.accept(KEY, accepted([record(10)]));
      expect(await found()).toContain('3 damaged');
    });
  });

  test('retention goes past more erased entries than it looks at once', async () => {
    const { acceptances, audit } = node();
    await acceptances.accept(KEY, accepted(Array.from({ length: 700 }, (_, index) => record(index))));
    await acceptances.accept(OTHER_KEY, accepted([record(1000, { user: OTHER_KEY })]));
    expect(await audit.erase(KEY)).toBe(700);
    expect(await audit.dropBefore(Number.MAX_SAFE_INTEGER)).toBe(701);
    expect(await audit.verify()).toMatchObject({ entries: 0, problems: [] });
    const left = await connect().requests.command('KEYS', `${keys.at('ledger', '')}*`);
    const parts = (Array.isArray(left) ? left : []).map((key) => String(key).split(':').at(-1));
    expect(parts.sort()).toEqual(['changes', 'head']);
  });
});
