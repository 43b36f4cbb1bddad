/** `sapgw mailbox`: against the API over a store in memory, what an operator reads, and with which exit status. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerMailbox } from '../../gateway/cli/mailbox.ts';
import { CANARY, HOUR, idOf, keyOf, MailboxWorld, NOW } from '../admin/mailbox-world.ts';

let world: MailboxWorld;
beforeEach(async () => {
  world = await new MailboxWorld().open();
});
afterEach(() => world.close());

interface Ran {
  readonly out: readonly string[];
  readonly errors: readonly string[];
  readonly status: unknown;
}

async function sapgw(...args: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const errors: string[] = [];
  const program = new Command().exitOverride();
  registerMailbox(program, { print: (line) => out.push(line), printError: (line) => errors.push(line) });
  for (const command of program.commands[0]?.commands ?? []) {
    command.exitOverride().configureOutput({ writeErr: (text) => errors.push(text.trim()) });
  }
  const here = ['--admin', world.url, '--token-file', world.tokenFile];
  process.exitCode = 0;
  await program.parseAsync(['node', 'sapgw', 'mailbox', ...args, ...here]);
  const status = process.exitCode;
  process.exitCode = 0;
  expect([...out, ...errors].join()).not.toContain(CANARY);
  return { out, errors, status };
}

const ALICE = 'wv:alice';
const alice = keyOf('one', ALICE);
const sender = keyOf('one', 'sender');

/** A message that was handed over, one given up, a report. */
async function fill(): Promise<void> {
  await world.keep(1, 'one', ALICE, { bytes: 1 });
  await world.keep(2, 'one', ALICE);
  await world.keep(3, 'one', ALICE, { kind: 'report', bytes: 0 });
  await world.store.handed(idOf(1), NOW);
  await world.store.bury(idOf(2), 'unacknowledged', NOW);
}

test('nothing is there', async () => {
  expect(await sapgw('status')).toEqual({
    out: [
      'waiting        0 messages, 0 bytes',
      'reports        0 on the way to senders',
      'given up       0',
      'notifications  0 to go out, 0 sent lately, 0 failed',
    ],
    errors: [],
    status: 0,
  });
  expect((await sapgw('list', ALICE)).out).toEqual(['nothing is kept for this user']);
  expect((await sapgw('dead')).out).toEqual(['nothing was given up']);
  expect((await sapgw('notifications')).out).toEqual(['no notifications']);
  expect((await sapgw('replay', '--all')).out).toEqual(['0 messages waiting again']);
});

test('status, by policy too, and as JSON', async () => {
  await fill();
  await world.notify('alice', 'away');
  expect((await sapgw('status', '--policies')).out).toEqual([
    'waiting        1 message, 1 byte',
    'reports        1 on the way to senders',
    'given up       1; sapgw mailbox dead shows them',
    'notifications  0 to go out, 0 sent lately, 1 failed; sapgw mailbox notifications --state failed shows them',
    '  away: 1 waiting, 1 byte, 1 report, 1 given up',
  ]);
  const { out } = await sapgw('status', '--json');
  expect(JSON.parse(out.join('\n'))).toMatchObject({ waiting: 1, dead: 1, notifications: { failed: 1 } });
});

test('what is kept for a user, and what was given up', async () => {
  await fill();
  const at = '2026-11-23T11:00:00.000Z';
  const lines = [
    `${idOf(1)}  away, 1 byte from ${sender}: waiting, until 2026-11-30T11:00:00.000Z; stored ${at}, handed over once`,
    `${idOf(3)}  report, away: waiting, until 2026-11-30T11:00:00.000Z; stored ${at}, handed over 0 times`,
    `${idOf(2)}  away, 10 bytes from ${sender}: given up 2026-11-23T12:00:00.000Z, unacknowledged; stored ${at}, handed over 0 times`,
  ];
  expect((await sapgw('list', ALICE)).out).toEqual(lines);
  expect((await sapgw('list', '--key', alice)).out).toEqual(lines);
  expect((await sapgw('dead')).out).toEqual([`${lines[2]}, for ${alice} at one`]);
  await world.keep(4, 'two', 'wv:bob');
  await world.store.bury(idOf(4), 'unreadable', NOW);
  const part = (await sapgw('dead', '--limit', '1')).out;
  expect(part[1]).toBe(`there are more: --after ${idOf(2)}`);
  expect((await sapgw('dead', '--after', idOf(2))).out).toEqual([expect.stringContaining(idOf(4))]);
});

