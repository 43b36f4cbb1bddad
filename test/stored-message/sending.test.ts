/** Who is away by what a VASP says of a message sent, and what its sender is told then. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { result } from '../../gateway/csp/status.ts';
import type { CspVersion } from '../../gateway/csp/versions.ts';
import { awayRecipients, isForUsers, readSending } from '../../gateway/stored-message/sending.ts';
import { type Fate, sendingAnswer } from '../../gateway/stored-message/sending-answer.ts';
import { detail, group, list, sendTo, shown, userId, vaspSays } from './sending-messages.ts';

const STORE_ON = [533, 410];

function away(request: Element, answer: Element, storeOn: readonly number[] = STORE_ON): readonly string[] {
  const sending = readSending(request, answer);
  return sending === undefined
    ? []
    : awayRecipients(sending, (_, code) => storeOn.includes(code)).map((one) => one.userId);
}

function told(
  request: Element,
  answer: Element,
  fates: Readonly<Record<string, Fate>>,
  version: CspVersion = '1.2',
): string {
  const sending = readSending(request, answer);
  if (sending === undefined) return 'as the VASP said';
  return shown(sendingAnswer(sending, new Map(Object.entries(fates)), 'ours', version));
}

describe('one recipient', () => {
  const toBob = sendTo('wv:bob@im.example');

  test.each<[string, Element]>([
    ['one code', vaspSays(533)],
    ['one code, and the same in a DetailedResult', vaspSays(533, [detail(533, 'wv:bob@im.example')])],
    ['900 and a DetailedResult', vaspSays(900, [detail(533, 'bob')])],
    ['201 though nobody was reached', vaspSays(201, [detail(533, 'WV:Bob@IM.example')])],
    ['COMPAT Baraza: a DetailedResult without ids', vaspSays(900, [detail(410)])],
    ['Status', element('Status', [result(533)])],
    ['COMPAT InterVillage: Status without Result', element('Status', [element('Code', 533), element('Description')])],
    ['COMPAT Baraza: line feeds', element('SendMessage-Response', [element('Result', [element('Code', '\n533\n')])])],
  ])('is away: %s', (_, answer) => {
    expect(away(toBob, answer)).toEqual(['wv:bob@im.example']);
    expect(told(toBob, answer, { 'wv:bob@im.example': 'stored' })).toBe('200 id=ours');
    expect(told(toBob, answer, { 'wv:bob@im.example': 'full' })).toBe('507');
    expect(told(toBob, answer, { 'wv:bob@im.example': 'failed' })).toBe('503');
    expect(told(toBob, answer, { 'wv:bob@im.example': 'refused' })).toBe('as the VASP said');
  });

  test.each<[string, Element]>([
    ['reached', vaspSays(200, [], 'theirs')],
    ['accepted', vaspSays(202)],
    ['unknown', vaspSays(531)],
    ['blocked', vaspSays(532)],
    ['blocked, in a DetailedResult without ids', vaspSays(900, [detail(532)])],
    ['away and blocked', vaspSays(900, [detail(533, 'bob'), detail(532, 'bob')])],
    ['in a session that is over', element('Status', [result(604)])],
    ['of no code', element('SendMessage-Response')],
    ['answered by something else', element('Login-Response', [result(533)])],
    ['told that somebody else is away', vaspSays(900, [detail(533, 'wv:dave@im.example'), detail(402, 'bob')])],
  ])('is not away: %s', (_, answer) => {
    expect(away(toBob, answer, [533, 410, 531, 532, 604, 202])).toEqual([]);
  });

  test('has no message, and no id of one, when there is no room', () => {
    expect(told(toBob, vaspSays(533, [], 'theirs'), { 'wv:bob@im.example': 'full' })).toBe('507');
  });

  test('has the id that the VASP gave', () => {
    const sending = readSending(toBob, vaspSays(201, [detail(533, 'bob')], 'theirs'));
    expect(sending?.messageId).toBe('theirs');
  });
});

describe('several recipients', () => {
  const toThree = sendTo('wv:bob@im.example', 'carol', 'WV:Erin@other.example', 'wv:BOB@im.example');

  test('one code concerns all, each once', () => {
    const answer = vaspSays(533);
    expect(away(toThree, answer)).toEqual(['wv:bob@im.example', 'carol', 'WV:Erin@other.example']);
    const fates = { 'wv:bob@im.example': 'stored', carol: 'stored', 'WV:Erin@other.example': 'stored' } as const;
    expect(told(toThree, answer, fates)).toBe('200 id=ours');
    expect(told(toThree, answer, { ...fates, carol: 'full' })).toBe('201 id=ours / 507 carol');
    expect(told(toThree, answer, { ...fates, carol: 'refused' })).toBe('201 id=ours / 533 carol');
    const full = { 'wv:bob@im.example': 'full', carol: 'full', 'WV:Erin@other.example': 'full' } as const;
    expect(told(toThree, answer, full)).toBe('507 / 507 wv:bob@im.example carol WV:Erin@other.example');
    expect(told(toThree, answer, { ...full, carol: 'failed' })).toBe(
      '900 / 507 wv:bob@im.example WV:Erin@other.example / 503 carol',
    );
    expect(told(toThree, answer, { ...full, carol: 'refused' })).toBe(
      '900 / 533 carol / 507 wv:bob@im.example WV:Erin@other.example',
    );
  });

  test('a DetailedResult concerns those whom it names', () => {
    const answer = vaspSays(201, [detail(533, 'bob'), detail(531, 'wv:carol@im.example')], 'theirs');
    expect(away(toThree, answer)).toEqual(['wv:bob@im.example']);
    expect(told(toThree, answer, { 'wv:bob@im.example': 'stored' })).toBe('201 id=ours / 531 wv:carol@im.example');
    expect(told(toThree, answer, { 'wv:bob@im.example': 'full' })).toBe(
      '201 id=theirs / 531 wv:carol@im.example / 507 wv:bob@im.example',
    );
  });

  test('of one DetailedResult, the others stay', () => {
    const answer = vaspSays(201, [detail(533, 'bob', 'carol')], 'theirs');
    expect(told(toThree, answer, { 'wv:bob@im.example': 'stored', carol: 'refused' })).toBe('201 id=ours / 533 carol');
  });

  test('when all failed, those whom no DetailedResult names failed too', () => {
    const answer = vaspSays(900, [detail(533, 'bob')]);
    expect(told(toThree, answer, { 'wv:bob@im.example': 'stored' })).toBe(
      '201 id=ours / 900 carol WV:Erin@other.example',
    );
    const listed = vaspSays(531, [detail(533, 'bob')]);
    expect(told(toThree, listed, { 'wv:bob@im.example': 'stored' })).toBe(
      '201 id=ours / 531 carol WV:Erin@other.example',
    );
  });

  test('COMPAT Baraza: whom a DetailedResult without ids means cannot be told', () => {
    expect(away(toThree, vaspSays(201, [detail(533)]))).toEqual([]);
    expect(away(toThree, vaspSays(533, [detail(533)]))).toEqual([]);
    const beside = vaspSays(900, [detail(533, 'bob'), detail(427)]);
    expect(away(toThree, beside)).toEqual(['wv:bob@im.example']);
    expect(told(toThree, beside, { 'wv:bob@im.example': 'stored' })).toBe('201 id=ours / 427');
  });

  test('a DetailedResult that names a domain concerns the users of it', () => {
    const request = sendTo('wv:bob@im.example', 'wv:x@nowhere.example');
    const answer = vaspSays(900, [detail(533, 'bob'), detail(516, element('Domain', 'Nowhere.example'))]);
    expect(told(request, answer, { 'wv:bob@im.example': 'stored' })).toBe('201 id=ours / 516 Nowhere.example');
  });

  test('an id that could be two of them is neither', () => {
    const request = sendTo('wv:bob@one.example', 'wv:bob@two.example');
    expect(away(request, vaspSays(201, [detail(533, 'bob')]))).toEqual([]);
    expect(away(request, vaspSays(201, [detail(533, 'bob@two.example')]))).toEqual(['wv:bob@two.example']);
    const listed = sendTo('wv:bob@one.example', 'wv:bob@two.example', list('wv:alice/friends@im.example'));
    expect(away(listed, vaspSays(201, [detail(533, 'bob')]))).toEqual([]);
  });

  test('a VASP that lists those whom it reached too is understood', () => {
    const answer = vaspSays(201, [detail(200, 'carol', 'erin'), detail(533, 'bob')], 'theirs');
    expect(told(toThree, answer, { 'wv:bob@im.example': 'stored' })).toBe('200 id=ours');
  });
});

describe('groups and contact lists', () => {
  test('a member of a contact list whom the VASP names is away', () => {
    const request = sendTo(list('wv:alice/friends@im.example'));
    const answer = vaspSays(533, [detail(533, 'wv:dave@im.example', 'wv:erin@im.example')]);
    expect(isForUsers(request)).toBe(true);
    expect(away(request, answer)).toEqual(['wv:dave@im.example', 'wv:erin@im.example']);
    expect(told(request, answer, { 'wv:dave@im.example': 'stored', 'wv:erin@im.example': 'stored' })).toBe(
      '200 id=ours',
    );
    expect(told(request, answer, { 'wv:dave@im.example': 'stored', 'wv:erin@im.example': 'full' })).toBe(
      '201 id=ours / 507 wv:erin@im.example',
    );
  });

  test('nobody knows who is meant by one code for a list', () => {
    const request = sendTo('bob', list('wv:alice/friends@im.example'));
    const answer = vaspSays(533);
    expect(away(request, answer)).toEqual(['bob']);
    expect(told(request, answer, { bob: 'stored' })).toBe('201 id=ours / 533 wv:alice/friends@im.example');
    // 1.1 has no place for the list's id.
    expect(told(request, answer, { bob: 'stored' }, '1.1')).toBe('201 id=ours / 533');
  });

  test('members of groups are nobody whom the sender addressed', () => {
    const request = sendTo(group('wv:alice/party@im.example'));
    expect(isForUsers(request)).toBe(false);
    expect(away(request, vaspSays(201, [detail(410, 'wv:dave@im.example')], 'theirs'))).toEqual([]);
    expect(away(request, vaspSays(410))).toEqual([]);
    const both = sendTo('bob', group('wv:alice/party@im.example'), list('wv:alice/friends@im.example'));
    const answer = vaspSays(201, [detail(410, 'wv:dave@im.example', 'bob')], 'theirs');
    expect(away(both, answer)).toEqual(['bob']);
    expect(told(both, answer, { bob: 'stored' })).toBe('201 id=ours / 410 wv:dave@im.example');
  });

  test('a group that failed beside a user is told by its id', () => {
    const request = sendTo(
      'bob',
      element('Group', [element('ScreenName', [element('SName', 'Jo'), element('GroupID', 'wv:/g')])]),
    );
    expect(told(request, vaspSays(410), { bob: 'stored' })).toBe('201 id=ours / 410 Jo.wv:/g');
    expect(
      told(
        sendTo('bob', group('wv:/g')),
        vaspSays(900, [detail(533, 'bob'), detail(800, element('GroupID', 'WV:/G'))]),
        { bob: 'stored' },
      ),
    ).toBe('201 id=ours / 800 WV:/G');
  });

  test('a message without recipients is nobody’s', () => {
    expect(isForUsers(sendTo())).toBe(false);
    expect(isForUsers(element('SendMessage-Request'))).toBe(false);
    expect(away(sendTo(), vaspSays(533))).toEqual([]);
  });
});

describe('the answer', () => {
  const request = sendTo('bob', 'carol', list('wv:alice/friends'));
  const answer = element('SendMessage-Response', [
    element('Result', [
      element('Code', '\n900\n'),
      element('Description', 'Errors'),
      detail(533, 'bob'),
      element('DetailedResult', [element('Code', '\n532\n'), userId('\ncarol\n'), list('wv:alice/friends')]),
      element('SystemMessageList', [element('SystemMessage')]),
      element('TryAgainTimeout', 60),
    ]),
  ]);
  const sending = readSending(request, answer);
  if (sending === undefined) throw new Error('the answer is one of failures');
  const build = (version: CspVersion): Element | undefined =>
    sendingAnswer(sending, new Map([['bob', 'full']]), undefined, version);

  test.each<[CspVersion, 'xml' | 'wbxml']>([
    ['1.1', 'xml'],
    ['1.1', 'wbxml'],
    ['1.2', 'xml'],
    ['1.2', 'wbxml'],
    ['1.3', 'xml'],
    ['1.3', 'wbxml'],
  ])('has the form of %s in %s', (version, encoding) => {
    const primitive = build(version);
    if (primitive === undefined) throw new Error('there is an answer');
    const kept = { ...primitive, children: primitive.children.map((one) => withoutSystemMessages(one, version)) };
    const message = {
      version,
      sessionType: 'Inband' as const,
      sessionId: 's',
      transactions: [{ mode: 'Response' as const, id: 't', primitive: kept }],
    };
    const read = decodeMessage(encodeMessage(message, encoding), encoding);
    expect(read.transactions[0]?.primitive).toEqual(kept);
    const names = (of: Element | undefined): readonly string[] => of?.children.map(({ name }) => name) ?? [];
    expect(names(kept)).toEqual(['Result']);
    expect(names(kept.children[0])).toEqual([
      'Code',
      'Description',
      'DetailedResult',
      'DetailedResult',
      ...(version === '1.3' ? ['SystemMessageList'] : []),
    ]);
    expect(kept.children[0]?.children.slice(2, 4)).toEqual([
      element('DetailedResult', [
        element('Code', 532),
        userId('carol'),
        version === '1.1' ? undefined : list('wv:alice/friends'),
      ]),
      element('DetailedResult', [
        element('Code', 507),
        element('Description', 'There is no room for more messages to this user until some are read.'),
        userId('bob'),
      ]),
    ]);
  });

  /** Older versions have no such list, and no VASP of theirs sends one. */
  function withoutSystemMessages(one: Element, version: CspVersion): Element {
    const fits = (name: string): boolean => version === '1.3' || name !== 'SystemMessageList';
    return { ...one, children: one.children.filter(({ name }) => fits(name)) };
  }
});

