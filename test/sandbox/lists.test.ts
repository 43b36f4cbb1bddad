/** Contact lists, block lists, search and verification of ids in the sandbox. */
import { describe, expect, test } from '@jest/globals';
import { child, children, childText, descendant, type Element, element } from '../../gateway/csp/element.ts';
import { createSandbox } from '../../gateway/sandbox/server.ts';
import { code, loggedIn, SPELLINGS, sendMessage, spelled, user } from './rig.ts';

const FRIENDS = element('ContactList', 'wv:alice/Friends@sandbox');
const userId = (name: string): Element => element('UserID', `wv:${name}@sandbox`);
const property = (name: string, value: string): Element =>
  element('Property', [element('Name', name), element('Value', value)]);

describe.each(SPELLINGS)('$version in $encoding', (spelling) => {
  const { version } = spelling;
  const receive = version === '1.1' ? [] : [element('ReceiveList', 'T')];

  test('contact lists are made, read, changed and deleted', async () => {
    const alice = await loggedIn(createSandbox(), spelling, 'alice');
    const nick = element('NickName', [element('Name', 'Bobby'), userId('bob')]);
    const create = element('CreateList-Request', [FRIENDS, element('NickList', [nick])]);
    expect((await alice.request(create)).name).toBe(version === '1.3' ? 'CreateList-Response' : 'Status');
    expect(code(await alice.request(create))).toBe('701');
    await alice.request(element('CreateList-Request', [element('ContactList', 'wv:alice/work')]));
    const lists = await alice.request(element('GetList-Request'));
    const others = version === '1.3' ? child(lists, 'ContactListIDList') : lists;
    expect(childText(others, 'ContactList')).toBe('wv:alice/work');
    expect(childText(lists, 'DefaultContactList')).toBe('wv:alice/Friends@sandbox');

    const add = element('AddNickList', [userId('carol'), userId('mallory')]);
    const added = await alice.request(element('ListManage-Request', [FRIENDS, add, ...receive]));
    expect(code(added)).toBe('201');
    expect(spelled(child(added, 'NickList'))).toBe(
      '<NickList><NickName><Name>Bobby</Name><UserID>wv:bob@sandbox</UserID></NickName><UserID>wv:carol@sandbox</UserID></NickList>',
    );
    const remove = element('RemoveNickList', [userId('bob')]);
    const removed = await alice.request(element('ListManage-Request', [FRIENDS, remove, ...receive]));
    expect(spelled(child(removed, 'NickList'))).toBe('<NickList><UserID>wv:carol@sandbox</UserID></NickList>');

    const rename = element('ContactListProperties', [property('DisplayName', 'Pals'), property('Default', 'F')]);
    const renamed = await alice.request(element('ListManage-Request', [FRIENDS, rename, ...receive]));
    expect(spelled(child(renamed, 'ContactListProperties'))).toContain('<Value>Pals</Value>');
    const wrong = element('ContactListProperties', [property('Colour', 'red')]);
    expect(code(await alice.request(element('ListManage-Request', [FRIENDS, wrong, ...receive])))).toBe('752');

    expect(code(await alice.request(element('DeleteList-Request', [FRIENDS])))).toBe('200');
    expect(code(await alice.request(element('DeleteList-Request', [FRIENDS])))).toBe('700');
    const left = await alice.request(element('GetList-Request'));
    expect(childText(left, 'DefaultContactList')).toBe('wv:alice/work');
  });

  test("nobody makes or reads another's list", async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    await alice.request(element('CreateList-Request', [FRIENDS]));
    const bob = await loggedIn(sandbox, spelling, 'bob');
    expect(code(await bob.request(element('ListManage-Request', [FRIENDS, ...receive])))).toBe('700');
    expect(code(await bob.request(element('CreateList-Request', [FRIENDS])))).toBe('402');
  });

  const blockRequest = (list: 'BlockList' | 'GrantList', part: string, name: string, inUse = 'T'): Element => {
    const change = element(part, [userId(name)]);
    if (version === '1.3') {
      return element('BlockEntity-Request', [element(list, [change]), element(`${list}InUse`, inUse)]);
    }
    const primitive = version === '1.1' ? 'BlockUser-Request' : 'BlockEntity-Request';
    return element(primitive, [element(list, [element('InUse', inUse), change])]);
  };

  test('the blocked are refused, and so are those whom nobody granted', async () => {
    const sandbox = createSandbox();
    const alice = await loggedIn(sandbox, spelling, 'alice');
    const bob = await loggedIn(sandbox, spelling, 'bob');
    const outcome = async () => code(await alice.request(sendMessage('alice', [user('bob')], 'x')));
    expect(code(await bob.request(blockRequest('BlockList', 'AddList', 'alice')))).toBe('200');
    expect(await outcome()).toBe('532');
    await bob.request(blockRequest('BlockList', 'AddList', 'alice', 'F'));
    expect(await outcome()).toBe('200');
    await bob.request(blockRequest('GrantList', 'AddList', 'carol'));
    expect(await outcome()).toBe('532');
    await bob.request(blockRequest('GrantList', 'AddList', 'alice'));
    await bob.request(blockRequest('BlockList', 'RemoveList', 'alice'));
    expect(await outcome()).toBe('200');
    const lists = spelled(await bob.request(element('GetBlockedList-Request')));
    const granted = '<EntityList><UserID>wv:carol@sandbox</UserID><UserID>wv:alice@sandbox</UserID></EntityList>';
    expect(lists).toBe(
      version === '1.3'
        ? `<GetBlockedList-Response><BlockList/><BlockListInUse>T</BlockListInUse><GrantList>${granted}</GrantList><GrantListInUse>T</GrantListInUse></GetBlockedList-Response>`
        : `<GetBlockedList-Response><BlockList><InUse>T</InUse></BlockList><GrantList><InUse>T</InUse>${granted}</GrantList></GetBlockedList-Response>`,
    );
  });

  test('users are searched for, in parts', async () => {
    const alice = await loggedIn(createSandbox(), spelling, 'alice');
    const pair = [element('SearchElement', 'USER_ID'), element('SearchString', '@SANDBOX')];
    const list = element('SearchPairList', version === '1.3' ? [element('SearchPair', pair)] : pair);
    const first = await alice.request(element('Search-Request', [list, element('SearchLimit', 3)]));
    expect(childText(first, 'SearchFindings')).toBe('4');
    expect(childText(first, 'CompletionFlag')).toBe('F');
    expect(children(descendant(first, 'SearchResult', 'UserList'), 'User')).toHaveLength(3);
    const id = element('SearchID', childText(first, 'SearchID') ?? '');
    const index = element('SearchIndex', childText(first, 'SearchIndex') ?? '');
    const rest = await alice.request(element('Search-Request', [element('SearchLimit', 3), id, index]));
    expect(childText(rest, 'CompletionFlag')).toBe('T');
    expect(children(descendant(rest, 'SearchResult', 'UserList'), 'User')).toHaveLength(1);
    expect(code(await alice.request(element('StopSearch-Request', [id])))).toBe('200');
    expect(code(await alice.request(element('StopSearch-Request', [id])))).toBe('424');
  });

  test('what is not searchable is refused', async () => {
    const alice = await loggedIn(createSandbox(), spelling, 'alice');
    const pair = [element('SearchElement', 'GROUP_ID'), element('SearchString', 'x')];
    const list = element('SearchPairList', version === '1.3' ? [element('SearchPair', pair)] : pair);
    expect(code(await alice.request(element('Search-Request', [list])))).toBe('402');
  });
});

test.each([
  [[userId('bob')], '200'],
  [[userId('bob'), userId('mallory')], '201'],
  [[userId('mallory')], '531'],
  [[element('Domain', 'sandbox')], '200'],
  [[element('Domain', 'elsewhere')], '516'],
  [[userId('mallory'), element('GroupID', 'wv:/party@sandbox')], '900'],
])('ids are verified (%#)', async (ids, expected) => {
  const alice = await loggedIn(createSandbox(), { version: '1.2', encoding: 'xml' }, 'alice');
  expect(code(await alice.request(element('VerifyID-Request', [element('IDList', ids)])))).toBe(expected);
});
