/**
 * The handset in a session with a gateway that has something to say [X40 to X46], in every version and encoding, before a
 * sandbox: the reciprocal addition, every other way to set off a message, words to the service contact, and what a
 * person at the terminal sees of it.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runDialogue } from '../../gateway/sandbox/handset/dialogue.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { linesOf, type Report } from '../../gateway/sandbox/handset/report.ts';
import { playScript } from '../../gateway/sandbox/handset/script.ts';
import type { Transport } from '../../gateway/sandbox/handset/transport.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { createRig, type Rig, vaspAnswer } from '../transcripts/rig.ts';
import { SPELLINGS } from './rig.ts';

const LEVELS = `kind: service-levels
default: full
levels:
  full: { grant: [WVCSPFeat] }
`;

const onLine = (id: string, trigger: string, more: string): string => `kind: on-line-service
id: ${id}
version: 1
category: notification
trigger: ${trigger}
${more}`;

const ADDED = onLine(
  'added',
  '{ on: added-to-contact-list }',
  `message: { en: "{otherUser} added you. Add them too?" }
options:
  - { id: add, text: { en: Add }, do: [ { addToContactList: "{otherUser}" } ] }
  - { id: allow, text: { en: Let them see me }, do: [ { authorizePresence: "{otherUser}" } ] }
  - { id: hide, text: { en: Hide from them }, do: [ { denyPresence: "{otherUser}" } ] }
  - { id: ignore, text: { en: No thanks } }`,
);
const PLACE = onLine('place', '{ on: presence-exposed }', 'message: { en: Others see where you are. }');
const AUTHORIZED = onLine(
  'auth',
  '{ on: presence-authorization-changed }',
  'message: { en: You let somebody see you. }',
);
const ERRORS = onLine(
  'errors',
  '{ on: repeated-errors, count: 2, within: 10m, statuses: [5xx] }',
  'message: { en: Something goes wrong. }',
);
const TERMS = onLine(
  'terms',
  '{ on: first-login }',
  `message: { en: "Do you agree to the terms?" }
requiresResponse: true
block: true
options: [ { id: agree, text: { en: I agree }, do: [ { accept: true } ] } ]`,
);
const HELP = `${onLine('tip', '{ on: login }', 'message: { en: Set a status. }')}`.replace('notification', 'help');

interface World {
  readonly rig: Rig;
  handset(name: string): Handset;
}

/** @param policies texts of files, or a folder of them */
function world(policies: readonly string[] | string, { version, encoding }: (typeof SPELLINGS)[number]): World {
  const files =
    typeof policies === 'string'
      ? policies
      : [LEVELS, ...policies].map((text, index) => ({ path: `${index}.yaml`, text }));
  const rig = createRig({ policies: files, vasps: [{ name: 'sandbox' }] });
  const sandbox = createSandbox();
  rig.upstream.otherwise = async ({ body, contentType }) =>
    vaspAnswer((await sandbox.handle({ body, contentType })).body, contentType);
  const transport: Transport = {
    post: async ({ contentType, body }) => ({ contentType, ...(await rig.send(body, contentType)) }),
    close: async () => undefined,
  };
  return {
    rig,
    handset: (name) => new Handset({ userId: `wv:${name}@sandbox`, password: 'secret', version, encoding, transport }),
  };
}

async function play(
  handset: Handset,
  version: (typeof SPELLINGS)[number]['version'],
  commands: readonly string[],
  answers?: readonly string[],
): Promise<{ readonly told: string; readonly exit: number }> {
  const reports: Report[] = [];
  const script = { version, answers, commands, send: undefined, waitSeconds: 0 };
  const exit = await playScript(handset, script, (report) => reports.push(report), new AbortController().signal);
  return { told: reports.flatMap(linesOf).join('\n'), exit };
}

