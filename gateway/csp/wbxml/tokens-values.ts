/**
 * Everything of the token tables that is not a tag: the values that EXT_T_0 stands for, the namespace prefixes that start
 * an attribute, the public identifiers, and the elements whose content is no plain text. Data only; `tokens.ts` makes
 * lookup tables of it.
 */
import type { CspVersion } from '../versions.ts';

/**
 * Where a value token is written: `access` on tag pages 1, 3 and 10, `presence` on pages 4 and 5 and in PresenceValue,
 * `any` everywhere. Read, a token is understood wherever it stands.
 */
export type ValueContext = 'access' | 'presence' | 'any';

/** Values with consecutive tokens, all of the same versions and context. */
export interface ValueRun {
  readonly firstToken: number;
  readonly since: CspVersion;
  /** The first version that no longer has them. */
  readonly removed?: CspVersion;
  readonly context: ValueContext;
  readonly values: readonly string[];
}

const run =
  (firstToken: number, since: CspVersion, context: ValueContext, removed?: CspVersion) =>
  ([values = '']: TemplateStringsArray): ValueRun => ({
    firstToken,
    since,
    context,
    values: values.trim().split(/\s+/),
    ...(removed === undefined ? {} : { removed }),
  });

export const VALUE_RUNS: readonly ValueRun[] = [
  run(0x00, '1.1', 'any')`
    AccessType ActiveUsers Admin application/ application/vnd.wap.mms-message application/x-sms AutoJoin BASE64 Closed
    Default DisplayName F G GR http:// https:// image/ Inband IM MaxActiveUsers Mod Name None N Open Outband PR
    Private PrivateMessaging PrivilegeLevel Public P Request Response Restricted ScreenName Searchable S SC text/
    text/plain text/x-vCalendar text/x-vCard Topic T Type U US www.wireless-village.org
  `,
  run(0x31, '1.2', 'any')`AutoDelete GM Validity DENIED GRANTED PENDING ShowID`,
  run(0x38, '1.3', 'any')`RequireInvitation Tiny PPU SPA ANC`,
  run(0x3d, '1.1', 'access')`
    GROUP_ID GROUP_NAME GROUP_TOPIC GROUP_USER_ID_JOINED GROUP_USER_ID_OWNER HTTP SMS STCP SUDP USER_ALIAS
    USER_EMAIL_ADDRESS USER_FIRST_NAME USER_ID USER_LAST_NAME USER_MOBILE_NUMBER USER_ONLINE_STATUS WAPSMS WAPUDP WSP
  `,
  run(0x50, '1.2', 'access')`GROUP_USER_ID_AUTOJOIN`,
  run(0x51, '1.3', 'any')`AND AC BLC BLUC CLCR CLD GC GD GLC ANU`,
  run(0x5b, '1.1', 'presence')`ANGRY ANXIOUS ASHAMED`,
  run(0x5e, '1.1', 'presence', '1.3')`AUDIO_CALL`,
  run(0x5f, '1.1', 'presence')`AVAILABLE BORED CALL CLI COMPUTER DISCREET EMAIL EXCITED HAPPY`,
  run(0x68, '1.3', 'any')`AP`,
  run(0x69, '1.1', 'presence', '1.3')`IM_OFFLINE IM_ONLINE`,
  run(0x6b, '1.1', 'presence')`
    IN_LOVE INVINCIBLE JEALOUS MMS MOBILE_PHONE NOT_AVAILABLE OTHER PDA SAD SLEEPY SMS
  `,
  run(0x76, '1.1', 'presence', '1.3')`VIDEO_CALL VIDEO_STREAM`,
  run(0x78, '1.3', 'any')`
    www.openmobilealliance.org Small Medium Big Huge Bold Italic Underline Black Silver Gray White Maroon Red Purple
    Fuchsia Green Lime Olive Yellow Navy Blue Teal Aqua ATCL CLC
  `,
  run(0x93, '1.3', 'access')`
    USER_CITY USER_COUNTRY USER_FRIENDLY_NAME USER_GENDER USER_INTENTION USER_INTERESTS_HOBBIES USER_MARITAL_STATUS
    PRIORITYREJECT PRIORITYSTORE REJECT SENDREJECT SENDSTORE
  `,
  run(0x9f, '1.3', 'any')`IR EC GLUC IA IC`,
  run(0xa4, '1.2', 'access')`SSMS SHTTP`,
  run(0xa6, '1.3', 'any')`DoNotNotify GMAU GMG GMR GMU DETECT FORKALL OEU SERVERLOGIC`,
  run(0xaf, '1.3', 'access')`
    PP_AGE PP_CITY PP_COUNTRY PP_FRIENDLY_NAME PP_FREE_TEXT PP_GENDER PP_INTENTION PP_INTERESTS PP_MARITAL_STATUS
    USER_AGE_MAX USER_AGE_MIN
  `,
  run(0xba, '1.3', 'any')`
    EG MinimumAge C CURRENT_SUBSCRIBER FORMER_SUBSCRIBER PRESENCE_ACCESS R
  `,
];

