/** Presence in the sandbox: published, asked for, subscribed to, hidden by attribute lists, and off-line after the end. */
import { describe, expect, test } from '@jest/globals';
import { child, children, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { NAMESPACES } from '../../gateway/csp/versions.ts';
import { presencesOf } from '../../gateway/sandbox/handset/events.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { code, loggedIn, names, SPELLINGS, type Spelling, spelled, TestClock, user } from './rig.ts';

function subList({ version }: Spelling, ...attributes: readonly Element[]): Element {
  return { ...element('PresenceSubList', attributes), attributes: { xmlns: NAMESPACES[version].pa } };
}

function value(name: string, text: string): Element {
  return element(name, [element('Qualifier', 'T'), element('PresenceValue', text)]);
}

function named({ version }: Spelling, ...who: readonly string[]): Element[] {
  if (version !== '1.3') return who.map(user);
  return [
    element(
      'UserIDList',
      who.map((name) => element('UserID', `wv:${name}@sandbox`)),
    ),
  ];
}

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  test('a subscriber hears of the present state, of changes and of the end', async () => {
    const clock = new TestClock();
    const sandbox = createSandbox({ clock });
    const alice = await loggedIn(sandbox, spelling, 'alice', 60);
    const bob = await loggedIn(sandbox, spelling, 'bob', 600);
    const subscription = element('SubscribePresence-Request', named(spelling, 'alice'));
    expect(code(await bob.request(subscription))).toBe('200');
    const heard = async () => {
      const primitive = (await bob.poll())?.primitive;
      return primitive === undefined ? undefined : presencesOf(primitive)[0]?.attributes;
    };
    expect(await heard()).toEqual({ OnlineStatus: 'T' });
    const update = element('UpdatePresence-Request', [
      subList(spelling, value('UserAvailability', 'AVAILABLE'), value('StatusText', 'at lunch')),
    ]);
    expect(code(await alice.request(update))).toBe('200');
    expect(await heard()).toEqual({ UserAvailability: 'AVAILABLE', StatusText: 'at lunch' });
    expect(await heard()).toBeUndefined();
    clock.pass(61);
    expect(await heard()).toEqual({ OnlineStatus: 'F', UserAvailability: 'NOT_AVAILABLE' });
    await loggedIn(sandbox, spelling, 'alice', 60);
    expect(await heard()).toEqual({ OnlineStatus: 'T', UserAvailability: 'AVAILABLE' });
    expect(code(await bob.request(element('UnsubscribePresence-Request', named(spelling, 'alice'))))).toBe('200');
    await alice.request(update);
    expect(await heard()).toBeUndefined();
  });

  test('presence of others is asked for, also off-line and unknown', async () => {
    const sandbox = createSandbox();
    const bob = await loggedIn(sandbox, spelling, 'bob');
    const request = element('GetPresence-Request', named(spelling, 'alice', 'mallory'));
    const response = await bob.request(request);
    expect(code(response)).toBe('201');
    expect(presencesOf(response)).toEqual([{ userId: 'wv:alice@sandbox', attributes: { OnlineStatus: 'F' } }]);
  });

  test('an attribute that is none is refused', async () => {
    const bob = await loggedIn(createSandbox(), spelling, 'bob');
    const update = element('UpdatePresence-Request', [subList(spelling, value('Alias', 'B'), value('Location', 'x'))]);
    expect(code(await bob.request(update))).toBe('750');
  });

  test('watchers are listed', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    await bob.request(element('SubscribePresence-Request', named(spelling, 'alice')));
    const watchers = spelled(await alice.request(element('GetWatcherList-Request', [])));
    const id = '<UserID>wv:bob@sandbox</UserID>';
    const watcher = (who: string) => `<Watcher>${who}<WatcherStatus>CURRENT_SUBSCRIBER</WatcherStatus></Watcher>`;
    const expected = {
      '1.1': `<User>${id}</User>`,
      '1.2': watcher(`<User>${id}</User>`),
      '1.3': `<WatcherCount>1</WatcherCount>${watcher(id)}`,
    }[spelling.version];
    expect(watchers).toBe(`<GetWatcherList-Response>${expected}</GetWatcherList-Response>`);
  });

  test('attribute lists are stored, read, applied and deleted', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    await alice.request(
      element('UpdatePresence-Request', [subList(spelling, value('StatusText', 'x'), value('Alias', 'Al'))]),
    );
    const everybody = element('DefaultList', 'T');
    const onlyAlias = [subList(spelling, element('Alias')), everybody];
    expect(code(await alice.request(element('CreateAttributeList-Request', onlyAlias)))).toBe('200');
    const seen = async () =>
      presencesOf(await bob.request(element('GetPresence-Request', named(spelling, 'alice'))))[0]?.attributes;
    expect(await seen()).toEqual({ Alias: 'Al' });
    const lists = await alice.request(element('GetAttributeList-Request', [everybody]));
    expect(names(descendant(lists, 'DefaultAttributeList', 'PresenceSubList'))).toEqual(['Alias']);
    expect(code(await alice.request(element('DeleteAttributeList-Request', [everybody])))).toBe('200');
    expect(await seen()).toEqual({ OnlineStatus: 'T', StatusText: 'x', Alias: 'Al' });
  });
});