describe.each(SPELLINGS)('a $version $encoding handset', (spelling) => {
  const { version } = spelling;

  test('is added by another, is asked, and adds back', async () => {
    const { handset } = world([ADDED], spelling);
    const bob = handset('bob');
    const alice = handset('alice');
    await bob.login();
    await alice.login();
    expect(await play(alice, version, ['/add wv:bob@sandbox'])).toMatchObject({ exit: 0 });
    const answered = await play(bob, version, ['/presence wv:alice@sandbox', '/contacts'], ['add']);
    expect(answered.told).toContain('wv:alice@sandbox added you. Add them too?');
    expect(answered.told).toMatch(/wv:bob\/\w+@sandbox\n {2}wv:alice@sandbox/);
    expect(answered.told.split('Logged in as')).toHaveLength(2);
    expect(answered.exit).toBe(0);
  });

  test('that has no answers left only shows what is asked', async () => {
    const { handset } = world([ADDED], spelling);
    for (const name of ['alice', 'carol']) {
      await play(handset(name), version, ['/add wv:bob@sandbox']);
    }
    const { told } = await play(handset('bob'), version, ['/contacts'], version === '1.3' ? ['add'] : undefined);
    expect(told.split('added you. Add them too?')).toHaveLength(3);
    expect(told.split('Answered.')).toHaveLength(version === '1.3' ? 2 : 1);
  });

  test.each([
    ['let them see me', '"here"'],
    ['hide', 'not to be seen'],
  ])('answers "%s", and that is what the other sees: %s', async (choice, seen) => {
    const { handset } = world([ADDED], spelling);
    const bob = handset('bob');
    const alice = handset('alice');
    await bob.login();
    await bob.publish({ StatusText: 'here' });
    await alice.login();
    await alice.createList('wv:alice/friends@sandbox', ['wv:bob@sandbox']);
    await play(bob, version, ['/contacts'], [choice]);
    await bob.login();
    const { told } = await play(alice, version, ['/presence wv:bob@sandbox']);
    expect(told).toContain(seen);
  });

  test('hears of what it exposes, of what it lets others see, and of errors', async () => {
    const { handset } = world([PLACE, AUTHORIZED, ERRORS], spelling);
    const { told, exit } = await play(handset('alice'), version, [
      '/place Stockholm',
      '/allow wv:bob@sandbox',
      '/deny wv:bob@sandbox',
      '/to wv:nobody@sandbox',
      'hello?',
      'hello??',
      '/remove',
    ]);
    expect(told).toContain('Others see where you are.');
    expect(told).toContain('You let somebody see you.');
    expect(told).toContain('wv:bob@sandbox does not see how you are.');
    expect(told).toContain('Something goes wrong.');
    expect(told).toContain('Whom? For example /remove wv:bob@sandbox');
    expect(exit).toBe(1);
  });

  test('is served when it has answered what is asked first', async () => {
    const { handset } = world([TERMS], spelling);
    const alice = handset('alice');
    const unanswered = await play(alice, version, ['/add wv:bob@sandbox']);
    expect(unanswered.told).toContain('Do you agree to the terms?');
    expect(unanswered.told).toContain('That did not work: 403');
    expect(unanswered.told.split('needs an answer:')).toHaveLength(version === '1.3' ? 2 : 1);
    expect(unanswered.exit).toBe(1);
    const answered = await play(alice, version, ['/presence wv:bob@sandbox', '/add wv:bob@sandbox'], ['1']);
    expect(answered.told).toMatch(/wv:bob@sandbox is in your contacts\.\nLogged out\.$/);
  });

  test('wants no more help messages, and writes to the service contact: their state, the inbox', async () => {
    const { handset } = world([HELP], spelling);
    const off = await play(handset('alice'), version, ['/presence'], ['do not show']);
    expect(off.told).toContain('Set a status.');
    expect(off.exit).toBe(0);
    const later = ['/service Help status.', '/service nonsense', '/service inbox', '/service help on', '/service help'];
    const { told } = await play(handset('alice'), version, later);
    expect(told).toContain('Help messages are off and kept in your inbox.');
    expect(told).toContain('I did not understand that.');
    expect(told.indexOf('Set a status.')).toBeGreaterThan(told.indexOf('Your inbox has 1 message.'));
    expect(told).toContain('Help messages are on now.');
    expect(told).toContain('help status; help.');
  });
});

test('a person at the terminal is asked, may leave it at that, and is asked again by what needs the answer', async () => {
  const { handset } = world([TERMS, PLACE], { version: '1.3', encoding: 'wbxml' });
  const alice = handset('alice');
  const shown = await converse(alice, [
    { text: /1\) I agree\n[\s\S]*q = not now/, type: 'q\n' },
    { text: /> $/, type: '/place here\n' },
    { text: /That did not work: 403[\s\S]*needs an answer:[\s\S]*q = not now/, type: '1\n' },
    { text: /Answered\.[\s\S]*> $/, type: '/place here\n' },
    { text: /The service says:\nOthers see where you are\.[\s\S]*> $/, type: '/quit\n' },
  ]);
  expect(shown).toContain('Do you agree to the terms?');
  expect(shown).toMatch(/Published\.[\s\S]*Logged out\.\n$/);
});

