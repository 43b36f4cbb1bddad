/** Contact lists [P4.5]: created, read, changed and deleted by their owner; the first one is the default until another is. */
import { child, children, childText, type Element, element } from '../csp/element.ts';
import { STATUS, status } from '../csp/status.ts';
import { canonicalListId, parseAddress } from './address.ts';
import { type Call, CODE, type Failure, ok, resultOf, statusOf, unknownUser } from './call.ts';
import { watch } from './presence.ts';
import type { ContactList, SandboxUser } from './state.ts';

export function getList({ session, version }: Call): Element {
  const { contactLists, defaultList } = session.user;
  const others = [...contactLists]
    .filter(([key]) => key !== defaultList)
    .map(([, { id }]) => element('ContactList', id));
  const byDefault = defaultList === undefined ? undefined : contactLists.get(defaultList);
  const named = byDefault === undefined ? undefined : element('DefaultContactList', byDefault.id);
  return element(
    'GetList-Response',
    version === '1.3' ? [element('ContactListIDList', others), named] : [...others, named],
  );
}

/** The key of the list that a request names, if its owner is the caller. */
function ownListKey({ state, session, request }: Call): string | undefined {
  const text = childText(request, 'ContactList') ?? '';
  const owner = parseAddress(text, state.settings.domain)?.user;
  const key = canonicalListId(text, state.settings.domain);
  return owner === parseAddress(session.user.id, state.settings.domain)?.user ? key : undefined;
}

export function createList(call: Call): Element {
  const { session, request, version } = call;
  const { user } = session;
  const key = ownListKey(call);
  const id = childText(request, 'ContactList');
  if (key === undefined || id === undefined) {
    return status(STATUS.BAD_PARAMETER, `A contact list of yours is named like ${user.id.replace('@', '/friends@')}.`);
  }
  if (user.contactLists.has(key)) return status(CODE.LIST_EXISTS, 'You have a contact list of that name.');
  const properties = child(request, 'ContactListProperties');
  const wrong = unknownProperty(properties);
  if (wrong !== undefined) return wrong;
  const list: ContactList = { id, displayName: parseAddress(id, '')?.resource ?? id, members: new Map() };
  user.contactLists.set(key, list);
  user.defaultList ??= key;
  applyProperties(user, key, list, properties);
  const added = addMembers(call, key, list, child(request, 'NickList'));
  if (version !== '1.3' || added.failures.length > 0) return statusOf(added.total + 1, added.failures, version);
  return element('CreateList-Response', [element('ContactList', id), propertiesOf(user, key, list)]);
}

export function deleteList(call: Call): Element {
  const { user } = call.session;
  const key = ownListKey(call);
  if (key === undefined || !user.contactLists.delete(key))
    return status(CODE.NO_SUCH_LIST, 'There is no such contact list.');
  user.attributeLists.contactLists.delete(key);
  for (const session of user.sessions) session.autoSubscribed.delete(key);
  if (user.defaultList === key) user.defaultList = user.contactLists.keys().next().value;
  return ok();
}

/** Changes what the request names, then answers with the members, or with the properties when those were changed. */
export function listManage(call: Call): Element {
  const { session, request, version, state } = call;
  const { user } = session;
  const key = ownListKey(call);
  const list = key === undefined ? undefined : user.contactLists.get(key);
  if (key === undefined || list === undefined) return status(CODE.NO_SUCH_LIST, 'There is no such contact list.');
  const properties = child(request, 'ContactListProperties');
  const wrong = unknownProperty(properties);
  if (wrong !== undefined) return wrong;
  applyProperties(user, key, list, properties);
  const { failures, total } = addMembers(call, key, list, child(request, 'AddNickList'));
  for (const { text } of children(child(request, 'RemoveNickList'), 'UserID')) {
    const member = state.userOf(text);
    if (member !== undefined) list.members.delete(member.id);
  }
  const changedNothing = request.children.every(({ name }) => name === 'ContactList' || name === 'ReceiveList');
  const showProperties = properties !== undefined || changedNothing;
  return element('ListManage-Response', [
    resultOf(total, failures, version),
    properties !== undefined || childText(request, 'ReceiveList') === 'F' ? undefined : nickListOf(list),
    showProperties ? propertiesOf(user, key, list) : undefined,
  ]);
}

function addMembers(
  { state, session }: Call,
  key: string,
  list: ContactList,
  nickList: Element | undefined,
): { failures: Failure[]; total: number } {
  const failures: Failure[] = [];
  const named = nickList?.children ?? [];
  for (const entry of named) {
    const address = entry.name === 'NickName' ? (childText(entry, 'UserID') ?? '') : entry.text.trim();
    const member = state.userOf(address);
    if (member === undefined) {
      failures.push(unknownUser(address));
      continue;
    }
    list.members.set(member.id, childText(entry, 'Name') ?? '');
    for (const watcher of session.user.sessions) {
      if (watcher.autoSubscribed.has(key)) watch(watcher, member, watcher.autoSubscribed.get(key));
    }
  }
  return { failures, total: named.length };
}

function unknownProperty(properties: Element | undefined): Element | undefined {
  const names = children(properties, 'Property').map((property) => childText(property, 'Name') ?? '');
  const wrong = names.some((name) => name !== 'DisplayName' && name !== 'Default');
  return wrong
    ? status(CODE.BAD_LIST_PROPERTY, 'Contact lists have the properties DisplayName and Default.')
    : undefined;
}

function applyProperties(user: SandboxUser, key: string, list: ContactList, properties: Element | undefined): void {
  for (const property of children(properties, 'Property')) {
    const value = childText(property, 'Value') ?? '';
    if (childText(property, 'Name') === 'DisplayName') list.displayName = value;
    else if (value === 'T') user.defaultList = key;
  }
}

function propertiesOf(user: SandboxUser, key: string, list: ContactList): Element {
  const property = (name: string, value: string): Element =>
    element('Property', [element('Name', name), element('Value', value)]);
  return element('ContactListProperties', [
    property('DisplayName', list.displayName),
    property('Default', user.defaultList === key ? 'T' : 'F'),
  ]);
}

function nickListOf(list: ContactList): Element {
  return element(
    'NickList',
    [...list.members].map(([id, nickName]) =>
      nickName === '' ? element('UserID', id) : element('NickName', [element('Name', nickName), element('UserID', id)]),
    ),
  );
}
