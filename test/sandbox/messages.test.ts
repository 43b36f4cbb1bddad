/** Messages between users of the sandbox: delivered, reported, refused, fetched, forwarded, sent again. */
import { describe, expect, test } from '@jest/globals';
import { child, children, childText, descendant, element } from '../../gateway/csp/element.ts';
import { status } from '../../gateway/csp/status.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { clientId, code, loggedIn, names, SPELLINGS, sendMessage, spelled, TestClock, user } from './rig.ts';

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  const { version } = spelling;

  test('a message is polled, acknowledged and reported on', async () => {
    const clock = new TestClock();
    const sandbox = createSandbox({ clock });
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    const sent = await alice.request(sendMessage('alice', [user('bob')], 'häi <&>'));
    expect(names(sent)).toEqual(['Result', 'MessageID']);
    expect(code(sent)).toBe('200');
    await bob.request(element('KeepAlive-Request'));
    expect(bob.somethingWaits).toBe(true);

    const polled = await bob.poll();
    expect(polled?.mode).toBe('Request');
    expect(polled?.primitive.name).toBe('NewMessage');
    const info = child(polled?.primitive, 'MessageInfo');
    expect(childText(info, 'MessageID')).toBe(childText(sent, 'MessageID'));
    expect(childText(info, 'ContentSize')).toBe('8');
    expect(childText(info, 'DateTime')).toBe('20261122T120000Z');
    expect(spelled(child(info, 'Sender'))).toBe(
      '<Sender><User><UserID>wv:alice@sandbox</UserID><ClientID><URL>http://client.example/alice</URL></ClientID></User></Sender>',
    );
    expect(childText(polled?.primitive, 'ContentData')).toBe('häi <&>');
    expect(bob.somethingWaits).toBe(false);
    expect(await alice.poll()).toBeUndefined();

    const delivered = element('MessageDelivered', [element('MessageID', childText(sent, 'MessageID') ?? '')]);
    expect(await bob.respond(polled?.id ?? '', delivered)).toEqual([]);
    const report = await alice.poll();
    expect(report?.primitive.name).toBe('DeliveryReport-Request');
    expect(names(report?.primitive)).toEqual(
      version === '1.1' ? ['Result', 'MessageInfo'] : ['Result', 'DeliveryTime', 'MessageInfo'],
    );
    expect(code(report?.primitive)).toBe('200');
    expect(spelled(descendant(report?.primitive, 'MessageInfo', 'Recipient'))).toContain('wv:bob@sandbox');
    expect(await alice.respond(report?.id ?? '', status(200))).toEqual([]);
    expect(await alice.poll()).toBeUndefined();
    expect(await bob.poll()).toBeUndefined();
  });

  test('with method N the client is notified, then fetches', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    expect(code(await bob.request(element('SetDeliveryMethod-Request', [element('DeliveryMethod', 'N')])))).toBe('200');
    await alice.request(sendMessage('alice', [user('bob')], 'one'));
    const notice = await bob.poll();
    expect(notice?.primitive.name).toBe('MessageNotification');
    expect(names(notice?.primitive)).toEqual(['MessageInfo']);
    await bob.respond(notice?.id ?? '', status(200));

    const list = await bob.request(element('GetMessageList-Request', []));
    const infos = version === '1.3' ? child(list, 'MessageInfoList') : list;
    expect(children(infos, 'MessageInfo')).toHaveLength(1);
    const id = element('MessageID', descendant(infos, 'MessageInfo', 'MessageID')?.text ?? '');
    const fetched = await bob.request(element('GetMessage-Request', [id]));
    expect(childText(fetched, 'ContentData')).toBe('one');
    const [acknowledged] = await bob.exchange([
      { mode: 'Request', id: '99', primitive: element('MessageDelivered', [id]) },
    ]);
    expect(code(acknowledged?.primitive)).toBe('200');
    expect(code(await bob.request(element('GetMessage-Request', [id])))).toBe('426');
    expect((await alice.poll())?.primitive.name).toBe('DeliveryReport-Request');
  });

  test.each([
    ['an off-line recipient', [user('carol')], '533', 'alice'],
    ['an unknown recipient', [user('mallory')], '531', 'alice'],
    ['a group', [element('Group', [element('GroupID', 'wv:/party@sandbox')])], '800', 'alice'],
    ['no recipient', [], '402', 'alice'],
    ['the name of another sender', [user('bob')], '422', 'bob'],
  ])('%s is refused', async (_, recipients, expected, sender) => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    await loggedIn(sandbox, spelling, 'bob');
    const answer = await alice.request(sendMessage(sender, recipients, 'x'));
    expect(code(answer)).toBe(expected);
    expect(child(answer, 'MessageID')).toBeUndefined();
  });

  test('several recipients: who failed stands in the DetailedResult', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    await loggedIn(sandbox, spelling, 'bob');
    const some = await alice.request(sendMessage('alice', [user('bob'), user('carol'), user('mallory')], 'x'));
    expect(code(some)).toBe('201');
    const detail = (element: typeof some) =>
      children(child(element, 'Result'), 'DetailedResult').map(
        (result) => `${childText(result, 'Code')} ${childText(result, 'UserID')}`,
      );
    expect(detail(some).sort()).toEqual(['531 wv:mallory@sandbox', '533 wv:carol@sandbox']);
    expect(child(some, 'MessageID')).toBeDefined();
    const none = await alice.request(sendMessage('alice', [user('carol'), user('mallory')], 'x'));
    expect(code(none)).toBe('900');
    expect(child(none, 'MessageID')).toBeUndefined();
    expect(code(await alice.request(sendMessage('alice', [user('carol'), user('dave')], 'x')))).toBe('533');
  });

  test('rejected and forwarded messages are reported so', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    const carol = await loggedIn(sandbox, spelling, 'carol');
    await bob.request(element('SetDeliveryMethod-Request', [element('DeliveryMethod', 'N')]));
    const ids: string[] = [];
    for (const text of ['first', 'second']) {
      ids.push(childText(await alice.request(sendMessage('alice', [user('bob')], text)), 'MessageID') ?? '');
    }
    const [first = '', second = ''] = ids;
    const rejected = element('RejectMessage-Request', [element('MessageID', first), element('MessageID', 'none')]);
    expect(code(await bob.request(rejected))).toBe('201');
    expect(code((await alice.poll())?.primitive)).toBe('538');
    const forward = element('ForwardMessage-Request', [
      element('MessageID', second),
      element('Recipient', [user('carol')]),
    ]);
    const forwarded = await bob.request(forward);
    expect(forwarded.name).toBe(version === '1.3' ? 'ForwardMessage-Response' : 'Status');
    expect(code((await alice.poll())?.primitive)).toBe('541');
    const arrived = (await carol.poll())?.primitive;
    expect(childText(arrived, 'ContentData')).toBe('second');
    expect(spelled(descendant(arrived, 'MessageInfo', 'Sender'))).toContain('wv:bob@sandbox');
  });
});

