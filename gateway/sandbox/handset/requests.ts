/** Requests of the handset whose form depends on the version, or which have many parts [P4.4, P4.5]. */
import { type Element, element } from '../../csp/element.ts';
import type { CspVersion } from '../../csp/versions.ts';
import { presenceSubList, userElement } from '../elements.ts';

export interface TextToSend {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly report: boolean;
  readonly validitySeconds: number | undefined;
}

export function sendMessageRequest({ from, to, text, report, validitySeconds }: TextToSend): Element {
  return element('SendMessage-Request', [
    element('DeliveryReport', report),
    element('MessageInfo', [
      element('ContentType', 'text/plain'),
      element('ContentEncoding', 'None'),
      element('ContentSize', Buffer.byteLength(text)),
      element(
        'Recipient',
        to.map((userId) => userElement(userId)),
      ),
      element('Sender', [userElement(from)]),
      validitySeconds === undefined ? undefined : element('Validity', validitySeconds),
    ]),
    element('ContentData', text),
  ]);
}

/** Puts a user on the block list, or takes the user off it; the list is in use from then on. */
export function blockListRequest(version: CspVersion, part: 'AddList' | 'RemoveList', userId: string): Element {
  const change = element(part, [element('UserID', userId)]);
  const inUse = (name: string): Element => element(name, 'T');
  return version === '1.3'
    ? element('BlockEntity-Request', [element('BlockList', [change]), inUse('BlockListInUse')])
    : element(version === '1.1' ? 'BlockUser-Request' : 'BlockEntity-Request', [
        element('BlockList', [inUse('InUse'), change]),
      ]);
}

/** What somebody who may see one's presence sees of it. */
const SHOWN = ['OnlineStatus', 'UserAvailability', 'FreeTextLocation', 'StatusText', 'StatusMood', 'Alias'];

/** Lets a user see one's presence, or not: by attribute list in 1.3, which has no other way. */
export function presenceForRequest(version: CspVersion, userId: string, isAllowed: boolean): Element {
  const user = element('UserID', userId);
  if (version !== '1.3') return element('PresenceAuth-User', [user, element('Acceptance', isAllowed)]);
  const attributes = isAllowed ? SHOWN.map((name) => element(name)) : [];
  return element('CreateAttributeList-Request', [
    presenceSubList(attributes, version),
    element('UserIDList', [user]),
    element('DefaultList', false),
  ]);
}
