/**
 * Polling with two sources: the VASP and the gateway take turns, Poll is right in every answer, what comes at the wrong
 * place waits for its poll, and answers to the gateway's own messages never reach the VASP [X40, X42, P8.1, P8.2].
 */
import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { element } from '../../gateway/csp/element.ts';
import { resultCode } from '../../gateway/csp/status.ts';
import { ownsTransaction, transactionIdOf } from '../../gateway/system-message/ids.ts';
import { SPELLINGS, sendMessage, statusOk } from './messages.ts';
import { type Heard, newMessage, PollingWorld, SESSION, textOf } from './polling-world.ts';
import { idOf } from './scripted-desk.ts';

/** Under which a message of the gateway's went out. */
const OWN = transactionIdOf(idOf('x'), 7);
const SPELLING = { version: '1.2', encoding: 'xml' } as const;
const texts = ({ transactions }: Heard) => transactions.map(({ primitive }) => textOf(primitive) ?? primitive.name);

describe.each(SPELLINGS)('CSP $version, $encoding', (spelling) => {
  test('100 messages of each side are through in 200 polls, in order, and Poll is right in every answer', async () => {
    const world = await PollingWorld.open(spelling);
    const vasp = Array.from({ length: 100 }, (_, index) => `vasp ${index}`);
    const own = Array.from({ length: 100 }, (_, index) => `own-${index}`);
    world.atVasp.push(...vasp);
    world.own.waiting.push(...own);
    const got: string[] = [];
    for (let polls = 0; polls < 200 && got.length < 200; polls++) {
      // An acknowledgement may be answered by the next message: that saves a poll.
      for (let heard = await world.poll(); heard.transactions.length > 0; ) {
        const [transaction, ...more] = heard.transactions;
        const text = textOf(transaction?.primitive) ?? '';
        got.push(text);
        expect(more).toEqual([]);
        expect(transaction?.mode).toBe('Request');
        expect(heard.poll ?? false).toBe(world.atVasp.length + world.own.waiting.length > 0);
        const delivered = element('MessageDelivered', [element('MessageID', text)]);
        heard = await world.answer([transaction?.id ?? '', delivered]);
      }
    }
    expect(got.filter((text) => text.startsWith('vasp'))).toEqual(vasp);
    expect(got.filter((text) => text.startsWith('own'))).toEqual(own);
    expect(world.own.answers).toEqual(own.map((text) => [text, 'MessageDelivered']));
    expect((await world.poll()).transactions).toEqual([]);
    // Nothing of the gateway's own has reached the VASP, and every acknowledgement of the VASP's messages has.
    const atVasp = world.rig.upstream.seen.flatMap(({ body }) => decodeMessage(body, spelling.encoding).transactions);
    expect(atVasp.filter(({ id }) => ownsTransaction(id))).toEqual([]);
    expect(atVasp.filter(({ id, mode }) => mode === 'Response' && id === '0').length).toBe(100);
  });

  test('neither starves: they come in turn', async () => {
    const world = await PollingWorld.open(spelling);
    world.atVasp.push('v1', 'v2', 'v3');
    world.own.waiting.push('o1', 'o2', 'o3');
    const got: string[] = [];
    for (let polls = 0; polls < 6; polls++) got.push(...texts(await world.poll()));
    expect(got).toEqual(['v1', 'o1', 'v2', 'o2', 'v3', 'o3']);
  });

  test('while something of ours waits, Poll is T in every answer, and else nothing is touched', async () => {
    const world = await PollingWorld.open(spelling);
    expect((await world.ask(sendMessage())).poll ?? false).toBe(false);
    world.own.waiting.push('o1');
    expect((await world.ask(sendMessage())).poll).toBe(true);
    expect(texts(await world.poll())).toEqual(['o1']);
    world.vaspSays(world.vaspMessage([['c3', statusOk]], 'Response', true));
    const untouched = await world.ask(sendMessage());
    expect(untouched.poll).toBe(true);
  });

  test("a VASP's message where the client waits for an answer waits for the next poll", async () => {
    const world = await PollingWorld.open(spelling);
    world.vaspSays(world.vaspMessage([['77', newMessage('early')]], 'Request', false));
    const answer = await world.ask(sendMessage());
    expect(answer.transactions).toMatchObject([{ mode: 'Response', id: 'c1', primitive: { name: 'Status' } }]);
    expect(answer.poll).toBe(true);
    const polled = await world.poll();
    expect(texts(polled)).toEqual(['early']);
    expect(polled.poll ?? false).toBe(false);
    expect(world.rig.upstream.seen.length).toBe(1);
    await world.answer([polled.transactions[0]?.id ?? '', statusOk]);
    const [acknowledged] = decodeMessage(
      world.rig.upstream.seen.at(-1)?.body ?? Buffer.alloc(0),
      spelling.encoding,
    ).transactions;
    expect(acknowledged).toMatchObject({ mode: 'Response', id: '77' });
  });

  test('a polled primitive that comes as a Response is a Request to the client, under an id of ours', async () => {
    const world = await PollingWorld.open(spelling);
    world.vaspSays(world.vaspMessage([['0', newMessage('odd')]], 'Response'));
    const [transaction] = (await world.poll()).transactions;
    expect(transaction?.mode).toBe('Request');
    expect(transaction?.id).toMatch(/^g[0-9a-z]{6}-0$/);
    expect(textOf(transaction?.primitive)).toBe('odd');
  });
});

