/**
 * The tag code pages of CSP 1.1 to 1.3 as data: which token stands for which element, since when, until when. Names stand
 * in the order of their tokens, so a run needs only its first token. What is not regular (removed, renamed, misspelt by
 * somebody) is listed by name in {@link TAG_EXCEPTIONS}. Lookup tables are made of this in `tokens.ts`.
 */
import type { CspVersion } from '../versions.ts';

/** Elements with consecutive tokens, all of the same first version. */
export interface TagRun {
  readonly page: number;
  readonly firstToken: number;
  readonly since: CspVersion;
  readonly names: readonly string[];
}

export interface TagException {
  readonly page: number;
  readonly token: number;
  /** As in its run; here only so that the table can be read. */
  readonly name: string;
  /** The first version that no longer has it. */
  readonly removed?: CspVersion;
  /** The sources disagree about the removal: the element is accepted all the same. */
  readonly removedDisputed?: true;
  /** The name that the token has in other versions. */
  readonly aliases?: Readonly<Partial<Record<CspVersion, string>>>;
  /** The aliases are unrelated elements, not other names of the same one. */
  readonly reused?: true;
  /** Met in other implementations: understood when encoding, never produced. */
  readonly variantSpellings?: readonly string[];
  /** Understood, never written: another page has the same element. */
  readonly decodeOnly?: true;
}

const run =
  (page: number, firstToken: number, since: CspVersion) =>
  ([names = '']: TemplateStringsArray): TagRun => ({ page, firstToken, since, names: names.trim().split(/\s+/) });

