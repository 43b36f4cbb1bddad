/**
 * Who may write to a user: the VASP's GetBlockedList-Response read [P4.4], and a sender judged by it [X62]. What cannot be
 * known from the answer alone keeps nobody's message back: a message that was dropped does not come again.
 */
import { child, childText, childTexts, type Element } from '../csp/element.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import type { AccessLists } from '../mailbox-ports.ts';
import { readUserId } from '../policy/user-id.ts';

/**
 * The lists that are in use. 1.3 says that beside a list, older versions inside; where it is not said at all, a block list
 * is meant, and a grant list is not. A grant list that names contact lists lets in more people than it names, and counts as
 * not in use.
 */
export function readAccessLists(response: Element, version: CspVersion): AccessLists {
  const blocks = child(response, 'BlockList');
  const grants = child(response, 'GrantList');
  const entities = child(grants, 'EntityList');
  const isGranting = isInUse(response, 'GrantList', version, false) && child(entities, 'ContactList') === undefined;
  return {
    blocked:
      blocks !== undefined && isInUse(response, 'BlockList', version, true)
        ? childTexts(child(blocks, 'EntityList'), 'UserID')
        : undefined,
    granted: grants !== undefined && isGranting ? childTexts(entities, 'UserID') : undefined,
  };
}

function isInUse(response: Element, list: 'BlockList' | 'GrantList', version: CspVersion, otherwise: boolean): boolean {
  const inside = childText(child(response, list), 'InUse');
  const beside = childText(response, `${list}InUse`);
  const said = isAtLeast(version, '1.3') ? (beside ?? inside) : (inside ?? beside);
  return said === undefined || said === '' ? otherwise : said.toUpperCase() === 'T';
}

/** @param ownDomain of the recipient, for ids that name none; empty when it is not known */
export function mayWrite({ blocked, granted }: AccessLists, sender: string, ownDomain: string): boolean {
  const id = comparable(sender, ownDomain);
  const names = (list: readonly string[]): boolean => list.some((listed) => comparable(listed, ownDomain) === id);
  if (blocked !== undefined && names(blocked)) return false;
  return granted === undefined || names(granted);
}

/** One spelling for all that VASPs take for the same user [P11]. */
function comparable(userId: string, ownDomain: string): string {
  const { bare, domain } = readUserId(userId);
  return domain === '' && ownDomain !== '' ? `${bare}@${ownDomain.toLowerCase()}` : bare;
}
