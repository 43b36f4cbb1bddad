/** `sapgw message`: against a running gateway, what an operator reads, and with which exit status. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerMessage } from '../../gateway/cli/message.ts';
import { MessagesWorld } from '../admin/messages-world.ts';

const ALICE = 'wv:alice@sandbox';
const BOB = 'wv:bob@sandbox';

let world: MessagesWorld;
beforeAll(async () => {
  world = await MessagesWorld.start({ store: { kind: 'memory' } });
  await world.logIn(ALICE, BOB);
});
afterAll(() => world.close());

interface Ran {
  readonly out: readonly string[];
  readonly errors: readonly string[];
  readonly status: unknown;
}

/** @param pause what happens between two looks of `--wait` */
async function sapgw(args: readonly string[], pause: () => Promise<void> = async () => {}): Promise<Ran> {
  const out: string[] = [];
  const errors: string[] = [];
  const program = new Command().exitOverride();
  registerMessage(program, { print: (line) => out.push(line), printError: (line) => errors.push(line), pause });
  for (const command of program.commands[0]?.commands ?? []) {
    command.exitOverride().configureOutput({ writeErr: (text) => errors.push(text.trim()) });
  }
  const here = ['--admin', world.admin, '--token-file', world.config.adminTokenFile ?? ''];
  process.exitCode = 0;
  await program.parseAsync(['node', 'sapgw', 'message', ...args, ...here]);
  const status = process.exitCode;
  process.exitCode = 0;
  return { out, errors, status };
}

/** A little real time, in which the gateway goes on. */
const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test('send --wait tells how far it is, and ends with the report; show, list and of tell the rest', async () => {
  const ran = await sapgw(['send', 'notice', '--everybody', '--per-second', '40', '--wait'], moment);
  expect([ran.status, ran.errors[0]]).toEqual([
    0,
    '0 of 0 sessions looked at; 0 queued, 0 sent, 0 delivered, 0 answered',
  ]);
  const [head = ''] = ran.out;
  const id = head.slice(0, 12);
  expect(ran.out).toEqual([
    `${id}: notice version 1 to everybody on-line, 40 users a second`,
    expect.stringMatching(/^sent; begun \d{4}-\S+Z, ended \d{4}-\S+Z$/),
    'matched    2',
    'queued     2',
    'sent       0',
    'delivered  0',
    'answered   0',
    'expired    0',
    'withdrawn  0',
    'open       2',
  ]);
  await world.fetch(ALICE, 1);
  const { out } = await sapgw(['show', id]);
  expect(out.slice(2)).toEqual([
    'matched    2',
    'queued     2',
    'sent       1',
    'delivered  1',
    'answered   1: fine 1',
    'expired    0',
    'withdrawn  0',
    'open       1',
  ]);
  expect((await sapgw(['list'])).out).toEqual([
    expect.stringMatching(
      new RegExp(`^${id} {2}\\S+Z {2}notice version 1 to everybody on-line: sent; 2 matched, 1 delivered, 1 answered$`),
    ),
  ]);
  const time = '\\d{4}-\\S+Z';
  expect((await sapgw(['of', 'alice@sandbox'])).out).toEqual([
    'sandbox: help messages are on; 1 message',
    expect.stringMatching(
      new RegExp(
        `^  notice version 1 of ${id}: answered ${time}; made ${time}, sent ${time}, delivered ${time}, answered ${time} with fine by system-message$`,
      ),
    ),
  ]);
  expect((await sapgw(['of', BOB])).out[1]).toMatch(/: open, until \S+; made \S+, not sent$/);
  const cancelled = await sapgw(['cancel', id]);
  expect([cancelled.status, cancelled.out[1], cancelled.out.at(-2)]).toEqual([
    0,
    expect.stringMatching(/^cancelled; begun /),
    'withdrawn  1',
  ]);
  const again = await sapgw(['cancel', id]);
  expect([again.status, again.errors]).toEqual([
    1,
    [`The operator message ${id} is cancelled, and nothing of it is open.`],
  ]);
});

test('send to one user, and as JSON', async () => {
  const { out, status } = await sapgw(['send', 'tip', '--user', BOB, '--vasp', 'sandbox', '--json']);
  expect([status, JSON.parse(out.join('\n'))]).toMatchObject([0, { policy: 'tip', state: 'sent', matched: 1 }]);
  const plain = await sapgw(['send', 'notice', '--user', 'wv:nobody@sandbox']);
  expect(plain.out[0]).toMatch(/^[0-9a-f]{12}: notice version 1 to the user \S{22} at sandbox$/);
  const shown = await sapgw(['list', '--json']);
  expect(JSON.parse(shown.out.join('\n'))).toMatchObject({ messages: [{ policy: 'notice' }, { policy: 'tip' }, {}] });
});

test('send --wait to users by a glob, as JSON: the report alone on standard output', async () => {
  const { out, errors, status } = await sapgw(['send', 'tip', '--users', 'wv:a*@sandbox', '--wait', '--json'], moment);
  expect([status, JSON.parse(out.join('\n'))]).toMatchObject([
    0,
    { state: 'sent', matched: 1, to: { users: 'wv:a*@sandbox' } },
  ]);
  expect(errors.every((line) => line.includes('looked at'))).toBe(true);
});

test('send --wait that somebody cancels fails', async () => {
  const ran = await sapgw(['send', 'notice', '--everybody', '--per-second', '1', '--wait'], async () => {
    const [{ id }] = JSON.parse((await sapgw(['list', '--json'])).out.join('\n')).messages as [{ id: string }];
    await sapgw(['cancel', id]);
  });
  expect([ran.status, ran.out[1]]).toEqual([1, expect.stringMatching(/^cancelled; begun /)]);
});

describe('what cannot be done', () => {
  test('whom it is for has to be said, in one way', async () => {
    const told = 'say whom it is for by one of --user ID, --users GLOB and --everybody';
    expect(await sapgw(['send', 'notice'])).toEqual({ out: [], errors: [told], status: 2 });
    expect(await sapgw(['send', 'notice', '--everybody', '--user', BOB])).toMatchObject({ errors: [told], status: 2 });
  });

  test('the gateway says why not, with exit status 1', async () => {
    expect(await sapgw(['send', 'notise', '--everybody', '--wait'])).toEqual({
      out: [],
      errors: ['No policy in force has the id "notise"; did you mean notice?'],
      status: 1,
    });
    expect(await sapgw(['show', '../vasps'])).toMatchObject({ out: [], status: 1 });
  });

  test('a rate that is no number is wrong use', async () => {
    await expect(sapgw(['send', 'notice', '--everybody', '--per-second', 'many'])).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });

  test('nobody there', async () => {
    const program = new Command().exitOverride();
    const errors: string[] = [];
    registerMessage(program, { printError: (line) => errors.push(line) });
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const where = ['--admin', `127.0.0.1:${port}`, '--token-file', world.config.adminTokenFile ?? ''];
    await program.parseAsync(['node', 'sapgw', 'message', 'list', ...where]);
    expect([process.exitCode, errors]).toEqual([2, [expect.stringMatching(/^no gateway answers at http:/)]]);
    process.exitCode = 0;
  });
});
