/** Attribute lists [P4.5]: what of a user's presence others may see, for one user, for a contact list, for everybody else. */
import { child, childText, type Element, element } from '../csp/element.ts';
import { result, STATUS, status } from '../csp/status.ts';
import { canonicalListId } from './address.ts';
import {
  type Call,
  CODE,
  type Failure,
  listAddresses,
  statusOf,
  unknownList,
  unknownUser,
  userAddresses,
} from './call.ts';
import { presenceSubList } from './elements.ts';
import { isPresenceAttribute, presenceChanged } from './presence.ts';

export function createAttributeList(call: Call): Element {
  const attributes = (child(call.request, 'PresenceSubList')?.children ?? []).map(({ name }) => element(name));
  const wrong = attributes.find(({ name }) => !isPresenceAttribute(name, call.version));
  if (wrong !== undefined) {
    return status(CODE.BAD_PRESENCE_ATTRIBUTE, `${wrong.name} is no presence attribute of this version.`);
  }
  return change(call, attributes);
}

export function deleteAttributeList(call: Call): Element {
  return change(call, undefined);
}

/** Sets, or with undefined removes, the list for everybody that the request names. */
function change(call: Call, attributes: readonly Element[] | undefined): Element {
  const { state, session, request, version } = call;
  const { attributeLists, contactLists } = session.user;
  const failures: Failure[] = [];
  const put = (lists: Map<string, readonly Element[]>, key: string): void => {
    if (attributes === undefined) lists.delete(key);
    else lists.set(key, attributes);
  };
  const users = userAddresses(request);
  for (const address of users) {
    const user = state.userOf(address);
    if (user === undefined) failures.push(unknownUser(address));
    else put(attributeLists.users, user.id);
  }
  const lists = listAddresses(request);
  for (const address of lists) {
    const id = canonicalListId(address, state.settings.domain);
    if (id === undefined || !contactLists.has(id)) failures.push(unknownList(address));
    else put(attributeLists.contactLists, id);
  }
  if (childText(request, 'DefaultList') === 'T') attributeLists.everybody = attributes;
  presenceChanged(session.user, undefined);
  return statusOf(users.length + lists.length, failures, version);
}

export function getAttributeList({ state, session, request, version }: Call): Element {
  const { users, contactLists, everybody } = session.user.attributeLists;
  const wantedUsers = userAddresses(request).map((address) => state.userOf(address)?.id);
  const wantedLists = listAddresses(request).map((address) => canonicalListId(address, state.settings.domain));
  const wanted = (key: string, named: readonly (string | undefined)[]): boolean =>
    wantedUsers.length + wantedLists.length === 0 || named.includes(key);
  const entry = (name: 'UserID' | 'ContactList', id: string, attributes: readonly Element[]): Element =>
    element('Presence', [element(name, id), presenceSubList(attributes, version)]);
  const asked = childText(request, 'DefaultList') === 'T' ? everybody : undefined;
  return element('GetAttributeList-Response', [
    result(STATUS.OK),
    asked === undefined ? undefined : element('DefaultAttributeList', [presenceSubList(asked, version)]),
    ...[...users].filter(([id]) => wanted(id, wantedUsers)).map(([id, attributes]) => entry('UserID', id, attributes)),
    ...[...contactLists]
      .filter(([id]) => wanted(id, wantedLists))
      .map(([id, attributes]) => entry('ContactList', session.user.contactLists.get(id)?.id ?? id, attributes)),
  ]);
}
