/**
 * Puts a user into the contact list that the owner of a session uses by default [X45, P4.5]; where there is no list, one is
 * made.
 */
import { child, children, childText, childTexts, type Element, element } from '../../csp/element.ts';
import { STATUS } from '../../csp/status.ts';
import type { CspVersion } from '../../csp/versions.ts';
import type { OwnAnswer } from './own-transaction.ts';

/** The name of a list that the gateway makes. */
const LIST_NAME = 'contacts';

/**
 * @param owner user id of the session; empty when it is not known: then there has to be a list already
 * @returns 200, or what the VASP or the level says against it
 */
export async function addContact(
  ask: (primitive: Element) => Promise<OwnAnswer>,
  version: CspVersion,
  owner: string,
  user: string,
): Promise<number> {
  const lists = await ask(element('GetList-Request'));
  if (lists.code !== STATUS.OK) return lists.code;
  let list = defaultListIn(lists.primitive);
  if (list === undefined) {
    if (owner === '') return STATUS.BAD_PARAMETER;
    list = listOf(owner);
    const created = await ask(createList(list));
    if (created.code !== STATUS.OK) return created.code;
  }
  const added = await ask(
    element('ListManage-Request', [
      element('ContactList', list),
      element('AddNickList', [element('UserID', user)]),
      version === '1.1' ? undefined : element('ReceiveList', false),
    ]),
  );
  return added.code === STATUS.PARTIAL ? failureIn(added.primitive) : added.code;
}

/** COMPAT Baraza: the default list may stand in DefaultContactList alone [P17]. */
function defaultListIn(answer: Element | undefined): string | undefined {
  const named = childText(answer, 'DefaultContactList');
  if (named !== undefined && named !== '') return named;
  return [...childTexts(answer, 'ContactList'), ...childTexts(child(answer, 'ContactListIDList'), 'ContactList')][0];
}

function createList(list: string): Element {
  const byDefault = element('Property', [element('Name', 'Default'), element('Value', true)]);
  return element('CreateList-Request', [element('ContactList', list), element('ContactListProperties', [byDefault])]);
}

/** `wv:user/contacts@domain` [P11]. */
function listOf(owner: string): string {
  const at = owner.lastIndexOf('@');
  const [name, domain] = at === -1 ? [owner, ''] : [owner.slice(0, at), owner.slice(at)];
  return `${/^wv:/i.test(name) ? '' : 'wv:'}${name}/${LIST_NAME}${domain}`;
}

/** Of one user, partly done is not done. */
function failureIn(answer: Element | undefined): number {
  const details = children(child(answer, 'Result'), 'DetailedResult');
  const codes = details.map((detail) => Number(childText(detail, 'Code')));
  return codes.find((code) => code >= 400) ?? (details.length > 0 ? STATUS.BAD_PARAMETER : STATUS.OK);
}