test('one answer for ours and one for the VASP in the same message go each their way', async () => {
  const world = await PollingWorld.open(SPELLING);
  const chosen = element('SystemMessage-User', [element('SystemMessageResponseList', [])]);
  const heard = await world.answer([OWN, chosen], ['5', statusOk]);
  expect(world.own.answers).toEqual([['x', 'SystemMessage-User']]);
  const [seen] = world.rig.upstream.seen;
  expect(decodeMessage(seen?.body ?? Buffer.alloc(0), 'xml').transactions.map(({ id }) => id)).toEqual(['5']);
  expect(heard.transactions).toMatchObject([{ mode: 'Response', id: OWN, primitive: { name: 'Status' } }]);
});

test('the last acknowledgement of ours is answered by nothing, and costs the VASP nothing', async () => {
  const world = await PollingWorld.open(SPELLING);
  expect((await world.answer([OWN, statusOk])).transactions).toEqual([]);
  expect(world.rig.upstream.seen).toEqual([]);
});

test('what comes along with the answer stays where the VASP put it', async () => {
  const world = await PollingWorld.open(SPELLING);
  world.vaspSays(
    world.vaspMessage(
      [
        ['c1', statusOk],
        ['8', newMessage('with it')],
      ],
      'Response',
    ),
  );
  const heard = await world.ask(sendMessage());
  expect(texts(heard)).toEqual(['Status', 'with it']);
});

test('what the VASP opens when it is told of a refusal waits for the next poll', async () => {
  const world = await PollingWorld.open(SPELLING);
  await world.grantOnly('MP', 'MM', 'MDELIV');
  const presence = element('PresenceNotification-Request');
  world.vaspSays(
    world.vaspMessage(
      [
        ['1', newMessage('not in the level')],
        ['2', presence],
      ],
      'Request',
    ),
  );
  world.vaspSays(world.vaspMessage([['3', presence]], 'Request'));
  const first = await world.poll();
  expect(first.transactions).toMatchObject([{ mode: 'Request', primitive: { name: 'PresenceNotification-Request' } }]);
  expect(first.poll).toBe(true);
  expect(world.rig.upstream.seen.at(-1)?.body.includes('506')).toBe(true);
  const second = await world.poll();
  expect(second.transactions[0]?.id).toMatch(/-3$/);
  expect(second.poll ?? false).toBe(false);
});

test('a dead VASP does not keep back what is ours', async () => {
  const world = await PollingWorld.open(SPELLING);
  world.own.waiting.push('o1');
  world.rig.upstream.otherwise = { kind: 'failed', failure: 'unreachable' };
  const got = [await world.poll(), await world.poll()].flatMap(texts);
  expect(got).toContain('o1');
});

test('at most 100 messages wait for one client; those beyond are dropped and counted', async () => {
  const world = await PollingWorld.open(SPELLING);
  for (let count = 0; count < 101; count++) {
    world.vaspSays(world.vaspMessage([[`${count}`, newMessage(`m${count}`)]], 'Request'));
    await world.ask(sendMessage());
  }
  expect(world.rig.metrics.filter(([name, , reason]) => name === 'reject' && reason === 'set-aside').length).toBe(1);
  const got: string[] = [];
  for (let polls = 0; polls < 100; polls++) got.push(...texts(await world.poll()));
  expect(got).toEqual(Array.from({ length: 100 }, (_, index) => `m${index}`));
});

test('a session that ends takes what waited for it along, and no Poll stands in its last answer', async () => {
  const world = await PollingWorld.open(SPELLING);
  world.own.waiting.push('o1');
  const heard = await world.ask(element('Logout-Request'));
  expect(heard.poll ?? false).toBe(false);
  expect(resultCode((await world.poll()).transactions[0]?.primitive)).toBe(604);
  expect(world.rig.upstream.seen.some(({ body }) => body.includes(SESSION))).toBe(true);
});
