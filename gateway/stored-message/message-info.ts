/**
 * What a MessageInfo says to one who gets it [P4.4]: built anew from the sender's, child by child in the order of the content
 * model of the reader's version. What that version does not have is left out, at every depth: a client that cannot read one
 * element loses the whole message, and with it the acknowledgement [P12].
 */
import { dateTime } from '../csp/date-time.ts';
import { child, childInteger, children, childText, type Element, element } from '../csp/element.ts';
import type { CspVersion } from '../csp/versions.ts';
import type { MessageEnvelope, StoredMessage } from '../mailbox-ports.ts';
import { mailMessageId } from './ids.ts';

/** What an element may hold: `text`, `anything`, or children in this order, each once or, with a star, as often as it comes. */
type Shape = 'text' | 'anything' | Children;
type Children = readonly (readonly [name: string, shape: Shape])[];

const CLIENT_ID: Shape = [
  ['URL', 'text'],
  ['MSISDN', 'text'],
];

const GROUP: Shape = [
  ['GroupID', 'text'],
  [
    'ScreenName',
    [
      ['SName', 'text'],
      ['GroupID', 'text'],
    ],
  ],
];

const USER: Shape = [
  ['UserID', 'text'],
  ['ClientID', CLIENT_ID],
];

const USER_1_3: Shape = [
  ['UserID', 'text'],
  ['FriendlyName', 'text'],
  ['ClientID', CLIENT_ID],
  ['ApplicationID', 'text'],
];

const FONT: Shape = [
  ['Size', 'text'],
  ['Style*', 'text'],
  ['Color', 'text'],
];

function parties(user: Shape): Children {
  return [
    [
      'Recipient',
      [
        ['User*', user],
        ['Group*', GROUP],
        ['ContactList*', 'text'],
      ],
    ],
    [
      'Sender',
      [
        ['User', user],
        ['Group', GROUP],
      ],
    ],
    ['DateTime', 'text'],
  ];
}

const CONTENT: Children = [
  ['MessageID', 'text'],
  ['MessageURI', 'text'],
  ['ContentType', 'text'],
  ['ContentEncoding', 'text'],
  ['ContentSize', 'text'],
];

const UNTIL_1_2: Shape = [...CONTENT, ...parties(USER), ['Validity', 'text']];

const MESSAGE_INFO: Readonly<Record<CspVersion, Shape>> = {
  '1.1': UNTIL_1_2,
  '1.2': UNTIL_1_2,
  '1.3': [
    ...CONTENT,
    ['ContentName', 'text'],
    ...parties(USER_1_3),
    ['Font', FONT],
    ['Validity', 'text'],
    ['ExtBlockETEM*', 'anything'],
  ],
};

const DEFAULT_CONTENT_TYPE = 'text/plain';
/** More has no place in WBXML. */
const LARGEST_INTEGER = 2 ** 32 - 1;

/**
 * The MessageInfo that a recipient is shown. Validity is what is left, in whole seconds; a message whose sender did not
 * say when it was sent shows when it was kept.
 */
export function messageInfoFor(
  { info }: Pick<MessageEnvelope, 'info'>,
  kept: Pick<StoredMessage, 'id' | 'expiresAt' | 'storedAt' | 'bytes'>,
  version: CspVersion,
  now: number,
): Element {
  const left = Math.max(0, Math.ceil((kept.expiresAt - now) / 1000));
  return shaped(version, info, {
    MessageID: mailMessageId(kept.id),
    ContentType: contentType(info),
    ContentSize: contentSize(info, kept.bytes),
    DateTime: childText(info, 'DateTime') || dateTime(kept.storedAt),
    Validity: left,
  });
}

/**
 * The MessageInfo of a delivery report: the message under the id that its sender knows, with Sender and Recipient as the
 * sender wrote them, because clients find the conversation by the party that the message was sent to [P4.4].
 */
export function reportedInfo({ info, sentId }: Pick<MessageEnvelope, 'info' | 'sentId'>, version: CspVersion): Element {
  return shaped(version, info, {
    MessageID: sentId,
    ContentType: contentType(info),
    ContentSize: Math.min(childInteger(info, 'ContentSize') ?? 0, LARGEST_INTEGER),
    DateTime: childText(info, 'DateTime') || undefined,
    Validity: undefined,
  });
}

/** Whether content is spelled in BASE64. */
export function isBase64(info: Element): boolean {
  return childText(info, 'ContentEncoding')?.toUpperCase() === 'BASE64';
}

/** Some servers hang on a message without it [P4.4]. */
function contentType(info: Element): string {
  return childText(info, 'ContentType') || DEFAULT_CONTENT_TYPE;
}

/**
 * In bytes: of a text as it is, whatever the sender counted [P4.4]. Whether BASE64 is counted as octets or as text no source
 * says, so there the sender is believed.
 */
function contentSize(info: Element, bytes: number): number {
  const said = isBase64(info) ? childInteger(info, 'ContentSize') : undefined;
  return said === undefined || said > bytes ? bytes : said;
}

type Said = Readonly<Record<string, string | number | undefined>>;

/** The sender's MessageInfo in the shape of a version, with some texts in the place of the sender's. */
function shaped(version: CspVersion, info: Element, said: Said): Element {
  const texts = Object.entries(said).flatMap(([name, text]) => (text === undefined ? [] : [element(name, text)]));
  const kept = info.children.filter(({ name }) => !Object.hasOwn(said, name));
  return inShape(element('MessageInfo', [...texts, ...kept]), MESSAGE_INFO[version]);
}

function inShape(original: Element, shape: Shape): Element {
  const { name, text } = original;
  if (shape === 'anything') return original;
  if (shape === 'text') return element(name, text);
  return element(
    name,
    shape.flatMap(([key, of]) => {
      const found = key.endsWith('*') ? children(original, key.slice(0, -1)) : [child(original, key)];
      return found.flatMap((part) => (part === undefined ? [] : [inShape(part, of)]));
    }),
  );
}