export const TAG_RUNS: readonly TagRun[] = [
  // Page 0: Common
  run(0, 0x05, '1.1')`
    Acceptance AddList AddNickList SName WV-CSP-Message ClientID Code ContactList ContentData ContentEncoding
    ContentSize ContentType DateTime Description DetailedResult EntityList Group GroupID GroupList InUse Logo
    MessageCount MessageID MessageURI MSISDN Name NickList NickName Poll Presence PresenceSubList PresenceValue
    Property Qualifier Recipient RemoveList RemoveNickList Result ScreenName Sender Session SessionDescriptor
    SessionID SessionType Status Transaction TransactionContent TransactionDescriptor TransactionID TransactionMode
    URL URLList User UserID UserList Validity Value
  `,
  // Page 1: Access
  run(1, 0x05, '1.1')`
    AllFunctions AllFunctionsRequest CancelInvite-Request CancelInviteUser-Request Capability CapabilityList
    CapabilityRequest ClientCapability-Request ClientCapability-Response DigestBytes DigestSchema Disconnect Functions
    GetSPInfo-Request GetSPInfo-Response InviteID InviteNote Invite-Request Invite-Response InviteType
    InviteUser-Request InviteUser-Response KeepAlive-Request KeepAliveTime Login-Request Login-Response Logout-Request
    Nonce Password Polling-Request ResponseNote SearchElement SearchFindings SearchID SearchIndex SearchLimit
    KeepAlive-Response SearchPairList Search-Request Search-Response SearchResult Service-Request Service-Response
    SessionCookie StopSearch-Request TimeToLive SearchString CompletionFlag
  `,
  run(1, 0x36, '1.2')`
    ReceiveList VerifyID-Request Extended-Request Extended-Response AgreedCapabilityList ExtendedData OtherServer
    PresenceAttributeNSName SessionNSName TransactionNSName
  `,
  // Page 2: Service negotiation
  run(2, 0x05, '1.1')`
    ADDGM AttListFunc BLENT CAAUT CAINV CALI CCLI ContListFunc CREAG DALI DCLI DELGR FundamentalFeat FWMSG GALS GCLI
    GETGM GETGP GETLM GETM GETPR GETSPI GETWL GLBLU GRCHN GroupAuthFunc GroupFeat GroupMgmtFunc GroupUseFunc
    IMAuthFunc IMFeat IMReceiveFunc IMSendFunc INVIT InviteFunc MBRAC MCLS MDELIV NEWM NOTIF PresenceAuthFunc
    PresenceDeliverFunc PresenceFeat REACT REJCM REJEC RMVGM SearchFunc ServiceFunc SETD SETGP SRCH STSRC SUBGCN UPDPR
    WVCSPFeat
  `,
  run(2, 0x3d, '1.2')`
    MF MG MM
  `,
  // Page 3: Client capability
  run(3, 0x05, '1.1')`
    AcceptedCharset AcceptedContentLength AcceptedContentType AcceptedTransferEncoding AnyContent DefaultLanguage
    InitialDeliveryMethod MultiTrans ParserSize ServerPollMin SupportedBearer SupportedCIRMethod TCPAddress TCPPort
    UDPPort
  `,
  run(3, 0x14, '1.2')`
    CIRHTTPAddress
  `,
  run(3, 0x15, '1.3')`
    UDPAddress AcceptedPullLength AcceptedPushLength AcceptedRichContentLength AcceptedTextContentLength
    OfflineETEMHandling PlainTextCharset SessionPriority SupportedOfflineBearer
  `,
  run(3, 0x1f, '1.3')`
    UserSessionLimit CIRSMSAddress MultiTransPerMessage OnlineETEMHandling ContentPolicy ContentPolicyLimit
  `,
  // Page 4: Presence primitives
  run(4, 0x05, '1.1')`
    CancelAuth-Request ContactListProperties CreateAttributeList-Request CreateList-Request DefaultAttributeList
    DefaultContactList DefaultList DeleteAttributeList-Request DeleteList-Request GetAttributeList-Request
    GetAttributeList-Response GetList-Request GetList-Response GetPresence-Request GetPresence-Response
    GetWatcherList-Request GetWatcherList-Response ListManage-Request ListManage-Response UnsubscribePresence-Request
    PresenceAuth-Request PresenceAuth-User PresenceNotification-Request UpdatePresence-Request
    SubscribePresence-Request
  `,
  run(4, 0x1e, '1.2')`
    AutoSubscribe GetReactiveAuthStatus-Request GetReactiveAuthStatus-Response
  `,
  run(4, 0x21, '1.3')`
    CreateList-Response
  `,
  // Page 5: Presence attributes
  run(5, 0x05, '1.1')`
    Accuracy Address AddrPref Alias Altitude Building Caddr City ClientInfo ClientProducer ClientType ClientVersion
    CommC CommCap ContactInfo ContainedvCard Country Crossing1 Crossing2 DevManufacturer DirectContent
    FreeTextLocation GeoLocation Language Latitude Longitude Model NamedArea OnlineStatus PLMN PrefC PreferredContacts
    PreferredLanguage ReferredContent ReferredvCard Registration StatusContent StatusMood StatusText Street TimeZone
    UserAvailability Cap Cname Contact Cpriority Cstatus Note Zone
  `,
  run(5, 0x36, '1.2')`
    ContentType Inf_link InfoLink Link Text
  `,
  run(5, 0x3b, '1.3')`
    ClientContentLimit ClientIMPriority MaxPullLength MaxPushLength
  `,
  // Page 6: Messaging
  run(6, 0x05, '1.1')`
    BlockList BlockEntity-Request DeliveryMethod DeliveryReport DeliveryReport-Request ForwardMessage-Request
    GetBlockedList-Request GetBlockedList-Response GetMessageList-Request GetMessageList-Response GetMessage-Request
    GetMessage-Response GrantList MessageDelivered MessageInfo MessageNotification NewMessage RejectMessage-Request
    SendMessage-Request SendMessage-Response SetDeliveryMethod-Request DeliveryTime
  `,
  run(6, 0x20, '1.3')`
    MessageInfoList ForwardMessage-Response
  `,
  // Page 7: Group
  run(7, 0x05, '1.1')`
    AddGroupMembers-Request Admin CreateGroup-Request DeleteGroup-Request GetGroupMembers-Request
    GetGroupMembers-Response GetGroupProps-Request GetGroupProps-Response GroupChangeNotice GroupProperties Joined
    JoinedRequest JoinGroup-Request JoinGroup-Response LeaveGroup-Request LeaveGroup-Response Left
    MemberAccess-Request Mod OwnProperties RejectList-Request RejectList-Response RemoveGroupMembers-Request
    SetGroupProps-Request SubscribeGroupNotice-Request SubscribeGroupNotice-Response Users WelcomeNote JoinGroup
    SubscribeNotification SubscribeType
  `,
  run(7, 0x24, '1.2')`
    GetJoinedUsers-Request GetJoinedUsers-Response AdminMapList AdminMapping Mapping ModMapping UserMapList
    UserMapping
  `,
  run(7, 0x2c, '1.3')`
    JoinedBlocked LeftBlocked
  `,
  // Page 8: Service negotiation, continued
  run(8, 0x05, '1.2')`
    MP GETAUT GETJU VRID VerifyIDFunc
  `,
  run(8, 0x0a, '1.3')`
    GETMAP SGMNT EXCON OFFNOTIF ADVSR
  `,
  // Page 9: Common, continued
  run(9, 0x05, '1.2')`
    CIR Domain ExtBlock HistoryPeriod IDList MaxWatcherList
  `,
  run(9, 0x0b, '1.3')`
    AnswerOptionText
  `,
  run(9, 0x0c, '1.2')`
    ReactiveAuthStatus ReactiveAuthStatusList Watcher WatcherStatus
  `,
  run(9, 0x10, '1.3')`
    Font Size Style Color ContentName Map NotificationType NotificationTypeList FriendlyName ClearPublicProfile
    PublicProfile AnswerOption AnswerOptionID AnswerOptions ApplicationID AuthorizeAndGrant ChosenOptionID
    ContactListNotify DefaultNotify ExtendConversationUser InText SegmentCount SegmentID SegmentInfo SegmentReference
    SystemMessage SystemMessageID SystemMessageList SystemMessageResponse SystemMessageResponseList
  `,
  run(9, 0x2f, '1.3')`
    SystemMessageText TryAgainTimeout UserNotify VerificationKey VerificationMechanism GetMap-Request GetMap-Response
    ExtendConversationID WatcherCount RequiresResponse ExtBlockETEM GroupContentLimit MessageTotalCount
    UnrecognizedUserID UserIDPair ValidUserID UserIDList
  `,
  // Page 10: Access, continued
  run(10, 0x05, '1.2')`
    WV-CSP-VersionDiscovery-Request WV-CSP-VersionDiscovery-Response VersionList
  `,
  run(10, 0x08, '1.3')`
    SubscribeNotification-Request UnsubscribeNotification-Request Notification-Request AdvancedCriteria PairID
    GetPublicProfile-Request GetPublicProfile-Response UpdatePublicProfile-Request DropSegment-Request
    ExtendConversation-Response ExtendConversation-Request GetSegment-Request GetSegment-Response
    SystemMessage-Request SystemMessage-User SearchPair SegmentContent
  `,
  // Page 11: Common, continued (2)
  run(11, 0x05, '1.3')`
    GrantListInUse BlockListInUse ContactListIDList AnswerOptionsText
  `,
];