test('the README shows what two phones see with the policies that ship', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, block = ''] = /Bob sees this at once[^`]*`1`:\n\n```\n([\s\S]*?)```/.exec(readme) ?? [];
  const { handset } = world(fileURLToPath(new URL('../../policies', import.meta.url)), {
    version: '1.3',
    encoding: 'xml',
  });
  const bob = handset('bob');
  const alice = handset('alice');
  const before = [
    { text: /3\) Decline\n[\s\S]*q = give up/, type: '1\n' },
    { text: /1\) I agree\n[\s\S]*q = give up/, type: '1\n' },
  ];
  const onScreen = converse(bob, [
    ...before,
    { text: /> $/, type: '/help\n' },
    { text: /q = not now/, type: '1\n' },
    { text: /Answered\.[\s\S]*> $/, type: '/contacts\n' },
    { text: /wv:bob\/contacts@sandbox\n {2}wv:alice@sandbox\n/, type: '/quit\n' },
  ]);
  expect(await play(alice, '1.3', ['/add wv:bob@sandbox'], ['accept', '1'])).toMatchObject({ exit: 0 });
  const lines = block.trim().split('\n');
  expect(lines).toHaveLength(6);
  const shown = await onScreen;
  for (const line of lines) expect(shown).toContain(line.replace(/ 1$/, ''));
});

test('the README shows how a message reaches somebody who was away, with the policies that ship', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, tried = ''] = /`messages-waiting.yaml` ships with it([\s\S]*?)\n## /.exec(readme) ?? [];
  const [, written = '', asked = ''] = [...tried.matchAll(/```\n([\s\S]*?)```/g)].map(([, block = '']) => block.trim());
  expect([written.split('\n').length, asked.split('\n').length]).toEqual([6, 4]);
  const { handset } = world(fileURLToPath(new URL('../../policies', import.meta.url)), {
    version: '1.3',
    encoding: 'wbxml',
  });
  const before = [
    { text: /3\) Decline\n[\s\S]*q = give up/, type: '1\n' },
    { text: /1\) I agree\n[\s\S]*q = give up/, type: '1\n' },
  ];
  const alice = handset('alice');
  const screen = await converse(alice, [
    ...before,
    { text: /> $/, type: '/report on\n' },
    { text: /arrived\.\n> $/, type: '/to wv:bob@sandbox\n' },
    { text: /What you type goes to wv:bob@sandbox\.\n> $/, type: 'Are you there?\n' },
    { text: /off-line\.\n> $/, type: '/quit\n' },
  ]);
  const typed = ['/report on', '/to wv:bob@sandbox', 'Are you there?'];
  for (const line of written.split('\n').filter((one) => !typed.includes(one))) expect(screen).toContain(`${line}\n`);
  for (const line of typed) expect(written).toContain(`${line}\n`);
  const bob = await converse(handset('bob'), [
    ...before,
    { text: /2\) Ignore\n[\s\S]*q = give up/, type: '1\n' },
    { text: /Are you there\?\n[\s\S]*> $/, type: 'Yes\n' },
    { text: /alice@sandbox[\s\S]*> $/, type: '/quit\n' },
  ]);
  expect(bob).toContain(asked);
  expect(bob).toContain('wv:alice@sandbox: Are you there?\n');
  const { told } = await play(alice, '1.3', ['/list', '/list'], ['1']);
  expect(told).toContain('wv:bob@sandbox has your message.');
  expect(told).toContain('wv:bob@sandbox: Yes');
});

/** Runs the dialogue, and types each line once what it replies to stands on the screen behind what was replied to before. */
async function converse(
  handset: Handset,
  lines: readonly { readonly text: RegExp; readonly type: string }[],
): Promise<string> {
  const keyboard = new PassThrough();
  const screen = new PassThrough();
  const terminal = createInterface({ input: keyboard, output: screen });
  const waiting = [...lines];
  let shown = '';
  let seen = 0;
  const look = (text: string): void => {
    shown += text;
    if (waiting[0]?.text.test(shown.slice(seen)) !== true) return;
    seen = shown.length;
    keyboard.write(waiting.shift()?.type);
  };
  screen.on('data', (chunk: Buffer) => look(chunk.toString()));
  const exit = await runDialogue(
    handset,
    '1.3',
    terminal,
    (line) => look(`${line}\n`),
    (report) => look(`${linesOf(report).join('\n')}\n`),
  );
  terminal.close();
  expect(exit).toBe(0);
  return shown;
}
