/**
 * Every primitive of CSP 1.1 to 1.3 in one table: who opens a transaction with it, what answers it, which service codes
 * it needs, since when it exists [P2]. Enforcement, routing and metrics read this table and hold no list of their own.
 */
import type { CspVersion } from './versions.ts';

export interface PrimitiveRow {
  readonly name: string;
  /** Who opens a transaction with it; `reply` never opens one. */
  readonly opens: 'client' | 'server' | 'both' | 'reply';
  /** The primitive that answers it on success; Status may answer anything. */
  readonly answeredBy: string | undefined;
  /** Any one of these codes allows it; none listed means that it is never withheld. MF, MP, MM, MG: mandatory parts [P3]. */
  readonly needs: readonly string[];
  readonly since: CspVersion;
}

const rows: PrimitiveRow[] = [];

function section(opens: PrimitiveRow['opens'], table: string): void {
  for (const line of table.trim().split('\n')) {
    const [name = '', answeredBy = '-', needs = '-', since = '1.1'] = line.trim().split(/\s+/);
    rows.push({
      name,
      opens,
      answeredBy: answeredBy === '-' ? undefined : answeredBy,
      needs: needs === '-' ? [] : needs.split('|'),
      since: since as CspVersion,
    });
  }
}

// name, answered by, needs any of, since; a dash is "nothing" or "never withheld".
section(
  'client',
  `
  Login-Request                  Login-Response
  Logout-Request                 Status
  KeepAlive-Request              KeepAlive-Response
  Service-Request                Service-Response
  ClientCapability-Request       ClientCapability-Response
  Polling-Request                -
  SystemMessage-User             Status                          -             1.3
  GetSPInfo-Request              GetSPInfo-Response              GETSPI
  GetMap-Request                 GetMap-Response                 GETMAP        1.3
  GetSegment-Request             GetSegment-Response             SGMNT         1.3
  DropSegment-Request            Status                          SGMNT         1.3
  Search-Request                 Search-Response                 SRCH
  StopSearch-Request             Status                          STSRC
  Invite-Request                 Status                          INVIT
  InviteUser-Response            Status                          INVIT
  CancelInvite-Request           Status                          CAINV
  VerifyID-Request               Status                          VRID          1.2
  SubscribeNotification-Request  Status                          -             1.3
  UnsubscribeNotification-Request Status                         -             1.3
  GetPublicProfile-Request       GetPublicProfile-Response       -             1.3
  UpdatePublicProfile-Request    Status                          -             1.3
  GetList-Request                GetList-Response                GCLI
  CreateList-Request             Status                          CCLI
  DeleteList-Request             Status                          DCLI
  ListManage-Request             ListManage-Response             MCLS
  CreateAttributeList-Request    Status                          CALI
  DeleteAttributeList-Request    Status                          DALI
  GetAttributeList-Request       GetAttributeList-Response       GALS
  SubscribePresence-Request      Status                          MP
  UnsubscribePresence-Request    Status                          MP
  GetWatcherList-Request         GetWatcherList-Response         GETWL
  GetPresence-Request            GetPresence-Response            GETPR
  UpdatePresence-Request         Status                          UPDPR
  PresenceAuth-User              Status                          REACT
  CancelAuth-Request             Status                          CAAUT
  GetReactiveAuthStatus-Request  GetReactiveAuthStatus-Response  GETAUT        1.2
  SendMessage-Request            SendMessage-Response            MM
  SetDeliveryMethod-Request      Status                          SETD
  GetMessageList-Request         GetMessageList-Response         GETLM
  RejectMessage-Request          Status                          REJCM
  GetMessage-Request             GetMessage-Response             GETM
  MessageDelivered               Status                          NEWM|GETM
  ForwardMessage-Request         Status                          FWMSG
  GetBlockedList-Request         GetBlockedList-Response         GLBLU
  BlockUser-Request              Status                          BLENT
  BlockEntity-Request            Status                          BLENT
  ExtendConversation-Request     ExtendConversation-Response     EXCON         1.3
  CreateGroup-Request            Status                          CREAG
  DeleteGroup-Request            Status                          DELGR
  JoinGroup-Request              JoinGroup-Response              MG
  LeaveGroup-Request             LeaveGroup-Response             MG
  GetGroupMembers-Request        GetGroupMembers-Response        GETGM
  GetJoinedUsers-Request         GetJoinedUsers-Response         GETJU         1.2
  AddGroupMembers-Request        Status                          ADDGM
  RemoveGroupMembers-Request     Status                          RMVGM
  MemberAccess-Request           Status                          MBRAC
  GetGroupProps-Request          GetGroupProps-Response          GETGP
  SetGroupProps-Request          Status                          SETGP
  RejectList-Request             RejectList-Response             REJEC
  SubscribeGroupNotice-Request   SubscribeGroupNotice-Response   SUBGCN
  `,
);

section(
  'server',
  `
  Disconnect                     -
  SystemMessage-Request          Status                          -             1.3
  Notification-Request           Status                          -             1.3
  InviteUser-Request             Status                          INVIT
  Invite-Response                Status                          INVIT
  CancelInviteUser-Request       Status                          CAINV
  PresenceNotification-Request   Status                          MP
  PresenceAuth-Request           Status                          REACT
  MessageNotification            Status                          NOTIF
  NewMessage                     MessageDelivered                NEWM
  DeliveryReport-Request         Status                          MDELIV
  LeaveGroup-Response            Status                          MG
  GroupChangeNotice              Status                          GRCHN
  `,
);

section('both', 'Extended-Request Extended-Response - 1.2');

section(
  'reply',
  `
  Status
  Login-Response
  KeepAlive-Response
  Service-Response
  ClientCapability-Response
  GetSPInfo-Response
  GetMap-Response                -  -  1.3
  GetSegment-Response            -  -  1.3
  Search-Response
  GetPublicProfile-Response      -  -  1.3
  GetList-Response
  CreateList-Response            -  -  1.3
  ListManage-Response
  GetAttributeList-Response
  GetWatcherList-Response
  GetPresence-Response
  GetReactiveAuthStatus-Response -  -  1.2
  SendMessage-Response
  GetMessageList-Response
  GetMessage-Response
  ForwardMessage-Response        -  -  1.3
  GetBlockedList-Response
  ExtendConversation-Response    -  -  1.3
  JoinGroup-Response
  GetGroupMembers-Response
  GetJoinedUsers-Response        -  -  1.2
  GetGroupProps-Response
  RejectList-Response
  SubscribeGroupNotice-Response
  Extended-Response              -  -  1.2
  `,
);

export const PRIMITIVES: ReadonlyMap<string, PrimitiveRow> = new Map(rows.map((entry) => [entry.name, entry]));

/** The name as a log may hold it: one that the protocol does not know is the sender's own words, and becomes `other`. */
export function loggedName(primitive: string): string {
  return PRIMITIVES.has(primitive) ? primitive : 'other';
}

/**
 * Whether a VASP opens a transaction with this primitive. LeaveGroup-Response does only in mode Request; the others do
 * whatever their mode says (COMPAT Baraza, InterVillage: a polled primitive may come as a Response [P17]).
 */
export function isServerOriginated(name: string, mode: 'Request' | 'Response'): boolean {
  const opens = PRIMITIVES.get(name)?.opens;
  if (name === 'LeaveGroup-Response' || opens === 'both') return mode === 'Request';
  return opens === 'server';
}
