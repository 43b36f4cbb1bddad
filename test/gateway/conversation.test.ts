/** Conversations with clients that cannot be asked otherwise: what transcripts do not show [X21]. */
import { describe, expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { childText, element } from '../../gateway/csp/element.ts';
import { resultCode } from '../../gateway/csp/status.ts';
import { createRig, vaspAnswer } from '../transcripts/rig.ts';
import { AOC_CONVERSE, digestOffer, Phone, policies, SERVICE } from './conversation-phone.ts';
import {
  CANARIES,
  clientId,
  digestLogin,
  loginRequest,
  loginResponse,
  message,
  SPELLINGS,
  USER_ID,
} from './messages.ts';

const SPELLING = { version: '1.2', encoding: 'wbxml' } as const;
const LEGACY = SPELLINGS.filter(({ version }) => version !== '1.3');

function conversing(keys = '', more: Parameters<typeof createRig>[0] = {}): Phone {
  const rig = createRig({ policies: policies(AOC_CONVERSE + keys), ...more });
  return new Phone(rig, SPELLING);
}

describe('what is asked', () => {
  test('the configured service contact asks, and is written to in any spelling', async () => {
    const phone = conversing('', { serviceContact: 'wv:Operator@im.example' });
    await phone.logIn();
    expect(resultCode(await phone.write('1'))).toBe(403);
    expect(resultCode(await phone.write('1', 'WV:operator@IM.example'))).toBe(200);
    expect(await phone.poll()).toMatchObject({ name: 'Disconnect', text: 'Thank you. Please log in again.' });
  });

  test('an answer in BASE64 is read', async () => {
    const phone = conversing();
    await phone.logIn();
    await phone.write(Buffer.from('decline').toString('base64'), SERVICE, 'BASE64');
    expect(await phone.poll()).toMatchObject({ name: 'Disconnect', text: 'You declined.' });
  });

  test('what is longer than a phone shows comes in several messages', async () => {
    const rig = createRig({
      policies: policies(AOC_CONVERSE.replace(/message: .*/, `message: { en: "${'Long words. '.repeat(40)}" }`)),
    });
    const phone = new Phone(rig, SPELLING);
    await phone.logIn();
    const texts: string[] = [];
    for (let polled = await phone.poll(); polled !== undefined; polled = await phone.poll()) {
      texts.push(polled.text ?? '');
      await phone.acknowledge(polled);
    }
    expect(texts.length).toBe(2);
    expect(texts.every((text) => text.length <= 512)).toBe(true);
    expect(texts.join(' ')).toContain('1 Accept\n2 Decline');
  });

  test('and in more of them where the phone takes less', async () => {
    const phone = conversing();
    await phone.logIn();
    const list = element('CapabilityList', [element('ClientType', 'CLI'), element('AcceptedContentLength', 10)]);
    await phone.request(element('ClientCapability-Request', [list]));
    expect((await phone.poll())?.text).toBe(
      'A message costs 0.10 EUR.\n\n1 Accept\n2 Decline\n\nReply with the number of your answer.',
    );
  });

  test('a question whose policies are gone is not asked any more', async () => {
    const phone = conversing();
    await phone.logIn();
    for (let version = 2; version < 70; version++) {
      phone.rig.usePolicies(policies(AOC_CONVERSE.replace('version: 1', `version: ${version}`)));
    }
    expect(resultCode(await phone.write('1'))).toBe(200);
    expect(await phone.poll()).toMatchObject({ text: 'The question has changed. Please log in again.' });
    await phone.logIn();
    expect((await phone.poll())?.text).toContain('A message costs');
  });

  test('the record says how it was asked: by conversation, how often, in which language', async () => {
    const phone = conversing();
    const { rig } = phone;
    await phone.logIn();
    await phone.logIn();
    await phone.write('1');
    rig.upstream.otherwise = () =>
      vaspAnswer(
        message(SPELLING, undefined, [['1', loginResponse(200, 'S-1')]], 'Response'),
        'application/vnd.wv.csp.wbxml',
      );
    await phone.logIn();
    const [entry] = await rig.store.audit.recordsOf(userKeyOf(rig.secrets, { name: 'verona' }, USER_ID));
    expect(entry).toMatchObject({
      kind: 'record',
      record: { way: 'conversation', tries: 2, language: 'en', option: 'accept', outcome: 'accepted', csp: '1.2' },
    });
  });
});

describe('what is kept', () => {
  test('of more sessions than are kept the longest unused one ends', async () => {
    const rig = createRig({ policies: policies(AOC_CONVERSE), waitingSessions: 2 });
    const phones = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const phone = new Phone(rig, SPELLING);
        const login = element('Login-Request', [
          element('UserID', `wv:${name}@im.example`),
          clientId(),
          element('Password', 'x'),
          element('SessionCookie', name),
        ]);
        await phone.logIn(login);
        return phone;
      }),
    );
    expect((await rig.waiting()).length).toBe(2);
    const codes = await Promise.all(
      phones.map(async (phone) => resultCode(await phone.request(element('KeepAlive-Request')))),
    );
    expect(codes).toEqual([604, 200, 200]);
  });

  test('a session nobody uses is gone, and nothing of it is left', async () => {
    const phone = conversing();
    await phone.logIn();
    phone.rig.clock.advance(3 * 60_000 + 1);
    await phone.rig.sweep();
    expect(await phone.rig.waiting()).toEqual([]);
    expect(resultCode(await phone.request(element('Polling-Request')))).toBe(604);
  });

  test('of a client no more than has a bound', async () => {
    const phone = conversing();
    await phone.logIn();
    for (let round = 0; round < 5; round++) {
      const list = element('CapabilityList', [
        element('ClientType', 'CLI'),
        element('DefaultLanguage', `${round}${'x'.repeat(100_000)}`),
      ]);
      await phone.request(element('ClientCapability-Request', [list]));
      await phone.write('1 '.repeat(100_000));
    }
    expect(JSON.stringify(await phone.rig.waiting()).length).toBeLessThan(2_000);
    const named = (userId: string) =>
      element('Login-Request', [
        element('UserID', userId),
        clientId(),
        element('Password', 'x'),
        element('SessionCookie', 'x'),
      ]);
    expect(resultCode(await phone.logIn(named(`wv:${'x'.repeat(300)}@im.example`)))).toBe(402);
  });

  test('a login that goes through ends the conversation', async () => {
    const phone = conversing();
    await phone.logIn();
    await phone.write('1');
    const { sessionId } = phone;
    phone.rig.upstream.otherwise = () =>
      vaspAnswer(
        message(SPELLING, undefined, [['1', loginResponse(200, 'S-1')]], 'Response'),
        'application/vnd.wv.csp.wbxml',
      );
    await phone.logIn();
    expect(phone.sessionId).toBe('S-1');
    expect(await phone.rig.waiting()).toEqual([]);
    phone.sessionId = sessionId;
    expect(resultCode(await phone.request(element('Polling-Request')))).toBe(604);
  });

  test('requests at the same time wait for each other: one question, one answer', async () => {
    const phone = conversing();
    await phone.logIn();
    const polled = await Promise.all([phone.poll(), phone.poll(), phone.poll()]);
    expect(polled.filter((one) => one !== undefined).length).toBe(1);
    const answers = await Promise.all([phone.write('1'), phone.write('2'), phone.write('1')]);
    expect(answers.map((answer) => resultCode(answer))).toEqual([200, 200, 200]);
    expect(await phone.poll()).toMatchObject({ text: 'Thank you. Please log in again.' });
  });

  test.each(LEGACY)('no credential and nothing that was written, CSP $version $encoding', async (spelling) => {
    const rig = createRig({ policies: policies(AOC_CONVERSE) });
    const phone = new Phone(rig, spelling);
    const nonce = childText(await phone.logIn(digestOffer(CANARIES.cookie)), 'Nonce') ?? '';
    expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    await phone.logIn(digestLogin());
    await phone.write(CANARIES.content);
    await phone.write(CANARIES.content, 'wv:romeo@im.example');
    const kept = JSON.stringify([await rig.waiting(), rig.log, rig.metrics]);
    await phone.logIn(loginRequest());
    const first = (await phone.poll())?.text ?? '';
    await phone.write('accept');
    const all = kept + JSON.stringify([await rig.waiting(), rig.log, rig.metrics]);
    expect((await rig.waiting()).length).toBe(1);
    expect(first).toContain('A message costs');
    for (const canary of [...Object.values(CANARIES), nonce]) expect(all).not.toContain(canary);
    // Logs and metrics do not know the user and the session either.
    const written = JSON.stringify([rig.log, rig.metrics]);
    for (const canary of [USER_ID, phone.sessionId ?? '', 'client.example']) expect(written).not.toContain(canary);
    expect(rig.upstream.seen).toEqual([]);
  });
});