test('only selected attributes are told, and several changes are told in one', async () => {
  const spelling = { version: '1.2', encoding: 'xml' } as const;
  const sandbox = createSandbox();
  const alice = await loggedIn(sandbox, spelling, 'alice');
  const bob = await loggedIn(sandbox, spelling, 'bob');
  const selection = subList(spelling, element('StatusText'));
  await bob.request(element('SubscribePresence-Request', [user('alice'), selection, element('AutoSubscribe', 'F')]));
  for (const text of ['one', 'two']) {
    await alice.request(
      element('UpdatePresence-Request', [subList(spelling, value('StatusText', text), value('Alias', 'Al'))]),
    );
  }
  const told = (await bob.poll())?.primitive;
  expect(names(descendant(told, 'Presence', 'PresenceSubList'))).toEqual(['StatusText']);
  expect(childText(descendant(told, 'Presence', 'PresenceSubList', 'StatusText'), 'PresenceValue')).toBe('two');
  expect(await bob.poll()).toBeUndefined();
});

test('a contact list that is subscribed to automatically takes its new members along', async () => {
  const spelling = { version: '1.2', encoding: 'xml' } as const;
  const sandbox = createSandbox();
  const bob = await loggedIn(sandbox, spelling, 'bob');
  const list = element('ContactList', 'wv:bob/friends@sandbox');
  await bob.request(element('CreateList-Request', [list]));
  const subscribe = element('SubscribePresence-Request', [list, element('AutoSubscribe', 'T')]);
  expect(code(await bob.request(subscribe))).toBe('200');
  expect(await bob.poll()).toBeUndefined();
  const add = element('AddNickList', [element('UserID', 'wv:alice@sandbox')]);
  await bob.request(element('ListManage-Request', [list, add, element('ReceiveList', 'F')]));
  const told = (await bob.poll())?.primitive;
  expect(children(told, 'Presence').map((presence) => childText(presence, 'UserID'))).toEqual(['wv:alice@sandbox']);
});

test('1.3-only details do not reach an older client', async () => {
  const sandbox = createSandbox();
  const alice = await loggedIn(sandbox, { version: '1.3', encoding: 'wbxml' }, 'alice');
  const old = await loggedIn(sandbox, { version: '1.1', encoding: 'wbxml' }, 'bob');
  const details = element('ClientInfo', [
    element('Qualifier', 'T'),
    element('ClientType', 'PDA'),
    element('ClientIMPriority', 1),
  ]);
  const list = subList(
    { version: '1.3', encoding: 'wbxml' },
    details,
    element('InfoLink', [element('Qualifier', 'F')]),
  );
  expect(code(await alice.request(element('UpdatePresence-Request', [list])))).toBe('200');
  const presence = child(await old.request(element('GetPresence-Request', [user('alice')])), 'Presence');
  expect(names(child(presence, 'PresenceSubList'))).toEqual(['OnlineStatus', 'ClientInfo']);
  expect(names(descendant(presence, 'PresenceSubList', 'ClientInfo'))).toEqual(['Qualifier', 'ClientType']);
});