/** A number that stands for another value in some versions, or away from the pages of its context. */
export interface ValueException {
  readonly token: number;
  readonly value: string;
  readonly versions: readonly CspVersion[];
  /** Absent: everywhere, in place of the value of the run. */
  readonly outsideContext?: ValueContext;
}

export const VALUE_EXCEPTIONS: readonly ValueException[] = [
  { token: 0x3d, value: 'History', versions: ['1.3'], outsideContext: 'access' },
  { token: 0x68, value: 'IM', versions: ['1.1', '1.2'] },
];

/** An attribute start token is xmlns and the beginning of its value; the version digits follow as a string. */
export interface NamespaceToken {
  readonly token: number;
  readonly valuePrefix: string;
  readonly since: CspVersion;
}

export const NAMESPACE_TOKENS: readonly NamespaceToken[] = [
  { token: 0x05, valuePrefix: 'http://www.wireless-village.org/CSP', since: '1.1' },
  { token: 0x06, valuePrefix: 'http://www.wireless-village.org/PA', since: '1.1' },
  { token: 0x07, valuePrefix: 'http://www.wireless-village.org/TRC', since: '1.1' },
  { token: 0x08, valuePrefix: 'http://www.openmobilealliance.org/DTD/WV-CSP', since: '1.2' },
  { token: 0x09, valuePrefix: 'http://www.openmobilealliance.org/DTD/WV-PA', since: '1.2' },
  { token: 0x0a, valuePrefix: 'http://www.openmobilealliance.org/DTD/WV-TRC', since: '1.2' },
  { token: 0x0b, valuePrefix: 'http://www.openmobilealliance.org/DTD/IMPS-CSP', since: '1.3' },
  { token: 0x0c, valuePrefix: 'http://www.openmobilealliance.org/DTD/IMPS-PA', since: '1.3' },
  { token: 0x0d, valuePrefix: 'http://www.openmobilealliance.org/DTD/IMPS-TRC', since: '1.3' },
];

/** The public identifier in the header. It decides nothing when there is a namespace; 0x01 says nothing at all. */
export const PUBLIC_ID_TOKENS: Readonly<Record<CspVersion, number>> = { '1.1': 0x10, '1.2': 0x11, '1.3': 0x12 };

const names = ([list = '']: TemplateStringsArray): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Written as big-endian octets, at most four; read from octets or decimal text. */
export const INTEGER_ELEMENTS = names`
  Code ContentSize MessageCount Validity KeepAliveTime TimeToLive SearchFindings SearchID SearchIndex SearchLimit
  AcceptedCharset AcceptedContentLength MultiTrans ParserSize ServerPollMin TCPPort UDPPort HistoryPeriod
  MaxWatcherList AcceptedPullLength AcceptedPushLength AcceptedRichContentLength AcceptedTextContentLength
  PlainTextCharset SessionPriority UserSessionLimit MultiTransPerMessage ContentPolicyLimit ClientIMPriority
  MaxPullLength MaxPushLength SegmentCount SegmentReference TryAgainTimeout GroupContentLimit MessageTotalCount
  PairID AnswerOptionID ChosenOptionID WatcherCount
`;

/** libwbxml puts these in octets too: read as integers when they come so, written as text. */
export const INTEGER_WHEN_OPAQUE = names`Accuracy Altitude Cpriority`;

/** T or F, always written as value tokens: Symbian clients ignore booleans in text [P12]. */
export const BOOLEAN_ELEMENTS = names`
  Acceptance AllFunctionsRequest AnyContent AuthorizeAndGrant AutoSubscribe BlockListInUse CIR CapabilityRequest
  ClearPublicProfile CompletionFlag ContactListNotify DefaultList DefaultNotify DeliveryReport GrantListInUse InUse
  JoinGroup JoinedRequest Poll Qualifier ReceiveList RequiresResponse SubscribeNotification UserNotify
`;

/** Written as ISO 8601 text; read from text or six packed octets. */
export const DATE_TIME_ELEMENTS = names`DateTime DeliveryTime`;

/** Octets whose spelling in XML depends on ContentEncoding. */
export const BINARY_ELEMENTS = names`ContentData`;
