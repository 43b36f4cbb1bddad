/**
 * What clients ask for of kept messages and say of them [X62, X63], through a whole gateway: what the client reads, what the
 * VASP hears, and what the mailbox is told.
 */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { result, status } from '../../gateway/csp/status.ts';
import { mailTransactionId } from '../../gateway/stored-message/ids.ts';
import { lines, withoutAttributes } from '../csp/trees.ts';
import { SPELLINGS, type Spelling } from '../gateway/messages.ts';
import { type Heard, PollingWorld } from '../gateway/polling-world.ts';
import { user } from '../stored-message/letters.ts';
import { idOf, ScriptedMailbox, wire } from './mailbox-retrieval-scripted.ts';

const XML: Spelling = { version: '1.2', encoding: 'xml' };

async function open(spelling: Spelling, ...kept: readonly string[]) {
  const mailbox = new ScriptedMailbox();
  const world = await PollingWorld.open(spelling, { mailbox });
  mailbox.kept.push(...kept);
  return { mailbox, world, seen: world.rig.upstream.seen };
}

const ids = (...messageIds: readonly string[]): readonly Element[] =>
  messageIds.map((messageId) => element('MessageID', messageId));
const getMessage = (messageId: string): Element => element('GetMessage-Request', ids(messageId));
const delivered = (...messageIds: readonly string[]): Element => element('MessageDelivered', ids(...messageIds));

/** What answered, without its attributes, one line an element. */
function told({ transactions }: Heard): readonly string[] {
  return transactions.flatMap(({ primitive }) => lines(withoutAttributes(primitive)));
}

const statusLines = (code: number, description?: string): readonly string[] => lines(status(code, description));
const NO_SUCH = statusLines(426, 'There is no such message.');

describe.each(SPELLINGS)('a client of $version in $encoding', (spelling) => {
  test('fetches a message as often as it likes, until it acknowledges it', async () => {
    const { mailbox, world, seen } = await open(spelling, 'one');
    for (let round = 0; round < 2; round++) {
      const answer = told(await world.ask(getMessage(wire('one'))));
      expect(answer).toContain(`/GetMessage-Response/MessageInfo/MessageID: ${wire('one')}`);
      expect(answer).toContain('/GetMessage-Response/MessageInfo/Sender/User/UserID: wv:alice@im.example');
      expect(answer.at(-1)).toBe('/GetMessage-Response/ContentData: Grüße');
    }
    expect(told(await world.ask(delivered(wire('one'))))).toEqual(statusLines(200));
    expect(told(await world.ask(delivered(wire('one'))))).toEqual(statusLines(200));
    expect(told(await world.ask(getMessage(wire('one'))))).toEqual(NO_SUCH);
    expect(mailbox.heard).toEqual(['delivered one', 'delivered one']);
    expect(seen).toEqual([]);
  });

  test('sees what is kept in front of what the VASP has', async () => {
    const { world } = await open(spelling, 'one', 'two');
    const theirs = element('MessageInfo', [...ids('v1'), element('ContentSize', 3)]);
    const list = element('GetMessageList-Response', [theirs]);
    world.rig.upstream.queue.push((request) => world.answerWith(request, list));
    const answer = told(await world.ask(element('GetMessageList-Request')));
    expect(answer.filter((line) => line.includes('MessageID'))).toEqual(
      [wire('one'), wire('two'), 'v1'].map((id) => `/GetMessageList-Response/MessageInfo/MessageID: ${id}`),
    );
  });
});

test.each(SPELLINGS)(
  'a list in the form of Baraza keeps it, for a client of $version in $encoding',
  async (spelling) => {
    const { world } = await open(spelling, 'one');
    const theirs = element('MessageInfo', [...ids('v1'), element('ContentSize', 3)]);
    const list = element('GetMessageList-Response', [element('MessageInfoList', [theirs])]);
    world.rig.upstream.queue.push((request) => world.answerWith(request, list));
    const answer = told(await world.ask(element('GetMessageList-Request')));
    expect(answer.filter((line) => line.includes('MessageID'))).toEqual(
      [wire('one'), 'v1'].map((id) => `/GetMessageList-Response/MessageInfoList/MessageInfo/MessageID: ${id}`),
    );
  },
);

