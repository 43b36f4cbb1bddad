/** A message to somebody who is away, through the whole chain: what is kept, and what its sender hears. */
import { describe, expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, type Element, element, withChildren, withoutChild } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { setPoll } from '../../gateway/csp/splice.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import type { PolicyFile } from '../../gateway/policy/model.ts';
import { unsealPerson } from '../../gateway/system-message/person.ts';
import { clientId, message, SPELLINGS, type Spelling, statusOk } from '../gateway/messages.ts';
import { detail, list, shown, vaspSays } from '../stored-message/sending-messages.ts';
import { createRig, type Rig, type RigOptions, vaspAnswer } from '../transcripts/rig.ts';
import { ScriptedMailbox } from './scripted-mailbox.ts';

const SESSION = 'session-1';
const ALICE = 'wv:alice@im.example';

const policy = (id: string, more: string): PolicyFile => ({
  path: `${id}.yaml`,
  text: `kind: off-line-user\nid: ${id}\nkeep: { messages: 2, bytes: 1KiB, for: 1d }\n${more}\n`,
});
const WAITING = policy('waiting', 'storeOn: [533, 410]');

class World {
  readonly rig: Rig;
  readonly mailbox = new ScriptedMailbox();
  readonly #spelling: Spelling;
  #id = 0;

  private constructor(spelling: Spelling, { isReal = false, ...options }: RigOptions & { readonly isReal?: boolean }) {
    this.#spelling = spelling;
    this.rig = createRig({ policies: [WAITING], ...(isReal ? {} : { mailbox: this.mailbox }), ...options });
  }

  static async open(
    spelling: Spelling = { version: '1.2', encoding: 'xml' },
    options: RigOptions & { readonly user?: string; readonly isReal?: boolean } = {},
  ): Promise<World> {
    const world = new World(spelling, options);
    const opened = element('Login-Response', [
      clientId(),
      element('Result', [element('Code', 200)]),
      element('SessionID', SESSION),
      element('KeepAliveTime', 600),
    ]);
    const request = element('Login-Request', [
      element('UserID', options.user ?? ALICE),
      clientId(),
      element('Password', 'x'),
      element('SessionCookie', 'c'),
    ]);
    world.#vaspSays(message(spelling, undefined, [['login', opened]], 'Response'));
    await world.#send(message(spelling, undefined, [['login', request]]));
    return world;
  }

  /** Sends a message to which the VASP says this, or of which it hears nothing; gives what the sender hears. */
  async send(request: Element, says: Element | undefined, id = `t${this.#id++}`): Promise<Element> {
    const heard = await this.sendAll([[id, request]], says === undefined ? [] : [[id, says]]);
    const [first] = heard.transactions;
    expect([heard.transactions.length, first?.mode, first?.id]).toEqual([1, 'Response', id]);
    if (first === undefined) throw new Error('there is an answer');
    return first.primitive;
  }

  async sendAll(
    requests: readonly (readonly [id: string, primitive: Element])[],
    says: readonly (readonly [id: string, primitive: Element])[],
  ): Promise<ReturnType<typeof decodeMessage>> {
    const { encoding } = this.#spelling;
    if (says.length > 0) {
      const answer = message(this.#spelling, SESSION, says, 'Response');
      this.#vaspSays(setPoll(answer, scanEnvelope(answer, encoding), true));
    }
    const { body } = await this.#send(message(this.#spelling, SESSION, requests));
    return decodeMessage(body, encoding);
  }

  session() {
    return this.rig.store.sessions.ofUser(userKeyOf(this.rig.secrets, { name: 'verona' }, ALICE));
  }

  #send(body: Uint8Array) {
    return this.rig.send(body, contentTypeOf(this.#spelling.version, this.#spelling.encoding));
  }

  #vaspSays(body: Uint8Array): void {
    const { version, encoding } = this.#spelling;
    this.rig.upstream.queue.push(vaspAnswer(body, contentTypeOf(version, encoding)));
  }
}

function user(id: string): Element {
  return element('User', [element('UserID', id)]);
}

/** As a client of any version may write it. */
function sending(
  recipients: readonly (string | Element)[],
  sender: Element | undefined = user(ALICE),
  validity = '3600',
): Element {
  return element('SendMessage-Request', [
    element('DeliveryReport', true),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentSize', 5),
      element(
        'Recipient',
        recipients.map((one) => (typeof one === 'string' ? user(one) : one)),
      ),
      sender === undefined ? undefined : element('Sender', [sender]),
      element('Validity', validity),
    ]),
    element('ContentData', 'hello'),
  ]);
}

