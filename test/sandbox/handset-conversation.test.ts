/** The handset with a gateway that asks it in a conversation: by a script, and with a person at the terminal. */
import { createInterface } from 'node:readline/promises';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { runDialogue } from '../../gateway/sandbox/handset/dialogue.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { linesOf, type Report } from '../../gateway/sandbox/handset/report.ts';
import { playScript } from '../../gateway/sandbox/handset/script.ts';
import type { Transport } from '../../gateway/sandbox/handset/transport.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { AOC_CONVERSE, policies } from '../gateway/conversation-phone.ts';
import { createRig, type Rig, vaspAnswer } from '../transcripts/rig.ts';
import { SPELLINGS } from './rig.ts';

const LEGACY = SPELLINGS.filter(({ version }) => version !== '1.3');

/** A gateway before a sandbox, and what goes over the wire between it and a handset. */
function world(): { rig: Rig; transport: Transport } {
  const rig = createRig({ policies: policies(AOC_CONVERSE) });
  const sandbox = createSandbox();
  rig.upstream.otherwise = async ({ body, contentType }) =>
    vaspAnswer((await sandbox.handle({ body, contentType })).body, contentType);
  return {
    rig,
    transport: {
      post: async ({ contentType, body }) => ({ contentType, ...(await rig.send(body, contentType)) }),
      close: async () => undefined,
    },
  };
}

describe.each(LEGACY)('a $version $encoding handset', ({ version, encoding }) => {
  test.each([false, true])('answers by a script, logs in again and is in; four-way %s', async (fourWay) => {
    const { rig, transport } = world();
    const handset = new Handset({
      userId: 'wv:alice@sandbox',
      password: 'secret',
      version,
      encoding,
      fourWay,
      transport,
    });
    const reports: Report[] = [];
    const exit = await playScript(
      handset,
      {
        version,
        answers: ['accept'],
        send: { to: 'wv:alice@sandbox', text: 'to myself', report: false },
        waitSeconds: 0,
      },
      (report) => reports.push(report),
      new AbortController().signal,
    );
    const told = reports.flatMap(linesOf).join('\n');
    expect(told).toMatch(/Logged in as wv:alice@sandbox\.\nNot available: presence and contacts, groups, /);
    expect(told).toContain('wv:service@sandbox: A message costs 0.10 EUR.\n\n1 Accept\n2 Decline');
    expect(told).toContain('The session has ended: 601 Thank you. Please log in again.');
    expect(told).toMatch(/Sent to wv:alice@sandbox\.\nLogged out\.$/);
    expect(exit).toBe(0);
    expect(await rig.waiting()).toEqual([]);
  });

  test('that declines is not in', async () => {
    const { rig, transport } = world();
    const handset = new Handset({ userId: 'wv:alice@sandbox', password: 'secret', version, encoding, transport });
    const reports: Report[] = [];
    const script = { version, answers: ['2'], send: undefined, waitSeconds: 0 };
    const exit = await playScript(handset, script, (report) => reports.push(report), new AbortController().signal);
    expect(reports.flatMap(linesOf).join('\n')).toContain('601 You declined.');
    expect(exit).toBe(1);
    expect(rig.upstream.seen).toEqual([]);
  });
});

test('a person replies to the service contact by typing, and is asked to log in again', async () => {
  const { transport } = world();
  const handset = new Handset({ userId: 'wv:alice@sandbox', password: 'secret', version: '1.1', transport });
  const keyboard = new PassThrough();
  const screen = new PassThrough();
  const terminal = createInterface({ input: keyboard, output: screen });
  let shown = '';
  const waiting: { readonly text: RegExp; readonly type: string }[] = [
    { text: /What you type goes to wv:service@sandbox/, type: '1\n' },
    { text: /Enter = log in again/, type: '\n' },
    { text: /Logged in as.*Logged in as.*> /s, type: '/quit\n' },
  ];
  // Types each line once what it replies to stands on the screen.
  const look = (text: string): void => {
    shown += text;
    if (waiting[0]?.text.test(shown) === true) keyboard.write(waiting.shift()?.type);
  };
  screen.on('data', (chunk: Buffer) => look(chunk.toString()));
  const exit = await runDialogue(
    handset,
    '1.1',
    terminal,
    (line) => look(`${line}\n`),
    (report) => look(`${linesOf(report).join('\n')}\n`),
  );
  terminal.close();
  expect(exit).toBe(0);
  expect(shown).toContain('2 Decline');
  expect(shown).toContain('The session has ended: 601 Thank you. Please log in again.');
  expect(shown.split('Logged in as wv:alice@sandbox.').length).toBe(3);
  expect(shown).toMatch(/Logged out\.\n$/);
});
