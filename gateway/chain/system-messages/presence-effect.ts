/**
 * Lets a user see the presence of a session's owner, or not any more [X45, P4.5]: until 1.2 by the answer to that user's
 * wish, in 1.3, which has no such answer, by the list of what that user may see.
 */
import { type Element, element, inNamespace } from '../../csp/element.ts';
import { type CspVersion, NAMESPACES } from '../../csp/versions.ts';
import type { OwnAnswer } from './own-transaction.ts';

/** What a friend is shown: whether and how one can be reached, never where one is. */
const SHOWN = ['OnlineStatus', 'UserAvailability', 'StatusText', 'StatusMood', 'Alias'] as const;

/** @returns 200, or what the VASP or the level says against it */
export async function authorizePresence(
  ask: (primitive: Element) => Promise<OwnAnswer>,
  version: CspVersion,
  user: string,
  isAllowed: boolean,
): Promise<number> {
  const { code } = await ask(version === '1.3' ? attributeList(user, isAllowed) : authorization(user, isAllowed));
  return code;
}

function authorization(user: string, isAllowed: boolean): Element {
  return element('PresenceAuth-User', [element('UserID', user), element('Acceptance', isAllowed)]);
}

function attributeList(user: string, isAllowed: boolean): Element {
  const attributes = isAllowed ? SHOWN.map((name) => element(name)) : [];
  return element('CreateAttributeList-Request', [
    inNamespace(element('PresenceSubList', attributes), NAMESPACES['1.3'].pa),
    element('UserIDList', [element('UserID', user)]),
    element('DefaultList', false),
  ]);
}
