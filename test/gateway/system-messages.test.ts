/**
 * System Messages in a session where transcripts do not reach: what passes while there is nothing to say, a desk that fails,
 * messages that come while the VASP is asked, sessions that end in the middle of an effect, and turns with the real desk
 * [X40 to X46].
 */
import { describe, expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { resultCode } from '../../gateway/csp/status.ts';
import { NO_INTERESTS } from '../../gateway/desk/interests.ts';
import { transactionIdOf, wireId } from '../../gateway/system-message/ids.ts';
import type { SessionEffect } from '../../gateway/system-message-ports.ts';
import { policyFiles } from '../transcripts/world.ts';
import { SPELLINGS, sendMessage, statusOk, USER_ID } from './messages.ts';
import { type Heard, newMessage, PollingWorld, SESSION, textOf } from './polling-world.ts';
import { ALL_INTERESTS, idOf } from './scripted-desk.ts';

const SPELLING = { version: '1.3', encoding: 'xml' } as const;
const OURS = transactionIdOf(idOf('x'), 7);
const codes = ({ transactions }: Heard) => transactions.map(({ primitive }) => resultCode(primitive));
const chosen = element('SystemMessage-User', [
  element('SystemMessageResponseList', [
    element('SystemMessageResponse', [element('SystemMessageID', wireId(idOf('x'))), element('ChosenOptionID', 1)]),
  ]),
]);
const delivered = (id: string): Element => element('MessageDelivered', [element('MessageID', id)]);
const follow = (...effects: readonly SessionEffect[]) => ({ status: 200, description: undefined, effects, claim: 'c' });
const ADD: SessionEffect = { kind: 'add-contact', user: 'wv:romeo@im.example' };

function textTo(...users: readonly string[]): Element {
  const recipients = users.map((user) => element('User', [element('UserID', user)]));
  return element('SendMessage-Request', [
    element('DeliveryReport', 'F'),
    element('MessageInfo', [element('ContentSize', 1), element('Recipient', recipients)]),
    element('ContentData', '1'),
  ]);
}

describe('what passes', () => {
  test('without on-line policies nobody asks, whatever a client says', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.looksFor = NO_INTERESTS;
    world.own.isBroken = true;
    await world.ask(chosen);
    await world.answer([OURS, statusOk]);
    await world.ask(textTo('wv:service@im.example'));
    expect(world.rig.upstream.seen.length).toBe(3);
  });

  test('a session to which nothing is to be said asks the desk nothing, byte for byte', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.isBroken = true;
    const heard = await world.ask(sendMessage(), delivered('not of ours'), textTo('wv:romeo@im.example'));
    expect(codes(heard)).toEqual([200, 200, 200]);
    expect(world.rig.upstream.seen.length).toBe(1);
    expect(world.rig.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test.each(['wv:service@im.example', 'WV:SERVICE@IM.EXAMPLE', 'service', 'wv:%73ervice@im.example'])(
    '%s is the service contact',
    async (contact) => {
      for (const spelling of SPELLINGS) {
        const world = await PollingWorld.open(spelling);
        world.rig.upstream.seen.length = 0;
        const [answer] = (await world.ask(textTo(contact))).transactions;
        expect(answer?.primitive.name).toBe('SendMessage-Response');
        expect(childText(answer?.primitive, 'MessageID')).toMatch(/^sapgw\.[\w-]{22}$/);
        expect(world.own.texts).toEqual(['1']);
        expect(world.rig.upstream.seen).toEqual([]);
      }
    },
  );

  test.each([
    ['references', 'serv&#105;ce'],
    ['a piece of CDATA', 'serv<![CDATA[ice]]>'],
    ['a comment', 'serv<!-- -->ice'],
  ])('in XML its name may be hidden by %s', async (_what, name) => {
    const world = await PollingWorld.open(SPELLING);
    const body = world.message(textTo('wv:HERE@im.example')).toString().replace('HERE', name);
    expect((await world.send(Buffer.from(body))).transactions[0]?.primitive.name).toBe('SendMessage-Response');
    expect(world.rig.upstream.seen).toEqual([]);
  });

  test('some transactions are answered here, the others go on as they came, the answers come in order', async () => {
    const world = await PollingWorld.open(SPELLING);
    const heard = await world.ask(sendMessage(), chosen, textTo('service', 'wv:romeo@im.example'), sendMessage());
    expect(codes(heard)).toEqual([200, 200, 402, 200]);
    expect(heard.transactions.map(({ id }) => id)).toEqual(['c1', 'c2', 'c3', 'c4']);
    const atVasp = decodeMessage(world.rig.upstream.seen[0]?.body ?? Buffer.alloc(0), 'xml');
    expect(atVasp.transactions.map(({ id }) => id)).toEqual(['c1', 'c4']);
  });
});

describe('a desk that fails', () => {
  test('lets polls through and nothing that it may have to hold back, and says to try again', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.isConcerned = true;
    world.own.isBroken = true;
    world.atVasp.push('v1');
    expect((await world.poll()).transactions.map(({ primitive }) => textOf(primitive))).toEqual(['v1']);
    // Something may block that cannot be known now: the client is told to come back, and not let past it.
    expect(codes(await world.ask(sendMessage(), chosen))).toEqual([503, 503]);
    expect((await world.answer([OURS, statusOk])).transactions).toEqual([]);
    expect(codes(await world.answer([OURS, chosen]))).toEqual([503]);
    expect(world.rig.log.some(({ event }) => event === 'messages to users cannot be had')).toBe(true);
  });

  test('lets logins and requests through', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.looksFor = ALL_INTERESTS;
    world.own.isBroken = true;
    expect(codes(await world.login())).toEqual([200]);
    expect(codes(await world.ask(element('CancelAuth-Request', [element('UserID', 'wv:romeo')])))).toEqual([200]);
    expect(world.rig.log.filter(({ event }) => event === 'what happened in a session is lost').length).toBe(2);
  });
});

