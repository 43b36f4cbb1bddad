/**
 * Presence [P4.5]: publishing, asking, subscribing, being told by polling, and who watches whom. OnlineStatus is the
 * sandbox's own: T while the user has a session. What others see is limited by the owner's attribute lists.
 */
import { child, childInteger, childText, type Element, element } from '../csp/element.ts';
import { PRESENCE_ATTRIBUTES } from '../csp/presence-attributes.ts';
import { status } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import { canonicalListId } from './address.ts';
import { type Call, CODE, listAddresses, namedUsers, ok, resultOf, selectedAttributes, statusOf } from './call.ts';
import { presenceSubList, simpleAttribute } from './elements.ts';
import { enqueue, type SandboxSession, type SandboxUser } from './state.ts';

const ONLY_IN_1_3: ReadonlySet<string> = new Set([
  'ClientContentLimit',
  'ClientIMPriority',
  'ApplicationID',
  'ClientID',
]);

export function isPresenceAttribute(name: string, version: CspVersion): boolean {
  return PRESENCE_ATTRIBUTES.some((known) => known === name) && (name !== 'InfoLink' || isAtLeast(version, '1.2'));
}

function currentAttributes(user: SandboxUser): ReadonlyMap<string, Element> {
  const online = user.sessions.size > 0;
  const current = new Map(user.presence);
  current.set('OnlineStatus', simpleAttribute('OnlineStatus', online ? 'T' : 'F'));
  if (!online && current.has('UserAvailability')) {
    current.set('UserAvailability', simpleAttribute('UserAvailability', 'NOT_AVAILABLE'));
  }
  return current;
}

/** The attributes that the owner lets that user see; undefined for all. */
function allowedAttributes(owner: SandboxUser, watcher: SandboxUser): ReadonlySet<string> | undefined {
  if (owner === watcher) return undefined;
  const { users, contactLists, everybody } = owner.attributeLists;
  const listed = [...contactLists].filter(([id]) => owner.contactLists.get(id)?.members.has(watcher.id));
  const allowed = users.get(watcher.id) ?? (listed.length > 0 ? listed.flatMap(([, names]) => names) : everybody);
  return allowed === undefined ? undefined : new Set(allowed.map(({ name }) => name));
}

function asOfVersion(attribute: Element, version: CspVersion): Element {
  if (version === '1.3' || attribute.children.length === 0) return attribute;
  const kept = attribute.children.filter(({ name }) => !ONLY_IN_1_3.has(name));
  return { ...attribute, children: kept.map((part) => asOfVersion(part, version)) };
}

/** The Presence element of one user as another may see it. */
export function presenceOf(
  owner: SandboxUser,
  watcher: SandboxUser,
  wanted: ReadonlySet<string> | undefined,
  version: CspVersion,
): Element {
  const allowed = allowedAttributes(owner, watcher);
  const current = currentAttributes(owner);
  const seen = PRESENCE_ATTRIBUTES.filter(
    (name) => (wanted?.has(name) ?? true) && (allowed?.has(name) ?? true) && isPresenceAttribute(name, version),
  ).flatMap((name) => current.get(name) ?? []);
  return element('Presence', [
    element('UserID', owner.id),
    presenceSubList(
      seen.map((attribute) => asOfVersion(attribute, version)),
      version,
    ),
  ]);
}

/** Lets every session that watches these attributes hear of them; what still waits for it is told together. */
export function presenceChanged(user: SandboxUser, changed: ReadonlySet<string> | undefined): void {
  for (const { session, attributes } of user.watchers.values()) {
    const told = meet(changed, attributes);
    if (told?.size !== 0) tell(session, user, told);
  }
}

function meet(
  changed: ReadonlySet<string> | undefined,
  wanted: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (changed === undefined || wanted === undefined) return changed ?? wanted;
  return new Set([...changed].filter((name) => wanted.has(name)));
}

function tell(session: SandboxSession, of: SandboxUser, attributes: ReadonlySet<string> | undefined): void {
  const index = session.waiting.findIndex((waiting) => waiting.kind === 'presence' && waiting.of === of);
  const already = session.waiting[index];
  if (already?.kind !== 'presence') {
    enqueue(session, { kind: 'presence', of, attributes });
    return;
  }
  const both =
    already.attributes === undefined || attributes === undefined
      ? undefined
      : new Set([...already.attributes, ...attributes]);
  session.waiting[index] = { kind: 'presence', of, attributes: both };
}

/** Subscribes, and tells the watcher at once what there is. */
export function watch(session: SandboxSession, user: SandboxUser, attributes: ReadonlySet<string> | undefined): void {
  user.watchers.set(session.id, { session, attributes });
  tell(session, user, attributes);
}

export function updatePresence({ session, request, version }: Call): Element {
  const published = child(request, 'PresenceSubList')?.children ?? [];
  const wrong = published.find(({ name }) => !isPresenceAttribute(name, version));
  if (wrong !== undefined) {
    return status(CODE.BAD_PRESENCE_ATTRIBUTE, `${wrong.name} is no presence attribute of this version.`);
  }
  for (const attribute of published) {
    if (attribute.name !== 'OnlineStatus') session.user.presence.set(attribute.name, attribute);
  }
  presenceChanged(session.user, new Set(published.map(({ name }) => name)));
  return ok();
}

export function getPresence(call: Call): Element {
  const { session, request, version } = call;
  const { users, failures, total } = namedUsers(call, request);
  const wanted = selectedAttributes(request);
  return element('GetPresence-Response', [
    resultOf(total, failures, version),
    ...users.map((user) => presenceOf(user, session.user, wanted, version)),
  ]);
}

export function subscribePresence(call: Call): Element {
  const { state, session, request, version } = call;
  const { users, failures, total } = namedUsers(call, request);
  const wanted = selectedAttributes(request);
  for (const user of users) watch(session, user, wanted);
  if (childText(request, 'AutoSubscribe') === 'T') {
    for (const address of listAddresses(request)) {
      const id = canonicalListId(address, state.settings.domain);
      if (id !== undefined && session.user.contactLists.has(id)) session.autoSubscribed.set(id, wanted);
    }
  }
  return statusOf(total, failures, version);
}

export function unsubscribePresence(call: Call): Element {
  const { state, session, request, version } = call;
  const { users, failures, total } = namedUsers(call, request);
  for (const user of users) user.watchers.delete(session.id);
  session.waiting = session.waiting.filter((entry) => entry.kind !== 'presence' || !users.includes(entry.of));
  for (const address of listAddresses(request)) {
    session.autoSubscribed.delete(canonicalListId(address, state.settings.domain) ?? '');
  }
  return statusOf(total, failures, version);
}

export function getWatcherList({ session, request, version }: Call): Element {
  const ids = new Set([...session.user.watchers.values()].map((subscription) => subscription.session.user.id));
  const shown = [...ids].slice(0, childInteger(request, 'MaxWatcherList') ?? ids.size);
  const watchers = shown.map((id) => {
    const userId = element('UserID', id);
    if (version === '1.1') return element('User', [userId]);
    const who = version === '1.2' ? element('User', [userId]) : userId;
    return element('Watcher', [who, element('WatcherStatus', 'CURRENT_SUBSCRIBER')]);
  });
  const count = version === '1.3' ? element('WatcherCount', ids.size) : undefined;
  return element('GetWatcherList-Response', [count, ...watchers]);
}
