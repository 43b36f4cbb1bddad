/** The handset: two of them talking over the sandbox, and one that is asked System Messages on its way in. */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { element } from '../../gateway/csp/element.ts';
import { answerAll } from '../../gateway/csp/status.ts';
import { systemMessageList } from '../../gateway/csp/system-message.ts';
import { GivenAnswers } from '../../gateway/sandbox/handset/answers.ts';
import { type AskedMessage, choiceOf, firstScreen } from '../../gateway/sandbox/handset/asking.ts';
import { Handset } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { FakeGateway, judgeTariffAndTerms, TARIFF, TERMS } from './fake-gateway.ts';
import { handsetOf, SPELLINGS, TestClock } from './rig.ts';

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  test('two handsets talk', async () => {
    const sandbox = createSandbox();
    const alice = handsetOf(sandbox, 'alice', spelling);
    const bob = handsetOf(sandbox, 'bob', { ...spelling, fold: true });
    const login = await alice.login();
    expect(login).toMatchObject({ kind: 'logged-in', keepAliveSeconds: 600, rounds: 0 });
    expect(login.kind === 'logged-in' && login.unavailable.has('CREAG')).toBe(true);
    expect(login.kind === 'logged-in' && login.unavailable.has('NEWM')).toBe(false);
    expect(await alice.send('wv:bob@sandbox', 'too early')).toMatchObject({ ok: false, code: 533 });
    await bob.login();
    expect(await bob.subscribe(['wv:alice@sandbox'])).toMatchObject({ code: 200 });
    const { messageId } = await alice.send(['wv:bob@sandbox'], 'hi & <bye>', { report: true });
    await alice.publish({ StatusText: 'hungry' });
    expect(await bob.receive()).toMatchObject([
      { kind: 'presence', presences: [{ attributes: { OnlineStatus: 'T', StatusText: 'hungry' } }] },
      { kind: 'message', messageId, from: 'wv:alice@sandbox', text: 'hi & <bye>', contentType: 'text/plain' },
    ]);
    expect(await alice.receive()).toMatchObject([
      { kind: 'delivery-report', to: 'wv:bob@sandbox', messageId, code: 200 },
    ]);
    expect(await bob.block('wv:alice@sandbox')).toMatchObject({ code: 200 });
    expect(await alice.send('wv:bob@sandbox', 'hello?')).toMatchObject({ code: 532 });
    expect(await bob.unblock('wv:alice@sandbox')).toMatchObject({ code: 200 });
    await alice.createList('wv:alice/friends@sandbox', ['wv:bob@sandbox']);
    await alice.addContact('wv:alice/friends@sandbox', 'wv:carol@sandbox', 'Caro');
    const { contacts } = await alice.contacts((await alice.contactLists()).lists[0] ?? '');
    expect(contacts).toEqual([
      { userId: 'wv:bob@sandbox', nickName: undefined },
      { userId: 'wv:carol@sandbox', nickName: 'Caro' },
    ]);
    expect((await alice.presence(['wv:bob@sandbox'])).presences[0]?.attributes).toEqual({ OnlineStatus: 'T' });
    expect(await alice.logout()).toMatchObject({ code: 200 });
    expect(await bob.receive()).toMatchObject([
      { kind: 'presence', presences: [{ attributes: { OnlineStatus: 'F' } }] },
    ]);
    await expect(alice.send('wv:bob@sandbox', 'x')).rejects.toMatchObject({ code: 'NOT_LOGGED_IN' });
  });
});

// System Messages are of 1.3; an older client is never sent one [X4].
describe.each(SPELLINGS.filter(({ version }) => version === '1.3'))('asked in $encoding', (spelling) => {
  test.each([
    ['a password', {}],
    ['a digest by SHA', { fourWay: true }],
    ['a digest by MD5', { fourWay: true, digestSchemas: ['MD5'] }],
  ])('what is asked is answered, then %s logs in', async (_, options) => {
    const gateway = new FakeGateway(createSandbox(), judgeTariffAndTerms);
    const alice = handsetOf(gateway, 'alice', { ...spelling, ...options });
    const asked: string[][] = [];
    const login = await alice.login({
      answer: (messages) => {
        asked.push(
          messages.map(
            ({ text, options: o, verification }) => `${text}|${o.map((one) => one.text)}|${verification?.inText}`,
          ),
        );
        return messages.map((message) =>
          message.verification === undefined
            ? { optionId: '1' }
            : { optionId: '1', key: asked.length === 1 ? 'RED' : 'GREEN' },
        );
      },
    });
    expect(login).toMatchObject({ kind: 'logged-in', rounds: 2 });
    expect(asked).toEqual([
      [
        `${TARIFF.text}|I accept,Presence only,I decline|undefined`,
        `${TERMS.text}|I agree,I do not agree|Type the word GREEN.`,
      ],
      [`${TERMS.text}|I agree,I do not agree|Type the word GREEN.`],
    ]);
    expect(gateway.answers.slice(0, 3)).toEqual([
      undefined,
      [
        { id: 'aoc-1', chosenOptionId: '1', verificationKey: undefined },
        { id: 'tc-1', chosenOptionId: '1', verificationKey: 'RED' },
      ],
      [{ id: 'tc-1', chosenOptionId: '1', verificationKey: 'GREEN' }],
    ]);
  });

  test('declining is denied in the words of the service; giving up leaves the messages', async () => {
    const gateway = new FakeGateway(createSandbox(), judgeTariffAndTerms);
    const alice = handsetOf(gateway, 'alice', spelling);
    expect(await alice.login({ answer: () => [{ optionId: '3' }, undefined] })).toEqual({
      kind: 'refused',
      code: 403,
      description: 'As you wish.',
    });
    const given = await alice.login({ answer: () => undefined });
    expect(given).toMatchObject({ kind: 'unanswered', code: 403, description: 'Please answer first.' });
    expect(given.kind === 'unanswered' && given.messages.map(({ id }) => id)).toEqual(['aoc-1', 'tc-1']);
    expect(alice.loggedIn).toBe(false);
  });
});

