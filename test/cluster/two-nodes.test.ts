/**
 * Two nodes on one Redis are one gateway to users and to operators: whatever began at one goes on at the other, what changes at
 * one holds at the other with the next request, and what is to be said to a user is said once, wherever the user is. Each node
 * as one process, and as two workers.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { childText, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';
import type { AskedMessage, Choices } from '../../gateway/sandbox/handset/asking.ts';
import type { HandsetEvent } from '../../gateway/sandbox/handset/events.ts';
import type { HandsetOptions } from '../../gateway/sandbox/handset/handset.ts';
import { createSandbox, type Sandbox } from '../../gateway/sandbox/server.ts';
import { Line } from '../cir/stcp.ts';
import { onLine } from '../desk/world.ts';
import { headOf, letter, MailPhone } from '../load/mailbox-phone.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { Lanes } from '../load/messages-lanes.ts';
import { until } from '../main/admin-calls.ts';
import { chargePolicy, LEVELS, temporaryFolder } from '../main/running.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { scaled } from '../scale.ts';
import { type GatewayNode, startNodes, stopNodes } from './nodes.ts';
import { type RoamingPhone, roamingPhone } from './roaming.ts';

const SPELLING = { version: '1.3', encoding: 'xml' } as const;
/** Nodes of one process; of several in a usual run a part of it. */
const MOST_CHANGES = 50;
const MOST_USERS = 200;
const LETTERS = 12;
const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const POLICIES = {
  'levels.yaml': LEVELS,
  'charge.yaml': `${chargePolicy('{ converse: true }')}applies: { users: ["wv:asked-*"] }\n`,
  'level.yaml': onLine(
    'level',
    'operator',
    `options:
  - { id: less, text: { en: Less }, do: [{ grant: presence-only }] }
  - { id: more, text: { en: More }, do: [{ grant: full }] }`,
    '{ en: "How much?" }',
  ),
  'notice.yaml': onLine('notice', 'operator', '', '{ en: "Tonight the service rests." }'),
  'kept.yaml': `kind: off-line-user
id: kept
applies: { users: ["wv:away-*"] }
keep: { messages: 100, bytes: 256KiB, for: 7d }
storeOn: [533, 410]
`,
};
const LOGINS: readonly (readonly [name: string, options: Partial<HandsetOptions>])[] = [
  ['in XML', { encoding: 'xml' }],
  ['in WBXML', { encoding: 'wbxml' }],
  ['in four ways, in XML', { encoding: 'xml', fourWay: true }],
  ['in four ways, in WBXML', { encoding: 'wbxml', fourWay: true }],
  ['with both negotiations in the login', { encoding: 'wbxml', fold: true }],
];
const CONVERSATIONS: readonly (readonly [name: string, options: Partial<HandsetOptions>])[] = [
  ['of 1.1 in WBXML', { version: '1.1', encoding: 'wbxml' }],
  ['of 1.2 in XML', { version: '1.2', encoding: 'xml' }],
  ['of 1.2 in four ways', { version: '1.2', encoding: 'wbxml', fourWay: true }],
];
const NAMES = [
  ...numbered('asked', LOGINS.length + CONVERSATIONS.length),
  ...numbered('roams', MOST_CHANGES),
  ...['turned', 'called', 'writer', 'away-reader'],
  ...numbered('many', MOST_USERS),
];

const messagesIn = (events: readonly HandsetEvent[]): readonly AskedMessage[] =>
  events.flatMap((event) => (event.kind === 'system-message' ? event.messages : []));

const textsIn = (events: readonly HandsetEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === 'message' ? [event.text] : []));

