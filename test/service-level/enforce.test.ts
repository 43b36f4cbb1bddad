/** Proves for every primitive what a level lets through: from a table of the codes that each needs, in both directions. */
import { describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../gateway/csp/element.ts';
import { PRIMITIVES } from '../../gateway/csp/primitives.ts';
import { ServiceSet, serviceSetOf } from '../../gateway/csp/service-tree.ts';
import { notCovered } from '../../gateway/service-level/enforce.ts';

const setOfNames = (...names: readonly string[]): ServiceSet =>
  names.reduce((sum, name) => sum.join(serviceSetOf(name) ?? ServiceSet.NONE), ServiceSet.NONE);

const LEVELS = {
  presence: setOfNames('FundamentalFeat', 'PresenceFeat'),
  receiving: setOfNames('FundamentalFeat', 'PresenceFeat', 'IMReceiveFunc'),
  nothing: ServiceSet.NONE,
};

const never = (): Element => {
  throw new Error('the content of this primitive decides nothing');
};

/** What each level lets through of what needs a code; p: presence, r: receiving. Everything else passes at every level. */
const NEEDS: Readonly<Record<string, string>> = {
  'GetSPInfo-Request': 'pr',
  'GetMap-Request': 'pr',
  'GetSegment-Request': 'pr',
  'DropSegment-Request': 'pr',
  'Search-Request': 'pr',
  'StopSearch-Request': 'pr',
  'Invite-Request': 'pr',
  'Invite-Response': 'pr',
  'InviteUser-Request': 'pr',
  'InviteUser-Response': 'pr',
  'CancelInvite-Request': 'pr',
  'CancelInviteUser-Request': 'pr',
  'VerifyID-Request': 'pr',
  'GetList-Request': 'pr',
  'CreateList-Request': 'pr',
  'DeleteList-Request': 'pr',
  'ListManage-Request': 'pr',
  'CreateAttributeList-Request': 'pr',
  'DeleteAttributeList-Request': 'pr',
  'GetAttributeList-Request': 'pr',
  'SubscribePresence-Request': 'pr',
  'UnsubscribePresence-Request': 'pr',
  'PresenceNotification-Request': 'pr',
  'GetWatcherList-Request': 'pr',
  'GetPresence-Request': 'pr',
  'UpdatePresence-Request': 'pr',
  'PresenceAuth-Request': 'pr',
  'PresenceAuth-User': 'pr',
  'CancelAuth-Request': 'pr',
  'GetReactiveAuthStatus-Request': 'pr',
  'SendMessage-Request': '',
  'DeliveryReport-Request': '',
  'ForwardMessage-Request': '',
  'SetDeliveryMethod-Request': 'r',
  'GetMessageList-Request': 'r',
  'RejectMessage-Request': 'r',
  'GetMessage-Request': 'r',
  MessageNotification: 'r',
  NewMessage: 'r',
  MessageDelivered: 'r',
  'GetBlockedList-Request': '',
  'BlockUser-Request': '',
  'BlockEntity-Request': '',
  'ExtendConversation-Request': '',
  'CreateGroup-Request': '',
  'DeleteGroup-Request': '',
  'JoinGroup-Request': '',
  'LeaveGroup-Request': '',
  'LeaveGroup-Response': '',
  'GetGroupMembers-Request': '',
  'GetJoinedUsers-Request': '',
  'AddGroupMembers-Request': '',
  'RemoveGroupMembers-Request': '',
  'MemberAccess-Request': '',
  'GetGroupProps-Request': '',
  'SetGroupProps-Request': '',
  'RejectList-Request': '',
  'SubscribeGroupNotice-Request': '',
  GroupChangeNotice: '',
};

describe('a level', () => {
  test.each([...PRIMITIVES.keys()])('%s', (name) => {
    const plain = (): Element => element(name);
    const needs = NEEDS[name];
    expect(notCovered(name, ServiceSet.ALL, never)).toBeUndefined();
    expect(notCovered(name, LEVELS.presence, plain) === undefined).toBe(needs?.includes('p') ?? true);
    expect(notCovered(name, LEVELS.receiving, plain) === undefined).toBe(needs?.includes('r') ?? true);
    expect(notCovered(name, LEVELS.nothing, plain) === undefined).toBe(needs === undefined);
  });

  test('the table names no primitive that does not exist', () => {
    expect(Object.keys(NEEDS).filter((name) => !PRIMITIVES.has(name))).toEqual([]);
  });

  test('lets a primitive that nobody knows pass: it can use no service that is known', () => {
    expect(notCovered('Colibria-Request', LEVELS.nothing, never)).toBeUndefined();
  });

  test('names the service that is missing', () => {
    expect(notCovered('ForwardMessage-Request', LEVELS.presence, never)).toEqual({
      code: 'FWMSG',
      description: expect.stringContaining('ForwardMessage-Request'),
    });
  });
});

describe('content that decides', () => {
  const report = (wish: string): Element => element('SendMessage-Request', [element('DeliveryReport', wish)]);

  test.each([
    ['a delivery report is wanted and granted', 'T', ['IMFeat'], undefined],
    ['a delivery report is wanted and not granted', 'T', ['MM'], 'MDELIV'],
    ['no delivery report is wanted', 'F', ['MM'], undefined],
  ])('%s', (_name, wish, names, missing) => {
    expect(notCovered('SendMessage-Request', setOfNames(...names), () => report(wish))?.code).toBe(missing);
  });

  test('an advanced search needs its own code', () => {
    const search = element('Search-Request', [element('AdvancedCriteria')]);
    expect(notCovered('Search-Request', setOfNames('SRCH'), () => search)?.code).toBe('ADVSR');
    expect(notCovered('Search-Request', setOfNames('SRCH', 'ADVSR'), () => search)).toBeUndefined();
  });

  test('MessageDelivered passes with either code', () => {
    expect(notCovered('MessageDelivered', setOfNames('GETM'), never)).toBeUndefined();
    expect(notCovered('MessageDelivered', setOfNames('NEWM'), never)).toBeUndefined();
    expect(notCovered('MessageDelivered', setOfNames('SETD'), never)?.code).toBe('NEWM');
  });
});
