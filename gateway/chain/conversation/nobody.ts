/**
 * What a client is answered in a conversation to all that is not the conversation: as a user who has no contacts, no
 * watchers and no messages, whose wishes are taken and lead to nothing [X21]. Only what no client takes amiss is refused.
 */
import { child, childText, type Element, element } from '../../csp/element.ts';
import { result, STATUS, status } from '../../csp/status.ts';
import type { CspVersion } from '../../csp/versions.ts';
import { notCovered } from '../../service-level/enforce.ts';
import { MESSAGING } from './negotiation.ts';

/** Answered with Status 200, and nothing is done. */
const TAKEN: ReadonlySet<string> = new Set([
  'CreateList-Request',
  'DeleteList-Request',
  'CreateAttributeList-Request',
  'DeleteAttributeList-Request',
  'SubscribePresence-Request',
  'UnsubscribePresence-Request',
  'UpdatePresence-Request',
  'PresenceAuth-User',
  'CancelAuth-Request',
  'SetDeliveryMethod-Request',
  'BlockUser-Request',
  'BlockEntity-Request',
]);

export function answerOfNobody(request: Element, version: CspVersion): Element {
  const { name } = request;
  if (TAKEN.has(name)) return status(STATUS.OK);
  const empty = emptyAnswer(request, version);
  if (empty !== undefined) return empty;
  const missing = notCovered(name, MESSAGING, () => request);
  if (missing !== undefined) return status(STATUS.SERVICE_NOT_AGREED, missing.description);
  return status(STATUS.NOT_IMPLEMENTED, `${name} is not served before the question is answered.`);
}

/** The answer of its own form, where there is one that clients wait for. */
function emptyAnswer(request: Element, version: CspVersion): Element | undefined {
  switch (request.name) {
    case 'GetList-Request':
      return element('GetList-Response', version === '1.3' ? [element('ContactListIDList', [])] : []);
    case 'ListManage-Request': {
      const withList = childText(request, 'ReceiveList') !== 'F';
      const list = withList ? element('NickList', []) : undefined;
      return element('ListManage-Response', [result(STATUS.OK), list]);
    }
    case 'GetBlockedList-Request':
      return element(
        'GetBlockedList-Response',
        ['BlockList', 'GrantList'].flatMap((name) =>
          version === '1.3'
            ? [element(name, []), element(`${name}InUse`, false)]
            : [element(name, [element('InUse', false)])],
        ),
      );
    case 'GetPresence-Request':
      return element('GetPresence-Response', [result(STATUS.OK)]);
    case 'GetAttributeList-Request':
      return element('GetAttributeList-Response', [result(STATUS.OK)]);
    case 'GetWatcherList-Request':
      return element('GetWatcherList-Response', [version === '1.3' ? element('WatcherCount', 0) : undefined]);
    case 'GetReactiveAuthStatus-Request':
      return element('GetReactiveAuthStatus-Response', [element('ReactiveAuthStatusList', [])]);
    default:
      return undefined;
  }
}

/** The KeepAlive-Response: no more than what the session was opened with. */
export function keepAliveAnswer(request: Element, grantedSeconds: number): Element {
  const told = child(request, 'TimeToLive') === undefined ? undefined : element('KeepAliveTime', grantedSeconds);
  return element('KeepAlive-Response', [result(STATUS.OK), told]);
}

/** 1.1 confirms a logout with Disconnect [P2]. */
export function logoutAnswer(version: CspVersion): Element {
  return version === '1.1' ? element('Disconnect', [result(STATUS.OK)]) : status(STATUS.OK);
}
