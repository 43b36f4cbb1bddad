/**
 * Letting one user see one's presence, or not any more, as it is said until CSP 1.2 [P4.5]. Here it is another way of
 * writing that user's attribute list: everybody may see everything until told otherwise, so nobody is ever asked.
 */
import { child, childText, type Element, element } from '../csp/element.ts';
import { PRESENCE_ATTRIBUTES } from '../csp/presence-attributes.ts';
import { STATUS, status } from '../csp/status.ts';
import { type Call, ok, statusOf, unknownUser } from './call.ts';
import { isPresenceAttribute, presenceChanged } from './presence.ts';

export function presenceAuthUser(call: Call): Element {
  const { request, version } = call;
  const acceptance = childText(request, 'Acceptance');
  if (acceptance !== 'T' && acceptance !== 'F') return status(STATUS.BAD_PARAMETER, 'Acceptance is T or F.');
  const named = child(request, 'PresenceSubList')?.children.map(({ name }) => name) ?? [];
  const all = PRESENCE_ATTRIBUTES.filter((name) => isPresenceAttribute(name, version));
  return authorize(call, acceptance === 'F' ? [] : named.length > 0 ? named : all);
}

export function cancelAuth(call: Call): Element {
  return authorize(call, []);
}

function authorize({ state, session, request, version }: Call, names: readonly string[]): Element {
  if (version === '1.3') return status(STATUS.NOT_IMPLEMENTED, 'CSP 1.3 has attribute lists for this.');
  const address = childText(request, 'UserID') ?? '';
  const user = state.userOf(address);
  if (user === undefined) return statusOf(1, [unknownUser(address)], version);
  session.user.attributeLists.users.set(
    user.id,
    names.map((name) => element(name)),
  );
  presenceChanged(session.user, undefined);
  return ok();
}