describe('an acknowledgement', () => {
  const under = (name: string, how: 'whole' | 'announced' = 'whole'): string => mailTransactionId(idOf(name), 1, how);

  test.each([
    ['with the MessageID', under('one'), delivered(wire('one')), ['delivered one']],
    ['without one', under('one'), delivered(), ['delivered one']],
    ['with a MessageID that is not ours', under('one'), delivered('v1'), ['delivered one']],
    ['of another message than was handed over', under('two'), delivered(wire('one')), ['delivered one']],
    ['by a Status', under('one'), status(200), [`answered ${under('one')} 200`]],
    ['by a Status that says no code', under('one'), element('Status'), [`answered ${under('one')} 400`]],
    ['by a refusal', under('one'), status(415), [`answered ${under('one')} 415`]],
    ['of an announcement', under('one', 'announced'), status(200), [`answered ${under('one', 'announced')} 200`]],
    [
      'of an announcement, in the wrong words',
      under('one', 'announced'),
      delivered(),
      [`answered ${under('one', 'announced')} 200`],
    ],
  ])('%s under an id of ours is answered by nothing', async (_how, id, primitive, heard) => {
    const { mailbox, world, seen } = await open(XML, 'one');
    expect((await world.answer([id, primitive])).transactions).toEqual([]);
    expect(mailbox.heard).toEqual(heard);
    expect(seen).toEqual([]);
  });

  test('that stands alone after GetMessage is answered by a Status', async () => {
    const { mailbox, world, seen } = await open(XML, 'one');
    expect(told(await world.answer(['c99', delivered(wire('one'))]))).toEqual(statusLines(200));
    expect(mailbox.heard).toEqual(['delivered one']);
    expect(seen).toEqual([]);
  });

  test('of a message of the VASP goes to the VASP as it is', async () => {
    const { mailbox, world, seen } = await open(XML, 'one');
    await world.answer(['c99', delivered('v1')]);
    expect(mailbox.heard).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  test('with other answers leaves those to the VASP', async () => {
    const { mailbox, world, seen } = await open(XML, 'one');
    await world.answer([under('one'), delivered(wire('one'))], ['0', status(200)]);
    expect(mailbox.heard).toEqual(['delivered one']);
    expect(primitivesAt(seen)).toEqual([['Status']]);
  });
});

function primitivesAt(seen: readonly { readonly body: Buffer }[]): readonly (readonly string[])[] {
  return seen.map(({ body }) => decodeMessage(body, 'xml').transactions.map(({ primitive }) => primitive.name));
}

describe('a message that is asked for', () => {
  test('is the VASP’s when its id is not ours, and the VASP gets the request as it is', async () => {
    const { world, seen } = await open(XML, 'one');
    const request = world.message(getMessage('v1'));
    await world.send(request);
    expect(seen.map(({ body }) => body)).toEqual([request]);
  });

  test('is not there when it is another user’s or long gone', async () => {
    const { world, seen } = await open(XML);
    expect(told(await world.ask(getMessage(wire('one'))))).toEqual(NO_SUCH);
    expect(seen).toEqual([]);
  });

  test('is asked for again where it cannot be had', async () => {
    const { mailbox, world, seen } = await open(XML, 'one');
    mailbox.isBroken = true;
    const [first] = (await world.ask(getMessage(wire('one')))).transactions;
    expect(lines(first?.primitive ?? element('nothing'))).toContain('/Status/Result/Code: 503');
    expect((await world.answer([mailTransactionId(idOf('one'), 1, 'whole'), delivered()])).transactions).toEqual([]);
    expect(seen).toEqual([]);
    expect(world.rig.log.map(({ event }) => event)).toContain('kept messages cannot be had');
  });
});

describe('a list', () => {
  const list = (...names: readonly string[]): Element =>
    element(
      'GetMessageList-Response',
      names.map((name) => element('MessageInfo', ids(name))),
    );
  const asked = (...more: readonly Element[]): Element => element('GetMessageList-Request', more);
  const shown = (heard: Heard): readonly string[] =>
    told(heard).flatMap((line) => /MessageID: (.*)/.exec(line)?.slice(1) ?? []);

  test('is as long as the client wants', async () => {
    const { world } = await open(XML, 'one', 'two');
    world.rig.upstream.queue.push((request) => world.answerWith(request, list('v1', 'v2')));
    expect(shown(await world.ask(asked(element('MessageCount', 3))))).toEqual([wire('one'), wire('two'), 'v1']);
  });

  test.each([
    ['of a group', 'one', asked(element('GroupID', 'wv:x/party@im.example'))],
    ['of nothing at all', 'one', asked(element('MessageCount', 0))],
    ['of a user for whom nothing is kept', undefined, asked()],
  ])('%s is the VASP’s alone, to the byte', async (_of, kept, request) => {
    const { world, seen } = await open(XML, ...(kept === undefined ? [] : [kept]));
    const theirs = list('v1');
    world.rig.upstream.queue.push((asking) => world.answerWith(asking, theirs));
    const bytes = world.message(request);
    expect(shown(await world.send(bytes))).toEqual(['v1']);
    expect(seen.map(({ body }) => body)).toEqual([bytes]);
  });

  test('is ours alone where the VASP has none', async () => {
    const { world } = await open(XML, 'one');
    world.rig.upstream.queue.push((request) => world.answerWith(request, status(501)));
    expect(shown(await world.ask(asked()))).toEqual([wire('one')]);
  });

  test('is the VASP’s alone where ours cannot be had', async () => {
    const { mailbox, world } = await open(XML, 'one');
    mailbox.isBroken = true;
    world.rig.upstream.queue.push((request) => world.answerWith(request, list('v1')));
    expect(shown(await world.ask(asked()))).toEqual(['v1']);
  });

  test('is no list where the VASP cannot be reached', async () => {
    const { world } = await open(XML, 'one');
    world.rig.upstream.queue.push({ kind: 'failed', failure: 'timeout' });
    expect(told(await world.ask(asked()))).toContain('/Status/Result/Code: 504');
  });
});

describe('a rejection', () => {
  const reject = (...messageIds: readonly string[]): Element => element('RejectMessage-Request', ids(...messageIds));

  test('of messages of ours ends here', async () => {
    const { mailbox, world, seen } = await open(XML, 'one', 'two', 'three');
    expect(told(await world.ask(reject(wire('one'))))).toEqual(statusLines(200));
    expect(told(await world.ask(reject(wire('two'), wire('three'), wire('two'))))).toEqual(statusLines(200));
    expect(told(await world.ask(reject(wire('one'))))).toEqual(NO_SUCH);
    expect(mailbox.heard).toEqual(['rejected one', 'rejected two', 'rejected three', 'rejected one']);
    expect(seen).toEqual([]);
  });

  test('of ours and others is done by both, and told together', async () => {
    const { world, seen } = await open(XML, 'one');
    const wrong = element('Status', [
      result(201, 'Partly', element('DetailedResult', [element('Code', 426), ...ids('v2')])),
    ]);
    world.rig.upstream.queue.push((request) => world.answerWith(request, wrong));
    const heard = await world.ask(reject('v1', wire('one'), 'v2', wire('gone')));
    expect(seen.map(({ body }) => decodeMessage(body, 'xml').transactions[0]?.primitive).map(idsIn)).toEqual([
      ['v1', 'v2'],
    ]);
    expect(told(heard)).toEqual([
      '/Status',
      '/Status/Result',
      '/Status/Result/Code: 201',
      '/Status/Result/DetailedResult',
      '/Status/Result/DetailedResult/Code: 426',
      '/Status/Result/DetailedResult/Description: There is no such message.',
      `/Status/Result/DetailedResult/MessageID: ${wire('gone')}`,
      '/Status/Result/DetailedResult',
      '/Status/Result/DetailedResult/Code: 426',
      '/Status/Result/DetailedResult/MessageID: v2',
    ]);
  });

  test('of the VASP’s alone goes on as it is', async () => {
    const { mailbox, world, seen } = await open(XML, 'one');
    const request = world.message(reject('v1'));
    await world.send(request);
    expect(seen.map(({ body }) => body)).toEqual([request]);
    expect(mailbox.heard).toEqual([]);
  });
});

function idsIn(primitive: Element | undefined): readonly string[] {
  return primitive?.children.flatMap(({ name, text }) => (name === 'MessageID' ? [text] : [])) ?? [];
}

describe('a message sent on', () => {
  const recipient = element('Recipient', [user('wv:dave@im.example')]);
  const forward = (messageId: string, ...more: readonly Element[]): Element =>
    element('ForwardMessage-Request', [...ids(messageId), ...more]);
  const sent = (code: number): Element => element('SendMessage-Response', [result(code), ...ids('v9')]);

  test.each(SPELLINGS)('is sent as a message of the user’s, in $version and $encoding', async (spelling) => {
    const { mailbox, world, seen } = await open(spelling, 'one');
    mailbox.content = element('ContentData', 'R3LDvMOfZQ==');
    mailbox.info = element('MessageInfo', [element('ContentEncoding', 'BASE64'), ...mailbox.info.children]);
    world.rig.upstream.queue.push((request) => world.answerWith(request, sent(200)));
    const heard = told(await world.ask(forward(wire('one'), recipient)));
    expect(heard).toEqual(
      spelling.version === '1.3'
        ? ['/ForwardMessage-Response', '/ForwardMessage-Response/MessageID: v9']
        : statusLines(200),
    );
    const [asked] = seen.map(({ body }) => decodeMessage(body, spelling.encoding).transactions[0]?.primitive);
    const said = asked === undefined ? [] : lines(withoutAttributes(asked));
    expect(said).toContain('/SendMessage-Request/MessageInfo/Recipient/User/UserID: wv:dave@im.example');
    expect(said).toContain('/SendMessage-Request/MessageInfo/Sender/User/UserID: wv:carol@im.example');
    expect(said).toContain('/SendMessage-Request/MessageInfo/ContentEncoding: BASE64');
    expect(said.at(-1)).toBe('/SendMessage-Request/ContentData: R3LDvMOfZQ==');
    expect(mailbox.heard).toEqual(['forwarded one']);
  });

  test('has gone when some of many got it', async () => {
    const { mailbox, world } = await open(XML, 'one');
    world.rig.upstream.queue.push((request) => world.answerWith(request, sent(201)));
    expect(told(await world.ask(forward(wire('one'), recipient)))).toEqual(statusLines(201));
    expect(mailbox.heard).toEqual(['forwarded one']);
  });

  test.each([
    [
      'the VASP refuses it',
      (world: PollingWorld) =>
        world.rig.upstream.queue.push((request) => world.answerWith(request, status(532, 'Blocked'))),
      statusLines(532, 'Blocked'),
    ],
    [
      'the VASP cannot be reached',
      (world: PollingWorld) => world.rig.upstream.queue.push({ kind: 'failed', failure: 'unreachable' }),
      undefined,
    ],
  ])('stays where it is when %s', async (_why, script, answer) => {
    const { mailbox, world } = await open(XML, 'one');
    script(world);
    const heard = told(await world.ask(forward(wire('one'), recipient)));
    if (answer === undefined) expect(heard).toContain('/Status/Result/Code: 503');
    else expect(heard).toEqual(answer);
    expect(mailbox.heard).toEqual([]);
    expect(mailbox.kept).toEqual(['one']);
  });

  test('has to go to somebody', async () => {
    const { mailbox, world, seen } = await open(XML, 'one');
    expect(told(await world.ask(forward(wire('one'))))).toContain('/Status/Result/Code: 402');
    expect([mailbox.heard, seen]).toEqual([[], []]);
  });

  test('has to be there', async () => {
    const { world, seen } = await open(XML);
    expect(told(await world.ask(forward(wire('one'), recipient)))).toEqual(NO_SUCH);
    expect(seen).toEqual([]);
  });

  test('is the VASP’s business when it is the VASP’s', async () => {
    const { world, seen } = await open(XML, 'one');
    const request = world.message(forward('v1', recipient));
    await world.send(request);
    expect(seen.map(({ body }) => body)).toEqual([request]);
  });
});
