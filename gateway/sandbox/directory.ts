/** Who and what there is: search, verification of ids, and what the service says about itself [P4.2, P4.6]. */
import { child, childInteger, children, childText, type Element, element } from '../csp/element.ts';
import { STATUS, status } from '../csp/status.ts';
import { canonicalListId } from './address.ts';
import { type Call, CODE, type Failure, type OutbandCall, ok, statusOf, unknownList, unknownUser } from './call.ts';
import { userElement } from './elements.ts';
import type { SandboxUser } from './state.ts';

const MAX_SEARCHES = 10;
const PAGE = 20;

export function getSpInfo({ request }: OutbandCall): Element {
  return element('GetSPInfo-Response', [
    child(request, 'ClientID'),
    element('Name', 'Sandbox'),
    element('Description', 'A small IMPS server for trying things.'),
  ]);
}

/** What a search can look at; a value holds the search string, letter case aside. */
const SEARCHABLE: ReadonlyMap<string, (user: SandboxUser) => string> = new Map([
  ['USER_ID', (user) => user.id],
  ['USER_ALIAS', (user) => childText(user.presence.get('Alias'), 'PresenceValue') ?? ''],
  ['USER_ONLINE_STATUS', (user) => (user.sessions.size > 0 ? 'T' : 'F')],
]);

export function search(call: Call): Element {
  const { state, session, request } = call;
  const continued = childText(request, 'SearchID');
  if (continued !== undefined) {
    const findings = session.searches.get(continued);
    return findings === undefined
      ? status(CODE.INVALID_SEARCH_ID, 'There is no such search.')
      : page(request, continued, findings);
  }
  const lists = children(request, 'SearchPairList');
  const pairs = lists.flatMap((list) =>
    child(list, 'SearchPair') === undefined ? [list] : children(list, 'SearchPair'),
  );
  const findings = pairs.length === 0 ? undefined : findUsers([...state.users.values()], pairs);
  if (findings === undefined)
    return status(STATUS.BAD_PARAMETER, `Searched can be: ${[...SEARCHABLE.keys()].join(', ')}.`);
  const id = state.nextSearchId();
  const oldest = session.searches.keys().next().value;
  if (session.searches.size >= MAX_SEARCHES && oldest !== undefined) session.searches.delete(oldest);
  session.searches.set(id, findings);
  return page(request, id, findings);
}

/** The users to whom every pair applies; undefined when one names something that cannot be searched. */
function findUsers(users: readonly SandboxUser[], pairs: readonly Element[]): string[] | undefined {
  let found = users;
  for (const pair of pairs) {
    const read = SEARCHABLE.get(childText(pair, 'SearchElement') ?? '');
    if (read === undefined) return undefined;
    const text = (childText(pair, 'SearchString') ?? '').toLowerCase();
    found = found.filter((user) => read(user).toLowerCase().includes(text));
  }
  return found.map(({ id }) => id);
}

function page(request: Element, searchId: string, findings: readonly string[]): Element {
  const start = childInteger(request, 'SearchIndex') ?? 0;
  const limit = Math.max(1, childInteger(request, 'SearchLimit') ?? PAGE);
  const shown = findings.slice(start, start + limit);
  const end = start + shown.length;
  const users = shown.map((id) => userElement(id));
  return element('Search-Response', [
    element('SearchID', searchId),
    element('SearchFindings', findings.length),
    element('CompletionFlag', end >= findings.length),
    element('SearchIndex', end),
    users.length === 0 ? undefined : element('SearchResult', [element('UserList', users)]),
  ]);
}

export function stopSearch({ session, request }: Call): Element {
  const known = session.searches.delete(childText(request, 'SearchID') ?? '');
  return known ? ok() : status(CODE.INVALID_SEARCH_ID, 'There is no such search.');
}

export function verifyId({ state, session, request, version }: Call): Element {
  const entities = child(request, 'IDList')?.children ?? [];
  if (entities.length === 0) return status(STATUS.BAD_REQUEST, 'VerifyID-Request needs an IDList.');
  const failures = entities.flatMap((entity): Failure[] => {
    switch (entity.name) {
      case 'UserID':
        return state.userOf(entity.text) === undefined ? [unknownUser(entity.text.trim())] : [];
      case 'ContactList': {
        const key = canonicalListId(entity.text, state.settings.domain);
        return key !== undefined && session.user.contactLists.has(key) ? [] : [unknownList(entity.text.trim())];
      }
      case 'Domain':
        return entity.text.trim().toLowerCase() === state.settings.domain
          ? []
          : [{ code: 516, description: 'That domain is not served here.', entity }];
      default:
        return [{ code: CODE.NO_SUCH_GROUP, description: 'There is no such group.', entity }];
    }
  });
  return statusOf(entities.length, failures, version);
}