test('a wrong password is a refusal, an expired session an event', async () => {
  const clock = new TestClock();
  const sandbox = createSandbox({ clock });
  expect(await handsetOf(sandbox, 'alice', { password: 'guess' }).login()).toMatchObject({
    kind: 'refused',
    code: 409,
  });
  const alice = handsetOf(sandbox, 'alice', { timeToLiveSeconds: 10 });
  await alice.login();
  clock.pass(11);
  expect(await alice.receive()).toMatchObject([{ kind: 'disconnected', code: 600 }]);
  expect(alice.loggedIn).toBe(false);
});

test('System Messages inside a session are acknowledged and answered by SystemMessage-User', async () => {
  const sandbox = createSandbox();
  const sent: string[] = [];
  const alice = handsetOf(
    {
      handle: async (request) => {
        const message = decodeMessage(request.body, 'xml');
        const [transaction] = message.transactions;
        sent.push(`${transaction?.mode} ${transaction?.id} ${transaction?.primitive.name}`);
        if (transaction?.primitive.name !== 'Polling-Request') return sandbox.handle(request);
        const primitive = element('SystemMessage-Request', [systemMessageList([TARIFF])]);
        const answer = answerAll(message, [{ mode: 'Request', id: 'g12', primitive }]);
        return { statusCode: 200, contentType: request.contentType, body: encodeMessage(answer, 'xml') };
      },
    },
    'alice',
  );
  await alice.login();
  sent.length = 0;
  const [event] = await alice.poll();
  expect(event).toMatchObject({ kind: 'system-message', messages: [{ id: 'aoc-1', requiresResponse: true }] });
  const messages = event?.kind === 'system-message' ? event.messages : [];
  expect(await alice.answerSystemMessages(messages, [{ optionId: '2' }])).toMatchObject({ code: 501 });
  expect(sent).toEqual(['Request  Polling-Request', 'Response g12 Status', 'Request 4 SystemMessage-User']);
});

describe('what the service says in error', () => {
  const replying = (statusCode: number, body: string): Handset =>
    handsetOf({ handle: async () => ({ statusCode, contentType: 'text/plain', body: Buffer.from(body) }) }, 'alice');

  test.each([
    ['an HTTP status', 502, 'down', 'HTTP_STATUS'],
    ['no CSP message', 200, 'hello', 'NOT_AN_ANSWER'],
    ['nothing', 200, '', 'NOT_AN_ANSWER'],
  ])('%s is a failure with a code', async (_, statusCode, body, code) => {
    await expect(replying(statusCode, body).login()).rejects.toMatchObject({ name: 'HandsetError', code });
  });

  test('nobody there is a failure with a code', async () => {
    const alice = new Handset({ url: 'http://127.0.0.1:1/', userId: 'alice', password: 'secret' });
    await expect(alice.login()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await alice.close();
  });
});

describe('answers in writing', () => {
  const asked = (options: readonly string[], inText?: string): AskedMessage => ({
    id: 'x',
    requiresResponse: true,
    text: 'Text',
    options: options.map((text, index) => ({ id: String(index + 11), text })),
    verification: inText === undefined ? undefined : { inText, url: undefined },
  });

  test.each([
    ['2', '12'],
    ['I accept', '11'],
    ['presence', '12'],
    ['DECLINE', '13'],
    ['only', '12'],
  ])('%s chooses option %s', (answer, optionId) => {
    expect(choiceOf(asked(['I accept', 'Presence only', 'I decline']), answer)).toEqual({ optionId, key: undefined });
  });

  test.each(['4', '0', 'maybe', ''])('"%s" is none of the options', (answer) => {
    expect(choiceOf(asked(['Yes', 'No']), answer)).toMatchObject({ kind: 'unusable', answer });
  });

  test('a key stands behind a colon', () => {
    expect(choiceOf(asked(['Yes'], 'GREEN?'), 'yes:GREEN')).toEqual({ optionId: '11', key: 'GREEN' });
    expect(choiceOf(asked([], 'GREEN?'), ':GREEN')).toEqual({ key: 'GREEN' });
    expect(choiceOf(asked([]), 'seen')).toEqual({ key: undefined });
  });

  test('the last answer serves for the rest of a question, not for its repetition', async () => {
    const answer = new GivenAnswers(['1'], () => undefined).atLogin();
    expect(await answer([asked(['Yes']), asked(['Yes'])])).toHaveLength(2);
    expect(await answer([asked(['Yes'])])).toBeUndefined();
  });

  test('the first screen has 128 characters, none of them cut', () => {
    const { shown, rest } = firstScreen(`${'ä'.repeat(127)}😀x`);
    expect([[...shown].length, shown.endsWith('😀'), rest]).toEqual([128, true, 'x']);
  });
});
