/**
 * A key is rotated while phones log in, as its operator does it: `sapgw keys rotate`, three times, beside a gateway of one
 * process and of several. Who was asked before a step is believed after it, until the old key is gone; what it has sealed is
 * delivered. A file that is wrong changes nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerKeys } from '../../gateway/cli/keys.ts';
import { childText } from '../../gateway/csp/element.ts';
import { fingerprintOf } from '../../gateway/keys/ring.ts';
import { headOf, letter, MailPhone } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { type Answer, call, until } from './admin-calls.ts';
import { type Served, serveInTwo } from './processes.ts';
import { chargePolicy, LEVELS, policyFolder, temporaryFolder } from './running.ts';

const KEPT = `kind: off-line-user
id: kept
keep: { messages: 500, bytes: 1MiB, for: 7d }
storeOn: [533]
`;
/** More than processes, so that each gets some. */
const CONNECTIONS = 6;

describe.each([
  ['one process', 1, 1],
  ['a primary and two workers', 2, 3],
])('%s', (_name, workers, processes) => {
  let vasp: MailboxVasp;
  let served: Served;
  let config: string;
  let secret: string;
  let lanes: Lanes;

  beforeAll(async () => {
    vasp = await MailboxVasp.listen();
    const place = temporaryFolder();
    secret = join(place, 'secret');
    const policies = {
      'levels.yaml': LEVELS,
      'aoc.yaml': chargePolicy('{ grant: full }'),
      'kept.yaml': KEPT,
    };
    const settings = { policies: policyFolder(policies), vasps: { v: { url: vasp.url } }, workers };
    ({ served, config } = await serveInTwo(place, settings));
    lanes = new Lanes(served.port, CONNECTIONS);
  });
  afterAll(async () => {
    lanes.close();
    await served.program.kill();
    await vasp.close();
  });

  const phone = (name: string): MailPhone =>
    new MailPhone(`wv:${name}@im.example`, { version: '1.3', encoding: 'wbxml' }, lanes);

  async function logIn(name: string, think?: () => Promise<void>): Promise<MailPhone> {
    const one = phone(name);
    expect([name, await one.logIn(1, think), one.asked.length]).toEqual([name, 200, 1]);
    return one;
  }

  async function rotate(...more: readonly string[]) {
    const told = { status: 0, stdout: '', stderr: '' };
    const output = {
      write: async (text: string) => {
        told.stdout += text;
      },
      printError: (line: string) => {
        told.stderr += `${line}\n`;
      },
    };
    const program = new Command('sapgw').exitOverride();
    registerKeys(program, { output });
    process.exitCode = 0;
    const admin = served.adminUrl.replace('http://', '');
    await program.parseAsync(['keys', 'rotate', '--config', config, '--admin', admin, ...more], { from: 'user' });
    told.status = Number(process.exitCode);
    process.exitCode = 0;
    return told;
  }

  async function step(word: string, ...more: readonly string[]): Promise<void> {
    const { status, stdout, stderr } = await rotate(...more);
    expect([status, stdout]).toEqual([0, expect.stringContaining(word)]);
    expect([stderr === '', more.includes('--force')]).not.toEqual([false, false]);
    const taken = processes === 1 ? 'the running gateway has taken it' : `all ${processes} processes have taken it`;
    expect(stdout).toContain(taken);
  }

  const standing = (): Promise<Answer> => call(served.adminUrl, 'GET', 'keys');

  async function write(from: MailPhone, to: string, text: string): Promise<void> {
    const said = await from.request(letter(from.user, { to: [`wv:${to}@im.example`], text }));
    expect(said.code).toBe(200);
  }

  async function received(by: MailPhone): Promise<string | undefined> {
    const said = await until(
      () => by.poll(),
      ({ primitive }) => primitive?.name === 'NewMessage',
    );
    await by.acknowledge(headOf(said.primitive).messageId, said.transactionId);
    return said.primitive === undefined ? undefined : childText(said.primitive, 'ContentData');
  }

  /** On every connection, so in every process. */
  async function expectSession(of: MailPhone): Promise<void> {
    const said = await Promise.all(Array.from({ length: CONNECTIONS }, () => of.poll()));
    expect(said.map(({ code }) => code)).toEqual(said.map(() => undefined));
  }

  test('a file that is wrong changes nothing, and no process that begins minds it', async () => {
    const before = readFileSync(secret, 'utf8');
    const held = (await standing()).json.processes;
    const otherHash = before.replace(/^hash:.*/m, `hash:${'x'.repeat(40)}`);
    for (const [text, problem] of [
      [`${before}${'y'.repeat(40)}\n${'z'.repeat(40)}\n`, 'holds 3 signing keys; 2 may be live'],
      [otherHash, 'another hash key'],
      ['', 'holds no signing key'],
    ] as const) {
      writeFileSync(secret, text);
      expect(await call(served.adminUrl, 'POST', 'keys/reload')).toEqual({
        status: 422,
        json: { error: { code: 'keys-invalid', message: expect.stringContaining(problem) } },
      });
    }
    const { status, json } = await standing();
    expect(json).toMatchObject({ problem: expect.stringContaining('holds no signing key'), processes: held });
    expect(served.program.stdout).toContain('keys not loaded, those in use stay');
    const rowsOf = ({ json: { processes: rows } }: Answer) =>
      rows as readonly { readonly process: number; readonly signs: string | null }[];
    for (const { process: pid, signs } of rowsOf({ status, json }).slice(1, 2)) {
      process.kill(pid, 'SIGKILL');
      await until(standing, (answer) => {
        const now = rowsOf(answer);
        return now.length === processes && now.every((one) => one.process !== pid && one.signs === signs);
      });
    }
    await logIn('anybody');
    writeFileSync(secret, before);
    expect(await call(served.adminUrl, 'POST', 'keys/reload')).toMatchObject({ json: { result: 'unchanged' } });
    expect((await standing()).json.problem).toBeNull();
  });

  test('who was asked before a step is believed after it, until the old key goes', async () => {
    const early = await logIn('early', () => step('is new and accepted'));
    await write(early, 'juliet', 'sealed by the old key');
    await write(early, 'romeo', 'sealed by the old key too');
    const [old] = readFileSync(secret, 'utf8').match(/^[0-9a-f]{64}$/m) ?? [];

    const late = phone('late');
    const refused = await late.logIn(1, async () => {
      const middle = await logIn('middle', () => step('is still accepted'));
      expect(await received(await logIn('romeo'))).toBe('sealed by the old key too');
      await expectSession(early);
      // All that was sealed by then is delivered; the time-outs are not over, and names in sessions are sealed by it.
      const { status, stderr } = await rotate();
      expect([status, stderr]).toEqual([1, expect.stringContaining('what the old key signed can be answered until')]);
      await logIn('later', () => step('is gone', '--force'));
      await expectSession(middle);
      await expectSession(early);
    });
    // It was asked under the old key, and is asked once more.
    expect(refused).toBe(403);
    await logIn('late');
    expect(await received(await logIn('juliet'))).toBe('sealed by the old key');

    const held = (await standing()).json.processes as readonly {
      readonly signs: string;
      readonly accepted: unknown[];
    }[];
    expect(held.map(({ signs, accepted }) => [signs !== fingerprintOf(old ?? ''), accepted])).toEqual(
      Array.from({ length: processes }, () => [true, []]),
    );
  });

  test('a key that was put on top by hand is in use in every process, and so is what was asked before', async () => {
    const lines = readFileSync(secret, 'utf8').split('\n');
    const at = lines.findIndex((line) => /^[0-9a-f]{64}$/.test(line));
    const byHand = lines.with(at, `${'k'.repeat(64)}\n${lines[at]}`).join('\n');
    await logIn('anybody', async () => {
      writeFileSync(secret, byHand);
      await until(
        standing,
        ({ json }) => JSON.stringify(json).split(fingerprintOf('k'.repeat(64))).length === processes + 1,
      );
    });
  });
});