describe('Poll', () => {
  test('says T of a message that came while the VASP was asked', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.whenAsked(() => world.own.waiting.push('late'));
    expect((await world.ask(sendMessage())).poll).toBe(true);
    world.own.waiting.length = 0;
    world.whenAsked(() => world.own.waiting.push('later'));
    const [handed] = (await world.poll()).transactions;
    expect(textOf(handed?.primitive)).toBe('later');
  });

  test("says what the VASP says when the gateway's own answer stands beside it", async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.isConcerned = true;
    world.atVasp.push('v1');
    expect((await world.ask(sendMessage(), chosen)).poll).toBe(true);
    expect((await world.ask(chosen)).poll).toBe(true);
    await world.poll();
    expect((await world.ask(chosen)).poll).toBe(false);
  });

  test("of a session that ends is nobody's matter, and the desk hears of the end", async () => {
    const world = await PollingWorld.open(SPELLING);
    await world.ask(element('Logout-Request'));
    expect(world.own.overSessions).toEqual([world.rig.secrets.keyedHash('session', 'verona', SESSION)]);
  });

  describe.each(SPELLINGS)('with the real desk, CSP $version, $encoding', (spelling) => {
    test('100 messages of each side are through in 200 polls, in order, and Poll is right', async () => {
      const world = await PollingWorld.open(spelling, {
        systemMessages: undefined,
        policies: policyFiles(['on-line-added']),
        deskLimits: { openPerUser: 100 },
      });
      const names = Array.from({ length: 100 }, (_, index) => `wv:friend${index}@im.example`);
      const desk = await world.rig.desk();
      const [policy] = world.rig.policies().onLine;
      const userKey = userKeyOf(world.rig.secrets, { name: 'verona' }, USER_ID);
      if (policy === undefined) throw new Error('the policy is missing');
      await desk.enqueue(names.map((about) => ({ policy, userKey, vasp: 'verona', about })));
      const vasp = Array.from({ length: 100 }, (_, index) => `vasp ${index}`);
      world.atVasp.push(...vasp);
      const shown: string[] = [];
      const fromVasp: string[] = [];
      for (let polls = 0; polls < 200 && shown.length + fromVasp.length < 200; polls++) {
        for (let heard = await world.poll(); heard.transactions.length > 0; ) {
          const [transaction] = heard.transactions;
          const text = textOf(transaction?.primitive) ?? systemMessageText(transaction?.primitive) ?? '';
          const about = /wv:friend\d+@im\.example/.exec(text)?.[0];
          if (about === undefined) fromVasp.push(text);
          else shown.push(about);
          expect(heard.poll ?? false).toBe(shown.length + fromVasp.length < 200);
          const isMessage = transaction?.primitive.name === 'NewMessage';
          const messageId = childText(descendant(transaction?.primitive, 'MessageInfo'), 'MessageID') ?? '';
          heard = await world.answer([transaction?.id ?? '', isMessage ? delivered(messageId) : statusOk]);
        }
      }
      expect(shown).toEqual(names);
      expect(fromVasp).toEqual(vasp);
      expect((await world.poll()).transactions).toEqual([]);
      const kept = await world.rig.store.systemMessages.of(userKey);
      expect(kept.filter(({ deliveredAt }) => deliveredAt !== undefined).length).toBe(100);
    });
  });
});

