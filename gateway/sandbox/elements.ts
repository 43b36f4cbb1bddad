/** Elements that both ends of the protocol build here: the sandbox in its answers, the handset in its requests [P4.4, P4.5]. */
import { type Element, element, inNamespace } from '../csp/element.ts';
import { type CspVersion, NAMESPACES } from '../csp/versions.ts';

/** A user as sender, recipient or entry of a list; `more` goes behind the id. */
export function userElement(userId: string, ...more: readonly (Element | undefined)[]): Element {
  return element('User', [element('UserID', userId), ...more]);
}

export function presenceSubList(attributes: readonly Element[], version: CspVersion): Element {
  return inNamespace(element('PresenceSubList', attributes), NAMESPACES[version].pa);
}

/** A presence attribute that is one value and holds at present. */
export function simpleAttribute(name: string, value: string): Element {
  return element(name, [element('Qualifier', 'T'), element('PresenceValue', value)]);
}