export const TAG_EXCEPTIONS: readonly TagException[] = [
  { page: 0, token: 0x18, name: 'InUse', removed: '1.3', removedDisputed: true },
  { page: 1, token: 0x09, name: 'Capability', removed: '1.3' },
  { page: 1, token: 0x29, name: 'KeepAlive-Response', variantSpellings: ['KeepAliveResponse'] },
  { page: 1, token: 0x3b, name: 'ExtendedData', variantSpellings: ['Extended-Data'] },
  { page: 2, token: 0x06, name: 'AttListFunc', removed: '1.3' },
  { page: 2, token: 0x08, name: 'CAAUT', removed: '1.3' },
  { page: 2, token: 0x0a, name: 'CALI', removed: '1.3' },
  { page: 2, token: 0x0e, name: 'DALI', removed: '1.3', removedDisputed: true },
  { page: 2, token: 0x13, name: 'GALS', removed: '1.3' },
  { page: 2, token: 0x30, name: 'REACT', removed: '1.3' },
  { page: 3, token: 0x05, name: 'AcceptedCharset', removed: '1.3', variantSpellings: ['AcceptedCharSet'] },
  { page: 3, token: 0x06, name: 'AcceptedContentLength', removed: '1.3', removedDisputed: true },
  { page: 3, token: 0x14, name: 'CIRHTTPAddress', aliases: { '1.2': 'CIRURL' } },
  { page: 4, token: 0x05, name: 'CancelAuth-Request', removed: '1.3' },
  { page: 4, token: 0x19, name: 'PresenceAuth-Request', removed: '1.3', removedDisputed: true },
  { page: 4, token: 0x1a, name: 'PresenceAuth-User', removed: '1.3', removedDisputed: true },
  { page: 4, token: 0x1e, name: 'AutoSubscribe', removed: '1.3', variantSpellings: ['Auto-Subscribe'] },
  { page: 4, token: 0x1f, name: 'GetReactiveAuthStatus-Request', removed: '1.3' },
  { page: 4, token: 0x20, name: 'GetReactiveAuthStatus-Response', removed: '1.3' },
  { page: 5, token: 0x26, name: 'ReferredContent', variantSpellings: ['PreferredContent'] },
  { page: 5, token: 0x27, name: 'ReferredvCard', variantSpellings: ['PreferredvCard'] },
  { page: 5, token: 0x30, name: 'Cname', variantSpellings: ['CName'] },
  { page: 5, token: 0x36, name: 'ContentType', decodeOnly: true },
  { page: 6, token: 0x06, name: 'BlockEntity-Request', aliases: { '1.1': 'BlockUser-Request' } },
  { page: 7, token: 0x1f, name: 'Users', removed: '1.3' },
  { page: 9, token: 0x0b, name: 'AnswerOptionText', aliases: { '1.2': 'ReactiveAuthState' }, reused: true },
  { page: 9, token: 0x0c, name: 'ReactiveAuthStatus', removed: '1.3' },
  { page: 9, token: 0x0d, name: 'ReactiveAuthStatusList', removed: '1.3' },
  { page: 10, token: 0x05, name: 'WV-CSP-VersionDiscovery-Request', variantSpellings: ['WV-CSP-NSDiscovery-Request'] },
  {
    page: 10,
    token: 0x06,
    name: 'WV-CSP-VersionDiscovery-Response',
    variantSpellings: ['WV-CSP-NSDiscovery-Response'],
  },
];