describe('effects', () => {
  test('the session ends at the VASP in the middle of one: the rest fails, the client is told 604', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.judges = follow(ADD, ADD);
    world.rig.upstream.otherwise = (request) => world.answerWith(request, element('Status', [code(604)]));
    const heard = await world.ask(chosen, sendMessage());
    expect(codes(heard)).toEqual([200, 604]);
    expect(world.own.failures).toEqual([
      [
        { effect: ADD, status: 604 },
        { effect: ADD, status: 604 },
      ],
    ]);
    expect(world.rig.upstream.seen.length).toBe(1);
    expect(codes(await world.poll())).toEqual([604]);
  });

  test('what the VASP sends with the answer to one is not lost', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.judges = follow(ADD);
    world.rig.upstream.otherwise = (request) =>
      world.answerWith(request, element('Status', [code(500)]), newMessage('along with it'));
    const heard = await world.ask(chosen);
    expect(codes(heard)).toEqual([200]);
    expect(heard.poll).toBe(true);
    expect((await world.poll()).transactions.map(({ primitive }) => textOf(primitive))).toEqual(['along with it']);
    expect(world.own.failures).toEqual([[{ effect: ADD, status: 500 }]]);
  });

  test('what the gateway asks in a session is no event; what the client asks is', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.looksFor = ALL_INTERESTS;
    world.own.judges = follow({ kind: 'authorize-presence', user: 'wv:romeo@im.example' });
    await world.ask(chosen);
    expect(world.rig.upstream.seen.length).toBe(1);
    expect(world.own.happenings).toEqual([]);
    await world.ask(element('DeleteAttributeList-Request', [element('DefaultList', true)]));
    expect(world.own.happenings).toMatchObject([{ kind: 'presence-authorization-changed', otherUser: undefined }]);
  });

  test('a VASP that says nothing of use, or is not there', async () => {
    const world = await PollingWorld.open(SPELLING);
    world.own.judges = follow(ADD);
    world.rig.upstream.otherwise = { kind: 'failed', failure: 'timeout' };
    expect(codes(await world.ask(chosen))).toEqual([200]);
    expect(world.own.failures).toEqual([[{ effect: ADD, status: 504 }]]);
  });

  test('another level holds for the next transaction of the same message; what both grant is never more', async () => {
    const world = await PollingWorld.open(SPELLING);
    const presence = ServiceSet.ofCodes(['MP', 'GETPR']);
    const grant = { kind: 'grant', level: 'x', low: presence.low, high: presence.high, isAtMost: false } as const;
    world.own.judges = follow(grant);
    expect(codes(await world.ask(sendMessage(), chosen, sendMessage()))).toEqual([506, 200, 506]);
    const all = ServiceSet.ALL;
    world.own.judges = follow({ ...grant, low: all.low, high: all.high, isAtMost: true });
    expect(codes(await world.ask(chosen, sendMessage()))).toEqual([200, 506]);
    world.own.judges = follow({ ...grant, low: all.low, high: all.high });
    expect(codes(await world.ask(chosen, sendMessage()))).toEqual([200, 200]);
  });

  test('a level that silence takes away is gone also when the store cannot be written; one that is given is not', async () => {
    const world = await PollingWorld.open(SPELLING);
    const presence = ServiceSet.ofCodes(['MP', 'GETPR']);
    const grant = { kind: 'grant', level: 'x', low: presence.low, high: presence.high, isAtMost: true } as const;
    const { sessions } = world.rig.store;
    const put = sessions.put.bind(sessions);
    sessions.put = () => Promise.reject(new Error('the disk is full'));
    world.own.judges = follow(grant);
    expect(codes(await world.ask(chosen, sendMessage()))).toEqual([200, 506]);
    world.own.judges = follow({ ...grant, isAtMost: false });
    expect(codes(await world.ask(chosen, sendMessage()))).toEqual([200, 200]);
    sessions.put = put;
  });
});

function code(value: number): Element {
  return element('Result', [element('Code', value)]);
}

function systemMessageText(primitive: Element | undefined): string | undefined {
  return childText(descendant(primitive, 'SystemMessageList', 'SystemMessage'), 'SystemMessageText');
}
