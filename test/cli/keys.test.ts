/** `sapgw keys`: three times the same command rotates a key; what would refuse an answer or lose a name is refused instead. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Command } from 'commander';
import { registerKeys } from '../../gateway/cli/keys.ts';
import { fingerprintOf } from '../../gateway/keys/ring.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { sealPerson } from '../../gateway/system-message/person.ts';
import { chargePolicy, LEVELS } from '../main/running.ts';
import { session } from '../stores/records-of-tests.ts';
import { Kept } from './kept.ts';

const OLD = 'old-key-'.repeat(6);
const HASH = 'hash-key'.repeat(6);
const NOON = Date.parse('2026-01-01T12:00:00.000Z');
const MINUTE = 60_000;
/** Three time-outs of the policy. */
const WAIT = 6 * MINUTE;
const USER = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Nobody listens there. */
const NOBODY = await freeAddress();

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

let kept: Kept;
let secret: string;
beforeEach(() => {
  kept = new Kept(`admin: { listen: "${NOBODY}" }\npolicies: ./policies\n`);
  mkdirSync(join(kept.folder, 'policies'));
  writeFileSync(join(kept.folder, 'policies/levels.yaml'), LEVELS);
  writeFileSync(join(kept.folder, 'policies/aoc.yaml'), chargePolicy('{ grant: full }'));
  secret = join(kept.folder, 'secret');
  writeFileSync(secret, `# ours\n${OLD}\nhash:${HASH}\n`, { mode: 0o600 });
});
afterEach(() => kept.remove());

async function keys(command: string, now: number, ...more: readonly string[]) {
  let out = '';
  const errors: string[] = [];
  const output = {
    write: async (text: string) => {
      out += text;
    },
    printError: (line: string) => void errors.push(line),
  };
  const program = new Command('sapgw').exitOverride();
  registerKeys(program, { output, now: () => now });
  process.exitCode = 0;
  await program.parseAsync(['keys', command, '--config', kept.config, ...more], { from: 'user' });
  const status = process.exitCode;
  process.exitCode = 0;
  return { out, errors, status };
}