describeWithRedis('two nodes', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  describe.each([1, 2])('two nodes of %i processes each', (workers) => {
    const CHANGES = workers === 1 ? MOST_CHANGES : scaled(10, MOST_CHANGES);
    const USERS = workers === 1 ? MOST_USERS : scaled(40, MOST_USERS);
    let sandbox: Sandbox;
    let mailboxVasp: MailboxVasp;
    let nodes: readonly GatewayNode[];
    let vaspLogins = 0;
    const phones: RoamingPhone[] = [];

    beforeAll(async () => {
      sandbox = createSandbox({
        cirPort: 0,
        users: NAMES.map((id) => ({ id, password: 'secret' })),
        onRequest: (body, contentType) => {
          const [first] = scanEnvelope(Buffer.from(body), encodingOfContentType(contentType) ?? 'xml').transactions;
          if (first?.primitive === 'Login-Request') vaspLogins += 1;
        },
      });
      const { url } = await sandbox.listen('127.0.0.1', 0);
      mailboxVasp = await MailboxVasp.listen();
      mailboxVasp.agreesOnCalls = true;
      const vasps = {
        im: { url, domain: 'sandbox' },
        other: { url: mailboxVasp.url, paths: ['/imps'], domain: 'im.example' },
      };
      const plan = { directory: temporaryFolder(), count: 2, policies: POLICIES, store: redis.url(), workers };
      nodes = await startNodes({ ...plan, vasps });
    });
    afterAll(async () => {
      await Promise.all(phones.map(({ handset }) => handset.close()));
      await stopNodes(nodes ?? []);
      await sandbox.close();
      await mailboxVasp.close();
    });

    const nodeAt = (index: number): GatewayNode => {
      const node = nodes[index];
      if (node === undefined) throw new Error(`there is no node ${index}`);
      return node;
    };
    const phoneOf = (name: string, options: Partial<HandsetOptions> = {}): RoamingPhone => {
      const phone = roamingPhone(nodes, name, options);
      phones.push(phone);
      return phone;
    };
    const logIn = async (name: string, options: Partial<HandsetOptions> = {}): Promise<RoamingPhone> => {
      const phone = phoneOf(name, options);
      expect((await phone.handset.login()).kind).toBe('logged-in');
      return phone;
    };
    const sendOnline = async (node: number, body: object): Promise<string> => {
      const { status, json } = await nodeAt(node).call('POST', 'messages', { ...body, vasp: 'im' });
      expect([status, json]).toEqual([202, expect.anything()]);
      return String(json.id);
    };
    const report = async (node: number, id: string) => (await nodeAt(node).call('GET', `messages/${id}`)).json;

    test.each(LOGINS.map(([name, options], index) => [name, options, index] as const))(
      'a login that one asks is answered at the other: %s',
      async (_, options, index) => {
        const { handset, at } = phoneOf(`asked-${index}`, options);
        const before = vaspLogins;
        let heardWhenAsked: number | undefined;
        at.stay(0);
        const accept = (messages: readonly AskedMessage[]): Choices => {
          heardWhenAsked = vaspLogins;
          at.stay(1);
          return messages.map((one) => ({ optionId: one.options[0]?.id }));
        };
        expect(await handset.login({ answer: accept })).toMatchObject({ kind: 'logged-in', rounds: 1 });
        // In four ways the VASP hears of it twice.
        const heard = before + (options.fourWay === true ? 2 : 1);
        expect([heardWhenAsked, vaspLogins]).toEqual([before, heard]);
        at.alternate();
        expect((await handset.logout()).ok).toBe(true);
        const declined = await handset.login({
          answer: (messages) => messages.map((one) => ({ optionId: one.options[2]?.id })),
        });
        expect(declined).toMatchObject({ kind: 'refused', code: 403 });
        expect(vaspLogins).toBe(heard);
      },
    );

    test.each(CONVERSATIONS.map(([name, options], index) => [name, options, LOGINS.length + index] as const))(
      'a conversation goes on at whichever node the phone comes to: %s',
      async (_, options, index) => {
        const { handset } = await logIn(`asked-${index}`, options);
        const [question] = (await handset.receive()).filter((event) => event.kind === 'message');
        expect(question).toMatchObject({ text: expect.stringContaining('Each message costs 0.10 EUR.') });
        expect((await handset.send(question?.from ?? '', '1')).ok).toBe(true);
        expect(await handset.receive()).toContainEqual(expect.objectContaining({ kind: 'disconnected', code: 601 }));
        expect((await handset.login()).kind).toBe('logged-in');
        expect((await handset.send('wv:writer@sandbox', 'paid')).code).not.toBe(604);
        expect((await handset.logout()).ok).toBe(true);
      },
    );

    test(`a session that one opened is used at the other, and ended there for both at once, ${CHANGES} times`, async () => {
      const stale: number[] = [];
      for (const [index, name] of numbered('roams', CHANGES).entries()) {
        const here = index % 2;
        const { handset, at } = phoneOf(name);
        at.stay(here);
        expect((await handset.login()).kind).toBe('logged-in');
        expect((await handset.presence(['wv:roams-0@sandbox'])).ok).toBe(true);
        at.stay(1 - here);
        expect((await handset.presence(['wv:roams-0@sandbox'])).ok).toBe(true);
        // Another phone knows the session id: the one that logs out forgets it.
        const session = handset.exchange.bind(handset);
        const out = await session([{ mode: 'Request', id: '900', primitive: element('Logout-Request') }]);
        expect(childText(out[0]?.primitive.children[0], 'Code')).toBe('200');
        at.stay(here);
        const { code } = await handset.request(element('KeepAlive-Request', [element('TimeToLive', 600)]));
        if (code !== 604) stale.push(code);
      }
      expect(stale).toEqual([]);
    });

    test(`a level that changes at one holds at the other with the next request, ${CHANGES} times`, async () => {
      const { handset, at } = await logIn('turned');
      await logIn('writer');
      const stale: string[] = [];
      for (let change = 0; change < CHANGES; change++) {
        const here = Math.floor(change / 2) % 2;
        const wanted = change % 2 === 0 ? 506 : 200;
        await sendOnline(here, { policy: 'level', user: 'wv:turned@sandbox' });
        at.stay(1 - here);
        await handset.send('wv:writer@sandbox', 'so that this node remembers the session');
        at.stay(here);
        const messages = await until(
          async () => messagesIn(await handset.poll()),
          (list) => list.length > 0,
        );
        const choices = messages.map((one) => ({ optionId: one.options[change % 2]?.id }));
        expect((await handset.answerSystemMessages(messages, choices)).code).toBe(200);
        at.stay(1 - here);
        const { code } = await handset.send('wv:writer@sandbox', 'within the level?');
        if (code !== wanted) stale.push(`${change}: ${code} in the place of ${wanted}`);
      }
      expect(stale).toEqual([]);
    });

    test('a phone that keeps its connection at one is called for whatever comes through the other', async () => {
      const called = phoneOf('called', { cir: ['STCP'] });
      called.at.stay(0);
      const login = await called.handset.login();
      if (login.kind !== 'logged-in') throw new Error(login.kind);
      const line = await Line.to(Number(childText(login.capabilities, 'TCPPort')));
      expect(await line.ask(`HELO ${login.sessionId}\r\n`)).toBe('OK');
      await called.handset.receive();
      const writer = await logIn('writer');
      writer.at.stay(1);
      for (const round of [1, 2]) {
        called.at.stay(round - 1);
        expect((await writer.handset.send('wv:called@sandbox', `round ${round}`)).ok).toBe(true);
        expect(await line.next()).toBe('WVCI 1.3 of-called');
        expect(textsIn(await called.handset.receive())).toEqual([`round ${round}`]);
        await sendOnline(1, { policy: 'notice', user: 'wv:called@sandbox' });
        expect(await line.next()).toBe('WVCI 1.3 of-called');
        expect(messagesIn(await called.handset.receive()).map(({ text }) => text)).toEqual([
          'Tonight the service rests.',
        ]);
      }
      called.at.stay(1);
      expect((await called.handset.logout()).ok).toBe(true);
      expect(await line.next()).toBe('closed');
    });

    test('a phone that keeps its connection at one is called for what is kept through the other', async () => {
      const [here, there] = nodes.map(({ port }) => new Lanes(port, 1));
      if (here === undefined || there === undefined) throw new Error('there are no two nodes');
      const called = new MailPhone('wv:away-called@im.example', SPELLING, here);
      const writer = new MailPhone('wv:writer@im.example', SPELLING, there);
      expect([await called.logIn(), await writer.logIn()]).toEqual([200, 200]);
      const methods = [element('SupportedCIRMethod', 'STCP')];
      const agreed = await called.request(element('ClientCapability-Request', [element('CapabilityList', methods)]));
      const list = agreed.primitive?.children.find(({ name }) => name === 'AgreedCapabilityList');
      const line = await Line.to(Number(childText(list, 'TCPPort')));
      expect(await line.ask(`HELO ${called.sessionId}\r\n`)).toBe('OK');
      // Nothing is handed over before that.
      await called.request(element('Service-Request', [element('Functions', [element('WVCSPFeat')])]));
      mailboxVasp.away.add(called.user);
      const said = await writer.request(letter(writer.user, { to: [called.user], text: 'Are you there?' }));
      expect(said.code).toBe(200);
      expect(await line.next()).toBe('WVCI 1.3 cookie');
      const { primitive, transactionId } = await called.poll();
      expect(childText(primitive, 'ContentData')).toBe('Are you there?');
      const { messageId } = headOf(primitive);
      expect((await called.acknowledge(messageId, transactionId)).primitive?.name).not.toBe('NewMessage');
      line.close();
      here.close();
      there.close();
    });

    test('messages kept through one are handed over at either, in order, each once', async () => {
      const writer = await logIn('writer');
      const written: string[] = [];
      for (let number = 1; number <= LETTERS; number++) {
        written.push(`number ${number}`);
        expect((await writer.handset.send('wv:away-reader@sandbox', `number ${number}`)).ok).toBe(true);
      }
      const { handset } = await logIn('away-reader');
      const got: HandsetEvent[] = [];
      for (let empty = 0; empty < 4; ) {
        const events = await handset.poll();
        got.push(...events);
        empty = events.length === 0 ? empty + 1 : 0;
      }
      expect(textsIn(got)).toEqual(written);
      for (const node of [0, 1])
        expect((await nodeAt(node).call('GET', 'mailbox')).json).toMatchObject({ waiting: 0, dead: 0 });
    });

    test(`a message to all goes once to each of ${USERS} users at two nodes`, async () => {
      const crowd = await Promise.all(
        numbered('many', USERS).map(async (name, index) => {
          const phone = phoneOf(name, { encoding: index % 2 === 0 ? 'xml' : 'wbxml' });
          phone.at.stay(index % 2);
          expect((await phone.handset.login()).kind).toBe('logged-in');
          return phone;
        }),
      );
      const id = await sendOnline(1, { policy: 'notice', users: 'wv:many-*', perSecond: 1_000 });
      await until(
        async () => (await report(1, id)).state,
        (state) => state === 'sent',
      );
      const told = await Promise.all(
        crowd.map(async ({ handset, at }, index) => {
          // Half of them come to the other node now.
          if (index % 4 > 1) at.stay((index + 1) % 2);
          const events: HandsetEvent[] = [];
          for (let polls = 0; polls < 3; polls++) events.push(...(await handset.poll()));
          return messagesIn(events).length;
        }),
      );
      expect(told.filter((times) => times !== 1)).toEqual([]);
      expect(
        await until(
          () => report(0, id),
          ({ delivered }) => delivered === USERS,
        ),
      ).toMatchObject({ queued: USERS, sent: USERS });
    });
  });
});