describe('what is not acknowledged', () => {
  const spelling = { version: '1.2', encoding: 'xml' } as const;

  test('is sent again after the time-out, under a new TransactionID, until it is', async () => {
    const clock = new TestClock();
    const sandbox = createSandbox({ clock, redeliverAfterSeconds: 30 });
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    await alice.request(sendMessage('alice', [user('bob')], 'x'));
    const first = await bob.poll();
    clock.pass(29);
    expect(await bob.poll()).toBeUndefined();
    clock.pass(2);
    const again = await bob.poll();
    expect(again?.primitive).toEqual(first?.primitive);
    expect(again?.id).not.toBe(first?.id);
    const id = descendant(again?.primitive, 'MessageInfo', 'MessageID')?.text ?? '';
    await bob.respond(again?.id ?? '', element('MessageDelivered', [element('MessageID', id)]));
    clock.pass(60);
    expect(await bob.poll()).toBeUndefined();
  });

  test('waits for the next session of the recipient', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    await alice.request(sendMessage('alice', [user('bob')], 'x'));
    await bob.poll();
    await bob.request(element('Logout-Request'));
    const again = await loggedIn(sandbox, spelling, 'bob');
    expect(childText((await again.poll())?.primitive, 'ContentData')).toBe('x');
  });

  test('is dropped and reported when its Validity has passed', async () => {
    const clock = new TestClock();
    const sandbox = createSandbox({ clock });
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    await alice.request(sendMessage('alice', [user('bob')], 'x', [element('Validity', 10)]));
    clock.pass(11);
    expect(await bob.poll()).toBeUndefined();
    expect(code((await alice.poll())?.primitive)).toBe('542');
  });
});

test('every session of the recipient is told; one acknowledgement is enough', async () => {
  const spelling = { version: '1.2', encoding: 'wbxml' } as const;
  const sandbox = createSandbox();
  const alice = await loggedIn(sandbox, spelling, 'alice');
  const phone = await loggedIn(sandbox, spelling, 'bob');
  const desk = await loggedIn(sandbox, spelling, 'bob');
  const login = element('Login-Request', [
    element('UserID', 'wv:bob@sandbox'),
    clientId('desk'),
    element('Password', 'secret'),
    element('SessionCookie', 'd'),
  ]);
  phone.sessionId = undefined;
  phone.sessionId = childText(await phone.request(login), 'SessionID');
  await alice.request(sendMessage('alice', [user('bob')], 'x'));
  const polled = await desk.poll();
  const id = descendant(polled?.primitive, 'MessageInfo', 'MessageID')?.text ?? '';
  await desk.respond(polled?.id ?? '', element('MessageDelivered', [element('MessageID', id)]));
  expect(await phone.poll()).toBeUndefined();
  expect((await alice.poll())?.primitive.name).toBe('DeliveryReport-Request');
  expect(await alice.poll()).toBeUndefined();
});