test('replay and purge', async () => {
  await fill();
  expect(await sapgw('replay', idOf(2))).toEqual({ out: ['1 message waiting again'], errors: [], status: 0 });
  expect(await sapgw('replay', idOf(2))).toEqual({
    out: [],
    errors: [
      `No message that was given up has the id "${idOf(2)}"; it may have been acknowledged, or its time may be over.`,
    ],
    status: 1,
  });
  expect((await sapgw('purge', '--dead', '--older-than', '7d')).out).toEqual(['0 messages thrown away']);
  expect((await sapgw('purge', idOf(2))).out).toEqual(['1 message thrown away']);
  expect((await sapgw('purge', '--user', ALICE, '--vasp', 'one')).out).toEqual(['2 messages thrown away']);
  expect(await world.store.totals()).toMatchObject({ waiting: 0, reports: 0 });
});

test('notifications, and sending those that failed again', async () => {
  await world.notify('alice', 'away');
  await world.notify('bob', 'away', { state: 'waiting', tries: 1, dueAt: NOW, failure: 'unreachable' });
  await world.notify('carol', 'away', { state: 'sending', sentAt: NOW, failure: undefined });
  await world.notify('dora', 'away', { state: 'sent', sentAt: NOW, dueAt: NOW + HOUR, failure: undefined });
  const wanted = 'wanted since 2026-11-23T11:00:00.000Z';
  const of = (user: string, rest: string) => `${keyOf('one', user)} at one  away by sms: ${rest}`;
  expect([...(await sapgw('notifications')).out].toSorted()).toEqual(
    [
      of('alice', `failed, no-number; ${wanted}, tried 5 times`),
      of('bob', `goes out 2026-11-23T12:00:00.000Z, unreachable; ${wanted}, tried once`),
      of('carol', `went out 2026-11-23T12:00:00.000Z, no answer yet; ${wanted}, tried 5 times`),
      of(
        'dora',
        `sent 2026-11-23T12:00:00.000Z, the next one not before 2026-11-23T13:00:00.000Z; ${wanted}, tried 5 times`,
      ),
    ].toSorted(),
  );
  expect((await sapgw('notifications', '--state', 'failed')).out).toHaveLength(1);
  expect((await sapgw('retry', '--key', keyOf('one', 'alice'))).out).toEqual(['1 notification on the way again']);
  expect((await sapgw('retry', '--all')).out).toEqual(['0 notifications on the way again']);
});

test('which are meant has to be said, in one way', async () => {
  const none = { out: [], status: 2 };
  expect(await sapgw('replay')).toMatchObject({
    ...none,
    errors: ['say which are meant by one of [id], --user, --key and --all'],
  });
  expect(await sapgw('purge', 'x', '--dead')).toMatchObject({
    ...none,
    errors: ['say which are meant by one of [id], --user, --key and --dead'],
  });
  expect(await sapgw('retry')).toMatchObject({
    ...none,
    errors: ['say which are meant by one of --user, --key and --all'],
  });
  expect(await sapgw('list')).toMatchObject({ out: [], status: 1, errors: [expect.stringMatching(/^Name the user/)] });
  await expect(sapgw('dead', '--limit', 'many')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  await expect(sapgw('notifications', '--state', 'odd')).rejects.toMatchObject({ code: 'commander.invalidArgument' });
});