const signing = (): readonly string[] =>
  readFileSync(secret, 'utf8')
    .split('\n')
    .filter((line) => /^[^#]/.test(line) && !line.startsWith('hash:'));

function secrets() {
  const opened = openSecrets({ kind: 'file', path: secret });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  return opened.secrets;
}

/** A store with a notification and a session whose names the key that signs now has sealed. */
async function keep(expiresAt: number): Promise<void> {
  const sealing = secrets();
  const names = { userId: 'wv:alice@im.example', clientId: 'phone', language: undefined };
  const message = {
    id: 'mmmmmmmmmmmmmmmmmmmmmA',
    kind: 'message' as const,
    userKey: USER,
    vasp: 'one',
    policy: 'away',
    senderKey: USER,
    storedAt: NOON,
    expiresAt: NOON + 1e9,
    bytes: 4,
    envelope: sealing.seal('envelope', 'from whom'),
  };
  const deposit = { content: undefined, duplicate: undefined, quota: undefined, notification: undefined };
  const person = sealPerson(sealing, names);
  if (person === undefined) throw new Error('not sealed');
  await kept.store(async (store) => {
    await store.mailbox.put({ ...deposit, message }, 10);
    await store.sessions.put('s1', session({ userKey: USER, person, expiresAt }));
  });
}

describe('without a running gateway', () => {
  test('three times the same command rotates the key', async () => {
    await keep(NOON + MINUTE);
    const first = await keys('rotate', NOON);
    const [, fresh = ''] = signing();
    const [a, b] = [fingerprintOf(OLD), fingerprintOf(fresh)];
    expect(first).toEqual({
      out: [
        `${b} is new and accepted; ${a} signs`,
        'no gateway runs here; one takes the file when it starts',
        `next: copy ${secret} to the other nodes, if there are any; then sapgw keys rotate: ${b} signs`,
        '',
      ].join('\n'),
      errors: [],
      status: 0,
    });
    expect(fresh).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(secret).mode & 0o777).toBe(0o600);

    const second = await keys('rotate', NOON + MINUTE);
    expect([second.status, second.errors, signing()]).toEqual([0, [], [fresh, OLD]]);
    expect(second.out).toContain(`${b} signs; ${a} is still accepted\n`);
    expect(second.out).toContain(`from 2026-01-01T12:07:00.000Z on, sapgw keys rotate: ${a} goes, ${b} stays`);

    const early = await keys('rotate', NOON + MINUTE + WAIT - 1);
    expect(early).toEqual({
      out: '',
      errors: ['what the old key signed can be answered until 2026-01-01T12:07:00.000Z'],
      status: 1,
    });
    const status = await keys('status', NOON + MINUTE + WAIT);
    expect(status.out.split('\n').slice(0, 4)).toEqual([
      `${secret}: 2 live keys`,
      `${b} signs since 2026-01-01T12:01:00.000Z`,
      `${a} is accepted, signed until 2026-01-01T12:01:00.000Z`,
      `no gateway answers at http://${NOBODY}`,
    ]);

    const third = await keys('rotate', NOON + MINUTE + WAIT);
    expect(third).toMatchObject({ errors: [], status: 0 });
    expect(third.out).toContain(`${a} is gone; ${b} signs\n1 kept messages and notifications were sealed anew\n`);
    expect(readFileSync(secret, 'utf8')).toBe(
      `# ours\n# signs since 2026-01-01T12:01:00.000Z\n${fresh}\nhash:${HASH}\n`,
    );
    await kept.store(async ({ mailbox }) => {
      const message = await mailbox.get('mmmmmmmmmmmmmmmmmmmmmA');
      expect(message && secrets().unseal('envelope', message.envelope)).toBe('from whom');
    });
    expect(readdirSync(kept.folder).filter((name) => name.startsWith('secret'))).toEqual(['secret']);
  });

  test('--all lets the new key sign at once; JSON tells the last step', async () => {
    const { out, status } = await keys('rotate', NOON, '--all', '--json');
    const [fresh = ''] = signing();
    expect([status, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({
        step: 'switch',
        done: true,
        keys: [
          { fingerprint: fingerprintOf(fresh), signs: true, mark: 'signs since', at: '2026-01-01T12:00:00.000Z' },
          { fingerprint: fingerprintOf(OLD), signs: false, mark: 'signed until', at: '2026-01-01T12:00:00.000Z' },
        ],
        next: { step: 'drop', from: '2026-01-01T12:06:00.000Z' },
        obstacles: [],
      }),
    ]);
    expect(signing()[1]).toBe(OLD);
  });

  test('an open session that holds a name of the old key keeps it, unless that is forced', async () => {
    await keep(NOON + 20 * MINUTE);
    await keys('rotate', NOON, '--all');
    const before = readFileSync(secret, 'utf8');
    const refused = await keys('rotate', NOON + WAIT, '--json');
    expect([refused.status, JSON.parse(refused.out)]).toMatchObject([
      1,
      {
        step: 'drop',
        done: false,
        obstacles: [{ kind: 'left', message: expect.stringContaining('in 1 open sessions') }],
      },
    ]);
    expect(readFileSync(secret, 'utf8')).toBe(before);
    const forced = await keys('rotate', NOON + WAIT, '--force');
    expect(forced).toMatchObject({ status: 0, errors: [expect.stringContaining('forced: sealed by the old key')] });
    expect(signing()).toHaveLength(1);
  });

  test('where nodes share a store, others may run, and nothing is done', async () => {
    const { errors, status } = await keys('rotate', NOON, '--store', 'redis://127.0.0.1:1');
    expect([errors, status]).toEqual([[expect.stringContaining('other nodes on this store may run')], 1]);
    expect(signing()).toEqual([OLD]);
  });

  test('a file without a hash key of its own keeps its hashes', async () => {
    writeFileSync(secret, `${OLD}\n`);
    const before = secrets().keyedHash('user', 'x');
    await keys('rotate', NOON);
    expect(secrets().keyedHash('user', 'x')).toBe(before);
  });

  test('several at once lose no key', async () => {
    const results = await Promise.all([1, 2, 3, 4].map(() => keys('rotate', NOON)));
    const [first, second, ...others] = [...signing()].toSorted((one) => (one === OLD ? -1 : 1));
    expect([first, second, others]).toEqual([OLD, expect.stringMatching(/^[0-9a-f]{64}$/), []]);
    const told = results.flatMap(({ out }) => /^(\w+) is new/.exec(out)?.[1] ?? []);
    expect(told).toEqual([fingerprintOf(second ?? '')]);
  });
});

describe('a file', () => {
  test('that somebody replaces at this moment is left alone', async () => {
    writeFileSync(`${secret}.next`, '');
    expect(await keys('rotate', NOON)).toEqual({
      out: '',
      errors: [`${secret}.next is there: somebody else replaces the keys; if nobody does, remove it`],
      status: 1,
    });
    expect(signing()).toEqual([OLD]);
  });

  test('that is a link is replaced where it is, and stays readable for its group alone', async () => {
    const link = join(kept.folder, 'link');
    symlinkSync('secret', link);
    chmodSync(secret, 0o644);
    expect(await keys('rotate', NOON, '--secret-file', link)).toMatchObject({ status: 0 });
    expect([lstatSync(link).isSymbolicLink(), statSync(secret).mode & 0o777, signing().length]).toEqual([
      true,
      0o640,
      2,
    ]);
  });

  test('that is wrong or not there is told of, and stays', async () => {
    writeFileSync(secret, 'short\n');
    for (const command of ['status', 'rotate']) {
      expect(await keys(command, NOON)).toEqual({
        out: '',
        errors: [expect.stringContaining('fewer than 32 characters')],
        status: 2,
      });
    }
    expect(readFileSync(secret, 'utf8')).toBe('short\n');
    const nowhere = await keys('rotate', NOON, '--secret-file', join(kept.folder, 'none'));
    expect(nowhere).toMatchObject({ errors: [expect.stringContaining('cannot be read: ENOENT')], status: 2 });
  });

  test('is what is needed: keys in the environment cannot be followed', async () => {
    const told = jest.spyOn(console, 'error').mockReturnValue();
    process.env.SAPGW_SECRET = OLD;
    try {
      expect((await keys('rotate', NOON)).status).toBe(2);
      expect(told.mock.calls.join()).toContain('the keys come from SAPGW_SECRET');
    } finally {
      delete process.env.SAPGW_SECRET;
      told.mockRestore();
    }
  });
});

describe('with a gateway that runs', () => {
  let admin: Server;
  let processes: readonly object[];
  let flags: readonly string[];
  const a = fingerprintOf(OLD);
  const ran = (process: number, signs: string | null, ...accepted: readonly string[]) => ({
    node: process < 3 ? 'here' : 'there',
    process,
    signs,
    accepted,
    since: signs === null ? null : '2026-01-01T12:02:00.000Z',
  });
  beforeEach(async () => {
    admin = createServer((_request, response) =>
      response.end(JSON.stringify({ source: 'file', problem: null, answerableSeconds: 60, processes })),
    );
    await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
    flags = ['--admin', `127.0.0.1:${(admin.address() as AddressInfo).port}`];
  });
  afterEach(() => void admin.close());

  test('each step waits for every process, of other nodes too', async () => {
    processes = [ran(1, a), ran(3, a)];
    const first = await keys('rotate', NOON, ...flags);
    expect(first.out).toContain('not everywhere yet: here process 1, there process 3\n');
    const b = fingerprintOf(signing()[1] ?? '');

    processes = [ran(1, a, b), ran(2, null), ran(3, a)];
    const refused = await keys('rotate', NOON, ...flags);
    expect(refused).toEqual({
      out: '',
      errors: [
        'the second key is not accepted yet: here process 2 (does not answer), there process 3; copy this file there',
      ],
      status: 1,
    });
    processes = [ran(1, a, b), ran(3, a, b)];
    expect((await keys('rotate', NOON, ...flags)).status).toBe(0);

    await keep(NOON);
    expect((await keys('rotate', NOON + MINUTE, ...flags)).errors).toEqual([
      'the first key does not sign yet: here process 1, there process 3; copy this file there',
      'what the old key signed can be answered until 2026-01-01T12:03:00.000Z',
    ]);
    processes = [ran(1, b, a), ran(3, b, a)];
    expect((await keys('rotate', NOON + 3 * MINUTE, ...flags)).status).toBe(0);
    expect(fingerprintOf(signing()[0] ?? '')).toBe(b);
  });

  test('a node that is further, or the wrong file, stops everything', async () => {
    processes = [ran(1, a), ran(3, a, 'deadbeef')];
    const refused = await keys('rotate', NOON, ...flags);
    expect(refused).toMatchObject({
      status: 1,
      errors: [expect.stringMatching(/^other keys .*: there process 3; copy/)],
    });
    expect(signing()).toEqual([OLD]);
    const status = await keys('status', NOON, ...flags);
    expect(status.out).toContain(`there process 3: ${a} signs since 2026-01-01T12:02:00.000Z; deadbeef accepted\n`);
    expect(status.out).toContain('not yet: other keys');
  });

  test('what cannot be asked stops it too, and what is kept in memory is not lost unsaid', async () => {
    processes = [];
    const { errors, status } = await keys('rotate', NOON, '--store', 'memory:');
    expect([errors, status]).toEqual([[], 0]);
    const b = fingerprintOf(signing()[1] ?? '');
    processes = [ran(1, a, b)];
    await keys('rotate', NOON, '--store', 'memory:', ...flags);
    processes = [ran(1, b, a)];
    const kept = await keys('rotate', NOON + 3 * MINUTE, '--store', 'memory:', ...flags);
    expect([kept.status, kept.errors]).toEqual([1, [expect.stringContaining('in the memory of the running gateway')]]);
    admin.removeAllListeners('request').on('request', (_request, response) => response.writeHead(404).end('{}'));
    const unknown = await keys('rotate', NOON + 3 * MINUTE, ...flags);
    expect([unknown.status, unknown.errors]).toEqual([1, [expect.stringContaining('does not tell its keys')]]);
  });
});
