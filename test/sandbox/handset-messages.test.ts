/**
 * What the handset does with messages that wait: pushed or announced, listed, fetched, refused and sent on, in every version
 * and encoding; delivery reports; and in which words a sender learns what became of a message.
 */
import { describe, expect, test } from '@jest/globals';
import { element } from '../../gateway/csp/element.ts';
import { Commands } from '../../gateway/sandbox/handset/commands.ts';
import type { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { linesOf, type Report } from '../../gateway/sandbox/handset/report.ts';
import { playScript } from '../../gateway/sandbox/handset/script.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { mailMessageId } from '../../gateway/stored-message/ids.ts';
import { handsetOf, SPELLINGS } from './rig.ts';

const NEVER = new AbortController().signal;

/** Somebody who types, and reads what is on the screen since the last line. */
async function person(handset: Handset) {
  await handset.login();
  let screen: string[] = [];
  const emit = (report: Report) => screen.push(...linesOf(report));
  const commands = new Commands(handset, (line) => screen.push(line), emit);
  return async (line: string): Promise<readonly string[]> => {
    await commands.run(line);
    for (const received of await handset.receive()) {
      emit({ event: 'received', received });
      await commands.came(received);
    }
    const shown = screen;
    screen = [];
    return shown;
  };
}

describe.each(SPELLINGS)('a $version $encoding handset', (spelling) => {
  test('has messages announced, and lists, fetches, refuses and sends them on', async () => {
    const sandbox = createSandbox();
    const [alice, bob, carol] = await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => person(handsetOf(sandbox, name, spelling))),
    );
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody');
    expect(await bob('/list')).toEqual(['No message waits for you.']);
    expect(await bob('/get')).toEqual(['No message waits for you.']);
    expect(await bob('/method n')).toEqual(['Messages are announced, and you fetch them.']);
    expect(await alice('/report on')).toEqual(['You are told when what you write has arrived.']);
    await alice('/to wv:bob@sandbox');
    for (const text of ['one', 'two', 'three', 'four']) {
      expect(await alice(text)).toEqual(['Sent to wv:bob@sandbox.']);
    }
    const announced = await bob('');
    expect(announced.filter((line) => line.startsWith('A message of wv:alice@sandbox waits'))).toHaveLength(4);
    expect(announced.filter((line) => /^\/get \S+ fetches it, /.test(line))).toHaveLength(4);
    const listed = await bob('/list');
    expect(listed).toHaveLength(4);
    expect(listed[1]).toMatch(/^ {2}2\) from wv:alice@sandbox, 3 bytes, \d{8}T\d{6}Z \(\S+\)$/);
    expect(await bob('/get 2')).toEqual([
      'wv:alice@sandbox: two',
      'What you type goes to wv:alice@sandbox; /to chooses somebody else.',
    ]);
    expect(await bob('/reject 1')).toEqual(['Refused.']);
    expect(await bob('/forward 3 to wv:carol@sandbox')).toEqual(['Sent on to wv:carol@sandbox.']);
    expect(await bob(`/get ${/\((\S+)\)/.exec(listed[0] ?? '')?.[1]}`)).toEqual([
      expect.stringMatching(/^That did not work: \d+ There is no such message\.$/),
    ]);
    expect((await carol(''))[0]).toBe('wv:bob@sandbox: three');
    expect(await bob('/get')).toEqual(['wv:alice@sandbox: four']);
    expect(await alice('')).toEqual([
      'wv:bob@sandbox has your message.',
      expect.stringContaining('wv:bob@sandbox: '),
      expect.stringContaining('wv:bob@sandbox: '),
      'wv:bob@sandbox has your message.',
    ]);
    expect(await bob('/method P')).toEqual(['Messages are sent to you at once.']);
    expect(await alice('/report off')).toEqual(['You are not told any more.']);
    await alice('five');
    expect(await bob('')).toEqual(['wv:alice@sandbox: five']);
    expect(await alice('')).toEqual([]);
  });

  test('fetches by itself what is announced because it is large', async () => {
    const sandbox = createSandbox();
    const bob = handsetOf(sandbox, 'bob', spelling);
    const type = await person(bob);
    const limit = [element('DeliveryMethod', 'P'), element('AcceptedContentLength', 4)];
    await bob.request(element('SetDeliveryMethod-Request', limit));
    const alice = handsetOf(sandbox, 'alice', spelling);
    await alice.login();
    await alice.send('wv:bob@sandbox', 'small');
    expect(await type('')).toEqual([
      expect.stringMatching(/^A message of wv:alice@sandbox waits \(\S+\)\.$/),
      'wv:alice@sandbox: small',
      'What you type goes to wv:alice@sandbox; /to chooses somebody else.',
    ]);
    expect(await type('/list')).toEqual(['No message waits for you.']);
  });
});

test('a script does each of them', async () => {
  const sandbox = createSandbox();
  const reports: Report[] = [];
  const commands = [
    '/list',
    '/get',
    '/method sideways',
    '/method N',
    '/report',
    '/report on',
    '/reject',
    '/forward 1',
    '/reject nothing',
    '/forward nothing to wv:bob@sandbox',
    '/block wv:bob@sandbox',
    '/unblock wv:bob@sandbox',
  ];
  const script = { version: '1.3', answers: undefined, commands, send: undefined, waitSeconds: 0 } as const;
  const exit = await playScript(handsetOf(sandbox, 'alice'), script, (report) => reports.push(report), NEVER);
  expect(exit).toBe(1);
  expect(reports.flatMap(linesOf).slice(2, -1)).toEqual([
    'No message waits for you.',
    'No message waits for you.',
    '/method P or /method N',
    'Messages are announced, and you fetch them.',
    '/report on or /report off',
    'You are told when what you write has arrived.',
    'Which? For example /reject 1, after /list',
    'Which, to whom? For example /forward 1 to wv:carl@sandbox',
    expect.stringMatching(/^That did not work: \d+ There is no such message\.$/),
    expect.stringMatching(/^That did not work: \d+ There is no such message\.$/),
    'wv:bob@sandbox is blocked.',
    'wv:bob@sandbox is not blocked any more.',
  ]);
});

test.each([
  [200, mailMessageId('0123456789abcdefghijkl'), 'Kept for wv:bob@sandbox, who is off-line.'],
  [200, '42', 'Sent to wv:bob@sandbox.'],
  [
    507,
    undefined,
    'Not sent to wv:bob@sandbox: 507 there is no more room for messages to this recipient; try again later',
  ],
  [532, undefined, 'Not sent to wv:bob@sandbox: 532 the recipient has blocked you'],
  [533, undefined, 'Not sent to wv:bob@sandbox: 533 the recipient is not logged in'],
])('the sender is told what became of a message: %i, %s', (code, messageId, told) => {
  const event = code === 200 ? 'sent' : 'not-sent';
  expect(linesOf({ event, to: 'wv:bob@sandbox', code, description: '', messageId })).toEqual([told]);
});