describe('answers of a real server', () => {
  const FOLDER = new URL('../../../shared/corpus/exchanges/', import.meta.url);
  if (!existsSync(FOLDER)) {
    test('are not at hand', () => expect(existsSync(FOLDER)).toBe(false));
    return;
  }

  test('are read as they were meant', () => {
    const seen = new Map<string, number>();
    for (const file of readdirSync(FOLDER).filter((name) => name.includes('-xml-message-'))) {
      const recording = readFileSync(new URL(file, FOLDER), 'utf8');
      const steps = recording.matchAll(
        /(<WV-CSP-Message .*<SendMessage-Request>.*<\/WV-CSP-Message>)\n<{8}[\s\S]*?\n\n([\s\S]*?<\/WV-CSP-Message>)/g,
      );
      for (const [, asked = '', answered = ''] of steps) {
        const request = decodeMessage(Buffer.from(asked), 'xml').transactions[0]?.primitive;
        const answer = decodeMessage(Buffer.from(answered), 'xml', { tolerant: true }).transactions[0]?.primitive;
        if (request === undefined || answer === undefined) throw new Error(`${file} cannot be read`);
        const users = away(request, answer, [427, 532]);
        const fates = Object.fromEntries(users.map((id): [string, Fate] => [id, 'stored']));
        const what = `${shown(answer).replace(/ id=\S+/, ' id')} -> ${users.length} ${told(request, answer, fates)}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    }
    expect([...seen.keys()].sort()).toEqual([
      '200 id -> 0 as the VASP said',
      '201 id / 427 -> 0 as the VASP said',
      '201 id / 532 -> 0 as the VASP said',
      '427 -> 1 200 id=ours',
      '428 -> 0 as the VASP said',
      '900 / 427 -> 1 200 id=ours',
      '900 / 532 -> 0 as the VASP said',
    ]);
  });
});