describe.each(SPELLINGS)('CSP $version in $encoding', (spelling) => {
  test('a message to one who is away is kept, and its sender hears 200', async () => {
    const world = await World.open(spelling);
    const answer = await world.send(sending(['wv:bob@im.example']), vaspSays(533), 't-7');
    expect(answer).toEqual(
      element('SendMessage-Response', [
        element('Result', [element('Code', 200), element('Description', 'Successfully completed.')]),
        element('MessageID', 'sapgw.mail.1'),
      ]),
    );
    const [key] = [...(await world.session()).keys()];
    expect(world.mailbox.orders).toEqual([
      {
        vasp: 'verona',
        sessionKey: key,
        senderKey: userKeyOf(world.rig.secrets, { name: 'verona' }, ALICE),
        sender: ALICE,
        transactionId: 't-7',
        info: withoutChild(child(sending([]), 'MessageInfo') ?? element('MessageInfo'), 'Recipient'),
        content: element('ContentData', 'hello'),
        wantsReport: true,
        validitySeconds: 3600,
        vaspMessageId: undefined,
        recipients: [
          {
            userId: 'wv:bob@im.example',
            userKey: userKeyOf(world.rig.secrets, { name: 'verona' }, 'wv:bob@im.example'),
            keep: { policy: 'waiting', messages: 2, bytes: 1024, keepMillis: 86_400_000, notify: undefined },
          },
        ],
      },
    ]);
  });

  test('several recipients are told apart, and every other transaction stays as it is', async () => {
    const world = await World.open(spelling);
    world.mailbox.fates.set('wv:carol@im.example', 'full');
    const request = sending(['wv:bob@im.example', 'wv:carol@im.example', 'wv:erin@im.example', 'wv:dave@im.example']);
    const says = vaspSays(
      201,
      [detail(533, 'WV:bob@im.example', 'wv:carol@im.example'), detail(532, 'wv:erin@im.example')],
      'm-1',
    );
    const heard = await world.sendAll(
      [
        ['k', element('KeepAlive-Request')],
        ['m', request],
      ],
      [
        ['k', statusOk],
        ['m', says],
      ],
    );
    expect(heard.poll).toBe(true);
    expect(heard.transactions.map(({ id, primitive }) => [id, shown(primitive)])).toEqual([
      ['k', '200'],
      ['m', '201 id=m-1 / 532 wv:erin@im.example / 507 wv:carol@im.example'],
    ]);
    expect(world.mailbox.orders[0]?.vaspMessageId).toBe('m-1');
  });

  test('while the mailbox cannot be had, the sender is told to try again', async () => {
    const world = await World.open(spelling);
    world.mailbox.isBroken = true;
    const alone = await world.send(sending(['wv:bob@im.example']), vaspSays(533));
    expect(shown(alone)).toBe('503');
    expect(childText(child(alone, 'Result'), 'Description')).toBe('Please try again later.');
    const both = sending(['wv:bob@im.example', 'wv:carol@im.example']);
    expect(shown(await world.send(both, vaspSays(201, [detail(533, 'wv:bob@im.example')], 'm-1')))).toBe(
      '201 id=m-1 / 503 wv:bob@im.example',
    );
    expect(world.rig.metrics.filter(([name]) => name === 'mailbox')).toEqual([
      ['mailbox', 'failed'],
      ['mailbox', 'failed'],
    ]);
    expect(world.rig.log.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual([
      'a message cannot be kept',
      'a message cannot be kept',
    ]);
  });
});

test('with the mailbox itself: kept once for two tries, also after a restart, and no more than there is room for', async () => {
  const world = await World.open(undefined, { isReal: true });
  const toBob = sending(['wv:bob@im.example']);
  const bob = userKeyOf(world.rig.secrets, { name: 'verona' }, 'wv:bob@im.example');
  const first = shown(await world.send(toBob, vaspSays(533), 'a'));
  expect(first).toMatch(/^200 id=sapgw\.mail\.[A-Za-z0-9_-]{22}$/);
  expect(await world.rig.store.mailbox.counts(bob)).toEqual({ messages: 1, bytes: 5 });
  world.rig.restart();
  expect(shown(await world.send(toBob, undefined, 'a'))).toBe(first);
  expect(await world.rig.store.mailbox.counts(bob)).toEqual({ messages: 1, bytes: 5 });
  expect(shown(await world.send(toBob, vaspSays(533), 'b'))).not.toBe(first);
  expect(shown(await world.send(toBob, vaspSays(533), 'c'))).toBe('507');
  expect(await world.rig.store.mailbox.counts(bob)).toEqual({ messages: 2, bytes: 10 });
});

describe('what is kept', () => {
  test.each<[string, Element, Element]>([
    ['reached', sending(['wv:bob@im.example']), vaspSays(200, [], 'm-1')],
    ['unknown', sending(['wv:bob@im.example']), vaspSays(531)],
    ['blocked', sending(['wv:bob@im.example']), vaspSays(532)],
    ['refused for something else', sending(['wv:bob@im.example']), vaspSays(402)],
    ['a group', sending([element('Group', [element('GroupID', 'wv:/party@im.example')])]), vaspSays(410)],
  ])('is nothing for who is %s: the VASP’s answer stands', async (_, request, says) => {
    const world = await World.open();
    expect(await world.send(request, says)).toEqual(says);
    expect(world.mailbox.orders).toEqual([]);
  });

  test('is nothing where the mailbox does not want it: the VASP’s answer stands', async () => {
    const world = await World.open();
    world.mailbox.fates.set('wv:bob@im.example', 'refused');
    const says = vaspSays(533);
    expect(await world.send(sending(['wv:bob@im.example']), says)).toEqual(says);
  });

  test('follows for each recipient from the first policy that concerns it', async () => {
    const forBob = policy('for-bob', 'order: 1\napplies: { users: ["bob@im.example"] }\nstoreOn: [533]');
    const world = await World.open(undefined, { policies: [WAITING, forBob] });
    const says = vaspSays(900, [detail(410, 'wv:bob@im.example', 'wv:carol@im.example')]);
    const heard = await world.send(sending(['wv:bob@im.example', 'wv:carol@im.example']), says);
    expect(shown(heard)).toBe('201 id=sapgw.mail.1 / 410 wv:bob@im.example');
    const kept = await world.send(sending(['wv:bob@im.example']), vaspSays(533));
    expect(shown(kept)).toBe('200 id=sapgw.mail.1');
    expect(world.mailbox.orders.map(({ recipients }) => recipients.map(({ keep }) => keep.policy))).toEqual([
      ['waiting'],
      ['for-bob'],
    ]);
  });

  test('is for members of the sender’s contact list too', async () => {
    const world = await World.open();
    const says = vaspSays(201, [detail(533, 'wv:dave@im.example')], 'm-1');
    expect(shown(await world.send(sending([list('wv:alice/friends@im.example')]), says))).toBe('200 id=m-1');
  });

  test('a recipient without a domain is of the sender’s', async () => {
    const there = policy('there', 'applies: { users: ["*@im.example"] }\nstoreOn: [533]');
    const world = await World.open(undefined, { policies: [there] });
    await world.send(sending(['bob']), vaspSays(533));
    expect(world.mailbox.orders[0]?.recipients).toMatchObject([
      { userId: 'bob', userKey: userKeyOf(world.rig.secrets, { name: 'verona' }, 'wv:bob@im.example') },
    ]);
  });

  test('a recipient without a domain is of no other domain', async () => {
    const elsewhere = policy('elsewhere', 'applies: { users: ["*@other.example"] }\nstoreOn: [533]');
    const world = await World.open(undefined, { policies: [elsewhere] });
    const says = vaspSays(533);
    expect(await world.send(sending(['bob']), says)).toEqual(says);
    expect(world.mailbox.orders).toEqual([]);
  });

  test.each([
    ['0', 0],
    ['-5', -5],
    ['soon', undefined],
  ])('is told the Validity %s as %s', async (written, seconds) => {
    const world = await World.open();
    await world.send(sending(['wv:bob@im.example'], user(ALICE), written), vaspSays(533));
    expect(world.mailbox.orders[0]?.validitySeconds).toBe(seconds);
  });

  test('of another VASP’s users is nothing', async () => {
    const elsewhere = policy('elsewhere', 'applies: { vasps: [padua] }\nstoreOn: [533]');
    const world = await World.open(undefined, { policies: [elsewhere] });
    const says = vaspSays(533);
    expect(await world.send(sending(['wv:bob@im.example']), says)).toEqual(says);
    const [record] = [...(await world.session()).values()];
    expect(record).not.toHaveProperty('person');
  });
});

describe('the sender', () => {
  const sent = (world: World, sender?: Element): Promise<Element> =>
    world.send(
      sender === undefined ? withoutSender(sending(['wv:bob@im.example'])) : sending(['wv:bob@im.example'], sender),
      vaspSays(533),
    );

  test.each<[string, string, Element | undefined, string]>([
    ['nobody named', ALICE, undefined, ALICE],
    ['no UserID', ALICE, element('User', [clientId()]), ALICE],
    ['the user in other letters', ALICE, user('WV:Alice@im.example'), 'WV:Alice@im.example'],
    ['the user without the domain', ALICE, user('alice'), ALICE],
    ['the user with a domain that the login left out', 'wv:alice', user(ALICE), 'wv:alice'],
  ])('is the session’s user: %s', async (_, login, written, kept) => {
    const world = await World.open(undefined, { user: login });
    expect(shown(await sent(world, written))).toBe('200 id=sapgw.mail.1');
    const [order] = world.mailbox.orders;
    const named = child(child(order?.info, 'Sender'), 'User');
    expect([order?.sender, childText(named, 'UserID')]).toEqual([kept, kept]);
    expect(child(named, 'ClientID')).toEqual(child(written, 'ClientID'));
    expect(order?.info.children.map(({ name }) => name)).toEqual(['ContentType', 'ContentSize', 'Sender', 'Validity']);
  });

  test.each<[string, Element]>([
    ['somebody else', user('wv:mallory@im.example')],
    ['a user of that name elsewhere', user('wv:alice@other.example')],
    ['a screen name', element('Group', [element('GroupID', 'wv:/party@im.example')])],
  ])('is nobody whom the gateway believes: %s', async (_, written) => {
    const world = await World.open();
    expect(await sent(world, written)).toEqual(vaspSays(533));
    expect(world.mailbox.orders).toEqual([]);
    expect(world.rig.log.at(-1)).toMatchObject({ event: 'message not kept', fields: { reason: 'sender' } });
  });

  test('is known by the message alone in a session that is older than the policies', async () => {
    const world = await World.open(undefined, { policies: [] });
    expect([...(await world.session()).values()][0]).not.toHaveProperty('person');
    world.rig.usePolicies([WAITING]);
    expect(await sent(world)).toEqual(vaspSays(533));
    expect(shown(await sent(world, user(ALICE)))).toBe('200 id=sapgw.mail.1');
  });

  test('stands sealed in the session’s record while there are policies', async () => {
    const world = await World.open();
    const [record] = [...(await world.session()).values()];
    expect(unsealPerson(world.rig.secrets, record?.person)?.userId).toBe(ALICE);
    expect(JSON.stringify(record)).not.toContain('alice');
  });

  function withoutSender(request: Element): Element {
    return withChildren(
      request,
      request.children.map((one) => (one.name === 'MessageInfo' ? withoutChild(one, 'Sender') : one)),
    );
  }
});
