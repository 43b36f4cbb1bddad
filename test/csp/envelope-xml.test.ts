import { describe, expect, test } from '@jest/globals';
import { type Envelope, type ScanOptions, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../gateway/csp/limits.ts';
import { NAMESPACES } from '../../gateway/csp/versions.ts';
import { CSP12, TRC12, xml } from './envelope-samples.ts';

const scan = (text: string | Buffer, options?: ScanOptions): Envelope =>
  scanEnvelope(Buffer.from(text as string), 'xml', options);

function faultOf(text: string | Buffer, options?: ScanOptions): CspError {
  try {
    scan(text, options);
  } catch (error) {
    if (error instanceof CspError) return error;
    throw error;
  }
  throw new Error('the scan accepted the message');
}

const MODE = '<TransactionMode>Request</TransactionMode>';
const ID = '<TransactionID>7</TransactionID>';
const TYPE = '<SessionType>Inband</SessionType>';
const SID = '<SessionID>s1</SessionID>';
const primitive = (inner: string): string => xml({ content: `<X-Request>${inner}</X-Request>` });
const transaction = (descriptor: string, content = '<Polling-Request/>'): string =>
  `<Transaction><TransactionDescriptor>${descriptor}</TransactionDescriptor><TransactionContent>${content}</TransactionContent></Transaction>`;
const answer = (result: string): string => xml({ content: `<Status>${result}</Status>` });
const nested = (count: number): string => '<a>'.repeat(count) + '</a>'.repeat(count);
const DOCTYPE = '<!DOCTYPE WV-CSP-Message PUBLIC "-//OMA//DTD WV-CSP 1.1//EN" "http://x/WV-CSP.XML">';

/** Accepted in strict mode; the last column is what must be found, beside session s1 and transaction 7. */
const ACCEPTED: readonly [
  string,
  string,
  Partial<Record<'sessionId' | 'id' | 'version' | 'mode' | 'primitive', string>>?,
][] = [
  ['the plain message', xml(), { version: '1.2', primitive: 'KeepAlive-Request', mode: 'Request' }],
  ['no declaration', xml({ before: '' })],
  ['a byte-order mark', `\ufeff${xml()}`],
  ['a byte-order mark without declaration', `\ufeff${xml({ before: '' })}`],
  ['a declaration in single quotes', xml({ before: "<?xml version='1.0' encoding='UTF-8'?>" })],
  ['a declaration with blanks', xml({ before: '<?xml  version = "1.0"\tencoding\n=\r"UTF-8" ?>' })],
  ['the encoding in small letters', xml({ before: '<?xml version="1.0" encoding="utf-8"?>' })],
  ['standalone yes', xml({ before: '<?xml version="1.0" standalone="yes"?>' })],
  ['standalone no after the encoding', xml({ before: '<?xml version="1.0" encoding="UTF-8" standalone=\'no\'?>' })],
  ['blanks after the declaration', xml({ before: '<?xml version="1.0"?>\r\n\t  ' })],
  ['blanks before the root', xml({ before: ' \n' })],
  ['a comment before the root', xml({ before: '<!-- hello -->' })],
  ['an empty comment', xml({ before: '<!---->' })],
  ['a comment with a hyphen', xml({ before: '<!-- a-b - c -->' })],
  ['a comment with markup in it', xml({ before: '<!-- <SessionID>s2</SessionID> & ]]> -->' })],
  ['a comment after the root', xml({ after: '<!-- bye -->' })],
  ['blanks after the root', xml({ after: ' \r\n\t' })],
  ['an instruction in the prologue', xml({ before: '<?xml version="1.0"?><?style href="a"?>' })],
  ['an instruction without content', xml({ before: '<?go?>' })],
  ['an instruction with a question mark in it', xml({ before: '<?go a?b ??>' })],
  ['a DOCTYPE with a public id', xml({ before: DOCTYPE })],
  [
    'a DOCTYPE in single quotes',
    xml({ before: "<!DOCTYPE WV-CSP-Message PUBLIC '-//OMA//DTD WV-CSP 1.1//EN' 'x\"y'>" }),
  ],
  ['a DOCTYPE with a system id', xml({ before: '<!DOCTYPE WV-CSP-Message SYSTEM "http://x/?a=[b]>">' })],
  ['a DOCTYPE without ids', xml({ before: '<!DOCTYPE WV-CSP-Message>' })],
  ['a DOCTYPE with a blank before its end', xml({ before: '<!DOCTYPE WV-CSP-Message >' })],
  ['a DOCTYPE of another name', xml({ before: '<!DOCTYPE other SYSTEM "x">' })],
  ['comments around the DOCTYPE', xml({ before: `<!--a-->${DOCTYPE}<!--b-->` })],
  ['the namespace over the public id', xml({ before: DOCTYPE }), { version: '1.2' }],
  ['version by public id of 1.1', xml({ root: '', before: DOCTYPE }), { version: '1.1' }],
  [
    'version by public id of 1.3',
    xml({ root: '', before: DOCTYPE.replace('WV-CSP 1.1', 'IMPS-CSP 1.3') }),
    { version: '1.3' },
  ],
  ['version of an unknown public id', xml({ root: '', before: DOCTYPE.replace('1.1', '9.9') }), { version: '1.2' }],
  ['no version at all', xml({ root: '' }), { version: '1.2' }],
  ['version 1.1', xml({ root: ` xmlns="${NAMESPACES['1.1'].csp}"` }), { version: '1.1' }],
  ['version 1.3', xml({ root: ` xmlns="${NAMESPACES['1.3'].csp}"` }), { version: '1.3' }],
  ['a namespace with a reference', xml({ root: ` xmlns="${CSP12.replace('.org', '&#46;org')}"` }), { version: '1.2' }],
  ['a namespace in single quotes', xml({ root: ` xmlns='${CSP12}'` }), { version: '1.2' }],
  [
    'other attributes on the root',
    xml({ root: ` xmlns:xsd="http://x" xmlns="${CSP12}" xmlns:xsi="http://y"` }),
    { version: '1.2' },
  ],
  ['blanks around an equals sign', xml({ root: `\n xmlns\t=\r"${CSP12}"\n` }), { version: '1.2' }],
  ['an attribute with > in it', xml({ root: ` a=">" xmlns="${CSP12}"` })],
  ['an attribute with the other quote', xml({ root: ` a="'" b='"'` })],
  ['an attribute with references', xml({ root: ' a="&lt;&amp;&quot;&apos;&gt;&#9;&#x10FFFF;"' })],
  ['an attribute with ]]>', xml({ root: ' a="]]>"' })],
  ['an empty attribute', xml({ root: ' a=""' })],
  ['an attribute with line breaks', xml({ root: ' a="1\n2\t3\r"' })],
  ['an attribute beyond ASCII', xml({ root: ' größe="ü𝄞"' })],
  ['as many attributes as allowed', xml({ root: Array.from({ length: 32 }, (_, i) => ` a${i}="x"`).join('') })],
  [
    'attributes that are not xmlns on the envelope',
    xml({ transaction: transaction(MODE + ID).replace('<Transaction>', '<Transaction n="1">') }),
  ],
  ['xmlns on the primitive', xml({ content: `<Polling-Request xmlns="${TRC12}"/>` }), { primitive: 'Polling-Request' }],
  ['blanks everywhere', xml().replaceAll('><', '>\r\n\t <')],
  ['blanks inside the tags', xml().replace('<Session>', '<Session \n>').replaceAll('</SessionID>', '</SessionID\t>')],
  [
    'comments between the elements',
    xml().replace('?>', '? >').replace('? >', '?>').replaceAll('><Session', '><!--c--><Session'),
  ],
  ['an empty primitive', xml({ content: '<Polling-Request/>' }), { primitive: 'Polling-Request' }],
  ['an empty primitive with a blank', xml({ content: '<Polling-Request />' }), { primitive: 'Polling-Request' }],
  [
    'an empty primitive with an end tag',
    xml({ content: '<Polling-Request></Polling-Request>' }),
    { primitive: 'Polling-Request' },
  ],
  ['a primitive that nobody knows', xml({ content: '<Registration-Request/>' }), { primitive: 'Registration-Request' }],
  ['a primitive beyond ASCII', xml({ content: '<Übung/>' }), { primitive: 'Übung' }],
  [
    'mode Response',
    xml({ transactionDescriptor: `<TransactionMode>Response</TransactionMode>${ID}` }),
    { mode: 'Response' },
  ],
  [
    'mode in references',
    xml({ transactionDescriptor: `<TransactionMode>&#82;equest</TransactionMode>${ID}` }),
    { mode: 'Request' },
  ],
  ['id before mode', xml({ transactionDescriptor: ID + MODE })],
  ['an empty id', xml({ transactionDescriptor: `${MODE}<TransactionID/>` }), { id: '' }],
  ['an empty id with an end tag', xml({ transactionDescriptor: `${MODE}<TransactionID></TransactionID>` }), { id: '' }],
  ['no id', xml({ transactionDescriptor: MODE }), { id: '' }],
  [
    'an id with blanks inside',
    xml({ transactionDescriptor: `${MODE}<TransactionID>a b</TransactionID>` }),
    { id: 'a b' },
  ],
  [
    'an id with references',
    xml({ transactionDescriptor: `${MODE}<TransactionID>&#x37;&amp;&lt;</TransactionID>` }),
    { id: '7&<' },
  ],
  [
    'a long reference',
    xml({ transactionDescriptor: `${MODE}<TransactionID>&#x000000000037;</TransactionID>` }),
    { id: '7' },
  ],
  ['an id beyond ASCII', xml({ transactionDescriptor: `${MODE}<TransactionID>ñ€𝄞</TransactionID>` }), { id: 'ñ€𝄞' }],
  [
    'an id with a bracket',
    xml({ transactionDescriptor: `${MODE}<TransactionID>a]]b]></TransactionID>` }),
    { id: 'a]]b]>' },
  ],
  ['a session id in references', xml({ descriptor: `${TYPE}<SessionID>&#115;1</SessionID>` }), { sessionId: 's1' }],
  [
    'a session id as examples have it',
    xml({ descriptor: `${TYPE}<SessionID>im.user.com#48815@server.com</SessionID>` }),
    { sessionId: 'im.user.com#48815@server.com' },
  ],
  ['an empty session id', xml({ descriptor: `${TYPE}<SessionID/>` }), { sessionId: '' }],
  ['session id before type', xml({ descriptor: SID + TYPE })],
  [
    'a descriptor after the transaction',
    xml({
      session: `<Session>${transaction(MODE + ID)}<SessionDescriptor>${TYPE}${SID}</SessionDescriptor></Session>`,
    }),
  ],
  [
    'content before the descriptor',
    xml({
      transaction: `<Transaction><TransactionContent><A/></TransactionContent><TransactionDescriptor>${MODE}${ID}</TransactionDescriptor></Transaction>`,
    }),
    { primitive: 'A' },
  ],
  [
    'unknown elements in the envelope',
    xml({ descriptor: `${TYPE}<Extra><SessionID>evil</SessionID></Extra>${SID}` }),
    { sessionId: 's1' },
  ],
  [
    'an ExtBlock after the content',
    xml({ transaction: transaction(MODE + ID).replace('</Transaction>', '<ExtBlock>x<y/></ExtBlock></Transaction>') }),
  ],
  ['a CIR at the end', xml({ transaction: `${transaction(MODE + ID)}<CIR>T</CIR>` })],
  [
    'SegmentInfo',
    xml({
      transactionDescriptor: `${MODE}${ID}<SegmentInfo><SegmentID><TransactionID>9</TransactionID></SegmentID></SegmentInfo>`,
    }),
  ],
  ['a SessionID inside the primitive', primitive('<SessionID>evil</SessionID>')],
  ['a whole envelope inside the primitive', primitive(xml({ before: '' }).replaceAll('s1', 'evil'))],
  ['CDATA in a leaf', primitive('<ContentData><![CDATA[<SessionID>]] ]>&nothing;]]></ContentData>')],
  ['empty CDATA', primitive('<a><![CDATA[]]></a>')],
  ['CDATA that ends in brackets', primitive('<a><![CDATA[x]]]]]></a>')],
  ['a comment in a leaf of the content', primitive('<a>x<!--y-->z</a>')],
  ['text and elements mixed', primitive('x<a/>y')],
  ['the five entities', primitive('<a>&lt;&gt;&amp;&quot;&apos;</a>')],
  ['tab, CR and LF in text', primitive('<a>\t\r\n</a>')],
  ['tab, CR and LF as references', primitive('<a>&#9;&#xA;&#13;</a>')],
  ['DEL and C1, which XML allows', primitive('<a>\u007f\u0085</a>')],
  ['text of four-byte characters', primitive('<a>𝄞𐀀\u{10FFFD}</a>')],
  ['the last characters below the surrogates and the first above', primitive('<a>\ud7ff\ue000\ufffd</a>')],
  ['names with digits, dots and colons', primitive('<a:b.c-1_2 d:e="1"/>')],
  ['a name of 64 bytes', primitive(`<${'n'.repeat(64)}/>`)],
  ['as deep as allowed', xml({ content: nested(28) })],
  ['> in text', primitive('<a>x > y</a>')],
  ['two transactions', xml({ transaction: transaction(MODE + ID) + transaction(MODE.replace('Request', 'Response')) })],
];

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));
const raw = (...invalid: number[]): Buffer => {
  const [before = '', after = ''] = primitive('<a>@@</a>').split('@@');
  return bytes(before, invalid, after);
};

const REFUSED: readonly [string, string | Buffer, string][] = [
  ['nothing', '', 'NOT_WELL_FORMED'],
  ['blanks alone', ' \n', 'NOT_WELL_FORMED'],
  ['a declaration alone', '<?xml version="1.0"?>', 'NOT_WELL_FORMED'],
  ['plain text', 'hello', 'NOT_WELL_FORMED'],
  ['a page of HTML', '<html><body>no</body></html>', 'NOT_CSP'],
  ['UTF-16 with a mark', Buffer.from(`\ufeff${xml()}`, 'utf16le'), 'NOT_UTF8'],
  ['UTF-16 big endian', bytes([0xfe, 0xff, 0, 0x3c]), 'NOT_UTF8'],
  ['UTF-16 without a mark', Buffer.from(xml(), 'utf16le'), 'NOT_UTF8'],
  ['ISO-8859-1 declared', xml({ before: '<?xml version="1.0" encoding="ISO-8859-1"?>' }), 'NOT_UTF8'],
  ['UTF-16 declared', xml({ before: '<?xml version="1.0" encoding="UTF-16"?>' }), 'NOT_UTF8'],
  ['a mark and another declaration', `\ufeff${xml({ before: '<?xml version="1.0" encoding="latin1"?>' })}`, 'NOT_UTF8'],
  ['XML 1.1', xml({ before: '<?xml version="1.1"?>' }), 'NOT_ALLOWED'],
  ['a declaration without version', xml({ before: '<?xml encoding="UTF-8"?>' }), 'NOT_WELL_FORMED'],
  ['a declaration in the wrong order', xml({ before: '<?xml encoding="UTF-8" version="1.0"?>' }), 'NOT_WELL_FORMED'],
  ['a declaration without quotes', xml({ before: '<?xml version=1.0?>' }), 'NOT_WELL_FORMED'],
  ['a declaration with more in it', xml({ before: '<?xml version="1.0" a="b"?>' }), 'NOT_WELL_FORMED'],
  [
    'a declaration with standalone maybe',
    xml({ before: '<?xml version="1.0" standalone="maybe"?>' }),
    'NOT_WELL_FORMED',
  ],
  ['a declaration without end', '<?xml version="1.0"', 'NOT_WELL_FORMED'],
  ['a blank before the declaration', ` ${xml()}`, 'NOT_WELL_FORMED'],
  ['two declarations', xml({ before: '<?xml version="1.0"?><?xml version="1.0"?>' }), 'NOT_WELL_FORMED'],
  ['an instruction called XML', xml({ before: '<?XML a?>' }), 'NOT_WELL_FORMED'],
  ['an instruction without a name', xml({ before: '<? a?>' }), 'NOT_WELL_FORMED'],
  ['an instruction without end', xml({ before: '<?a b>' }), 'NOT_WELL_FORMED'],
  ['an instruction inside', primitive('<?php?>'), 'NOT_ALLOWED'],
  ['an instruction in the session id', xml({ descriptor: `${TYPE}<SessionID>s<?x?>1</SessionID>` }), 'NOT_ALLOWED'],
  ['an instruction after the root', xml({ after: '<?a?>' }), 'NOT_ALLOWED'],
  ['an internal subset', xml({ before: '<!DOCTYPE a [<!ENTITY x "y">]>' }), 'NOT_ALLOWED'],
  ['an empty internal subset', xml({ before: '<!DOCTYPE a []>' }), 'NOT_ALLOWED'],
  [
    'an internal subset after ids',
    xml({ before: DOCTYPE.replace('>', ' [<!ENTITY x SYSTEM "file:///etc/passwd">]>') }),
    'NOT_ALLOWED',
  ],
  ['two DOCTYPEs', xml({ before: DOCTYPE + DOCTYPE }), 'NOT_WELL_FORMED'],
  ['a DOCTYPE inside', primitive(DOCTYPE), 'NOT_WELL_FORMED'],
  ['a DOCTYPE after the root', xml({ after: DOCTYPE }), 'NOT_WELL_FORMED'],
  ['a DOCTYPE in small letters', xml({ before: '<!doctype a>' }), 'NOT_WELL_FORMED'],
  ['a DOCTYPE without a name', xml({ before: '<!DOCTYPE>' }), 'NOT_WELL_FORMED'],
  [
    'a DOCTYPE without PUBLIC',
    xml({ before: '<!DOCTYPE IMPS-CSP "-//OMA//DTD WV-CSP 1.1//EN" "x">' }),
    'NOT_WELL_FORMED',
  ],
  ['a DOCTYPE without system id', xml({ before: '<!DOCTYPE a PUBLIC "x">' }), 'NOT_WELL_FORMED'],
  ['a DOCTYPE with an odd public id', xml({ before: '<!DOCTYPE a PUBLIC "<>" "x">' }), 'NOT_WELL_FORMED'],
  ['a DOCTYPE with more after it', xml({ before: '<!DOCTYPE a SYSTEM "x" y>' }), 'NOT_WELL_FORMED'],
  ['a DOCTYPE without end', '<!DOCTYPE a', 'NOT_WELL_FORMED'],
  ['an entity declaration outside', xml({ before: '<!ENTITY a "b">' }), 'NOT_WELL_FORMED'],
  ['CDATA before the root', xml({ before: '<![CDATA[]]>' }), 'NOT_WELL_FORMED'],
  ['a comment without end', xml({ after: '<!-- a' }), 'NOT_WELL_FORMED'],
  ['a comment with two hyphens', xml({ after: '<!-- a -- b -->' }), 'NOT_WELL_FORMED'],
  ['a comment that ends in three hyphens', xml({ after: '<!-- a --->' }), 'NOT_WELL_FORMED'],
  ['half a comment', xml({ after: '<!-' }), 'NOT_WELL_FORMED'],
  ['a control character in a comment', xml({ after: '<!-- \u0001 -->' }), 'NOT_ALLOWED'],
  ['CDATA without end', primitive('<a><![CDATA[x]]</a>'), 'NOT_WELL_FORMED'],
  ['CDATA in small letters', primitive('<a><![cdata[x]]></a>'), 'NOT_WELL_FORMED'],
  ['a control character in CDATA', primitive('<a><![CDATA[\u0002]]></a>'), 'NOT_ALLOWED'],
  ['text before the root', xml({ before: 'x' }), 'NOT_WELL_FORMED'],
  ['text after the root', xml({ after: 'x' }), 'NOT_WELL_FORMED'],
  ['two roots', xml() + xml({ before: '' }), 'NOT_WELL_FORMED'],
  ['a reference after the root', xml({ after: '&#32;' }), 'NOT_WELL_FORMED'],
  ['another root', xml().replaceAll('WV-CSP-Message', 'WV-CSP-Massage'), 'NOT_CSP'],
  ['a root in small letters', xml().replaceAll('WV-CSP-Message', 'wv-csp-message'), 'NOT_CSP'],
  ['a root with a prefix', xml().replaceAll('WV-CSP-Message', 'w:WV-CSP-Message'), 'NOT_CSP'],
  [
    'an unknown namespace',
    xml({ root: ' xmlns="http://www.openmobilealliance.org/DTD/WV-CSP1.9"' }),
    'UNKNOWN_VERSION',
  ],
  ['an empty namespace', xml({ root: ' xmlns=""' }), 'UNKNOWN_VERSION'],
  ['a namespace in other case', xml({ root: ` xmlns="${CSP12.toUpperCase()}"` }), 'UNKNOWN_VERSION'],
  ['a missing end tag', xml().replace('</Session>', ''), 'NOT_WELL_FORMED'],
  ['overlapping tags', primitive('<a><b></a></b>'), 'NOT_WELL_FORMED'],
  ['an end tag too many', xml({ after: '</a>' }), 'NOT_WELL_FORMED'],
  ['an end tag in other case', primitive('<a></A>'), 'NOT_WELL_FORMED'],
  ['an end tag that is longer', primitive('<a></ab>'), 'NOT_WELL_FORMED'],
  ['an end tag that is shorter', primitive('<ab></a>'), 'NOT_WELL_FORMED'],
  ['an end tag with attributes', primitive('<a></a b="c">'), 'NOT_WELL_FORMED'],
  ['an end tag with a blank before its name', primitive('<a></ a>'), 'NOT_WELL_FORMED'],
  ['an end tag without end', xml().slice(0, -1), 'NOT_WELL_FORMED'],
  ['a start tag without end', xml().slice(0, 60), 'NOT_WELL_FORMED'],
  ['a start tag with a blank before its name', primitive('< a/>'), 'NOT_WELL_FORMED'],
  ['a name that starts with a digit', primitive('<1/>'), 'NOT_WELL_FORMED'],
  ['a name that starts with a hyphen', primitive('<-a/>'), 'NOT_WELL_FORMED'],
  ['a name with a character that is none of names', primitive('<a×b/>'), 'NOT_WELL_FORMED'],
  ['a name that starts with a combining mark', primitive('<\u0301a/>'), 'NOT_WELL_FORMED'],
  ['an empty tag', primitive('<>'), 'NOT_WELL_FORMED'],
  ['a slash that ends nothing', primitive('<a/ >'), 'NOT_WELL_FORMED'],
  ['a slash in the middle', primitive('<a/b>'), 'NOT_WELL_FORMED'],
  ['< in text', primitive('<a>1 < 2</a>'), 'NOT_WELL_FORMED'],
  [']]> in text', primitive('<a>x]]>y</a>'), 'NOT_WELL_FORMED'],
  [']]]> in text', primitive('<a>x]]]>y</a>'), 'NOT_WELL_FORMED'],
  ['an attribute twice', primitive('<a b="1" b="2"/>'), 'NOT_WELL_FORMED'],
  ['an attribute twice, far apart', primitive('<a b="1" c="1" bc="" b=""/>'), 'NOT_WELL_FORMED'],
  ['two namespaces on the root', xml({ root: ` xmlns="${CSP12}" xmlns="${CSP12}"` }), 'NOT_WELL_FORMED'],
  ['an attribute without value', primitive('<a b/>'), 'NOT_WELL_FORMED'],
  ['an attribute without quotes', primitive('<a b=1/>'), 'NOT_WELL_FORMED'],
  ['an attribute without end', primitive('<a b="1/>'), 'NOT_WELL_FORMED'],
  ['an attribute in mixed quotes', primitive('<a b="1\'/>'), 'NOT_WELL_FORMED'],
  ['attributes without a blank', primitive('<a b="1"c="2"/>'), 'NOT_WELL_FORMED'],
  ['< in an attribute', primitive('<a b="<"/>'), 'NOT_WELL_FORMED'],
  ['& in an attribute', primitive('<a b="a&b"/>'), 'NOT_WELL_FORMED'],
  ['a control character in an attribute', primitive('<a b="\u0008"/>'), 'NOT_ALLOWED'],
  ['an unknown entity in an attribute', primitive('<a b="&x;"/>'), 'NOT_ALLOWED'],
  ['an unknown entity', primitive('<a>&nbsp;</a>'), 'NOT_ALLOWED'],
  ['an entity in other case', primitive('<a>&AMP;</a>'), 'NOT_ALLOWED'],
  ['an ampersand alone', primitive('<a>a & b</a>'), 'NOT_WELL_FORMED'],
  ['an entity without semicolon', primitive('<a>&amp</a>'), 'NOT_WELL_FORMED'],
  ['a reference without digits', primitive('<a>&#;</a>'), 'NOT_WELL_FORMED'],
  ['a reference without hexadecimal digits', primitive('<a>&#x;</a>'), 'NOT_WELL_FORMED'],
  ['a reference with a capital X', primitive('<a>&#X41;</a>'), 'NOT_WELL_FORMED'],
  ['a reference with letters', primitive('<a>&#4A;</a>'), 'NOT_WELL_FORMED'],
  ['a reference to NUL', primitive('<a>&#0;</a>'), 'NOT_ALLOWED'],
  ['a reference to a control character', primitive('<a>&#x1F;</a>'), 'NOT_ALLOWED'],
  ['a reference to a surrogate', primitive('<a>&#xD800;</a>'), 'NOT_ALLOWED'],
  ['a reference to U+FFFE', primitive('<a>&#xFFFE;</a>'), 'NOT_ALLOWED'],
  ['a reference beyond Unicode', primitive('<a>&#x110000;</a>'), 'NOT_ALLOWED'],
  ['a reference far beyond Unicode', primitive(`<a>&#${'9'.repeat(400)};</a>`), 'NOT_ALLOWED'],
  ['NUL in text', primitive('<a>\0</a>'), 'NOT_ALLOWED'],
  ['a control character in text', primitive('<a>\u000b</a>'), 'NOT_ALLOWED'],
  ['U+FFFF in text', primitive('<a>\uffff</a>'), 'NOT_ALLOWED'],
  ['a stray continuation byte', raw(0x80), 'NOT_UTF8'],
  ['an overlong slash', raw(0xc0, 0xaf), 'NOT_UTF8'],
  ['an overlong three-byte sequence', raw(0xe0, 0x80, 0xaf), 'NOT_UTF8'],
  ['an overlong four-byte sequence', raw(0xf0, 0x80, 0x80, 0xaf), 'NOT_UTF8'],
  ['a surrogate in UTF-8', raw(0xed, 0xa0, 0x80), 'NOT_UTF8'],
  ['beyond U+10FFFF', raw(0xf4, 0x90, 0x80, 0x80), 'NOT_UTF8'],
  ['a byte that is never UTF-8', raw(0xff), 'NOT_UTF8'],
  ['a sequence cut short', raw(0xe2, 0x82), 'NOT_UTF8'],
  ['Latin-1', raw(0xe4), 'NOT_UTF8'],
  ['no Session', xml({ session: '' }), 'NOT_CSP'],
  ['an empty Session', xml({ session: '<Session/>' }), 'NOT_CSP'],
  [
    'two Sessions',
    xml({ session: `<Session><SessionDescriptor>${TYPE}</SessionDescriptor>${transaction(MODE)}</Session>`.repeat(2) }),
    'NOT_CSP',
  ],
  ['two SessionDescriptors', xml({ descriptor: `${TYPE}</SessionDescriptor><SessionDescriptor>${SID}` }), 'NOT_CSP'],
  ['two SessionTypes', xml({ descriptor: TYPE + TYPE + SID }), 'NOT_CSP'],
  ['two SessionIDs', xml({ descriptor: `${TYPE}${SID}<SessionID>s2</SessionID>` }), 'NOT_CSP'],
  ['two equal SessionIDs', xml({ descriptor: TYPE + SID + SID }), 'NOT_CSP'],
  ['an empty and a full SessionID', xml({ descriptor: `${TYPE}<SessionID/>${SID}` }), 'NOT_CSP'],
  ['no SessionType', xml({ descriptor: SID }), 'NOT_CSP'],
  ['an empty SessionType', xml({ descriptor: '<SessionType/>' }), 'NOT_CSP'],
  ['another SessionType', xml({ descriptor: '<SessionType>inband</SessionType>' }), 'NOT_CSP'],
  ['no Transaction', xml({ transaction: '' }), 'NOT_CSP'],
  [
    'two TransactionDescriptors',
    xml({ transactionDescriptor: `${MODE}</TransactionDescriptor><TransactionDescriptor>${ID}` }),
    'NOT_CSP',
  ],
  ['two TransactionModes', xml({ transactionDescriptor: MODE + MODE + ID }), 'NOT_CSP'],
  ['two TransactionIDs', xml({ transactionDescriptor: MODE + ID + ID }), 'NOT_CSP'],
  ['two Polls in a descriptor', xml({ transactionDescriptor: `${MODE}${ID}<Poll>T</Poll><Poll>F</Poll>` }), 'NOT_CSP'],
  ['two Polls in the Session', xml({ transaction: `${transaction(MODE)}<Poll>T</Poll><Poll>T</Poll>` }), 'NOT_CSP'],
  ['Polls in both places', xml({ transaction: `${transaction(`${MODE}<Poll>T</Poll>`)}<Poll>T</Poll>` }), 'NOT_CSP'],
  ['no TransactionMode', xml({ transactionDescriptor: ID }), 'NOT_CSP'],
  [
    'another TransactionMode',
    xml({ transactionDescriptor: `<TransactionMode>Reply</TransactionMode>${ID}` }),
    'NOT_CSP',
  ],
  ['another Poll', xml({ transaction: `${transaction(MODE)}<Poll>true</Poll>` }), 'NOT_CSP'],
  [
    'no TransactionContent',
    xml({ transaction: `<Transaction><TransactionDescriptor>${MODE}</TransactionDescriptor></Transaction>` }),
    'NOT_CSP',
  ],
  ['no primitive', xml({ content: '' }), 'NOT_CSP'],
  ['two primitives', xml({ content: '<Polling-Request/><Logout-Request/>' }), 'NOT_CSP'],
  [
    'two TransactionContents',
    xml({ transaction: transaction(MODE, '<A/></TransactionContent><TransactionContent><B/>') }),
    'NOT_CSP',
  ],
  ['two Results', answer('<Result><Code>200</Code></Result><Result><Code>604</Code></Result>'), 'NOT_CSP'],
  ['two Codes', answer('<Result><Code>200</Code><Code>604</Code></Result>'), 'NOT_CSP'],
  ['an element in the session id', xml({ descriptor: `${TYPE}<SessionID>s1<b/></SessionID>` }), 'NOT_CSP'],
  ['a comment in the session id', xml({ descriptor: `${TYPE}<SessionID>s1<!---->x</SessionID>` }), 'NOT_ALLOWED'],
  ['CDATA in the session id', xml({ descriptor: `${TYPE}<SessionID><![CDATA[s1]]></SessionID>` }), 'NOT_ALLOWED'],
  ['CDATA between the elements', xml({ descriptor: `${TYPE}<![CDATA[ ]]>${SID}` }), 'NOT_ALLOWED'],
  [
    'a comment in the mode',
    xml({ transactionDescriptor: `<TransactionMode>Re<!-- -->quest</TransactionMode>${ID}` }),
    'NOT_ALLOWED',
  ],
  ['a blank before the session id', xml({ descriptor: `${TYPE}<SessionID> s1</SessionID>` }), 'NOT_CSP'],
  [
    'a blank after the transaction id',
    xml({ transactionDescriptor: `${MODE}<TransactionID>7&#32;</TransactionID>` }),
    'NOT_CSP',
  ],
  ['a no-break space after the session id', xml({ descriptor: `${TYPE}<SessionID>s1\u00a0</SessionID>` }), 'NOT_CSP'],
  ['a line break inside the session id', xml({ descriptor: `${TYPE}<SessionID>s\n1</SessionID>` }), 'NOT_CSP'],
  ['a line break as a reference', xml({ descriptor: `${TYPE}<SessionID>s&#10;1</SessionID>` }), 'NOT_CSP'],
  [
    'a line feed around the mode',
    xml({ transactionDescriptor: `<TransactionMode>\nRequest\n</TransactionMode>${ID}` }),
    'NOT_CSP',
  ],
  ['text between the elements', xml({ descriptor: `${TYPE}x${SID}` }), 'NOT_CSP'],
  ['a reference between the elements', xml({ descriptor: `${TYPE}&#32;${SID}` }), 'NOT_CSP'],
  ['a SessionID with a prefix', xml({ descriptor: `${TYPE}${SID}<c:SessionID>s2</c:SessionID>` }), 'NOT_CSP'],
  ['a primitive with a prefix', xml({ content: '<t:Login-Request/>' }), 'NOT_CSP'],
  [
    'a namespace of its own on SessionID',
    xml({ descriptor: `${TYPE}<SessionID xmlns="urn:x">s1</SessionID>` }),
    'NOT_CSP',
  ],
  ['a namespace of its own on Session', xml().replace('<Session>', '<Session xmlns="urn:x">'), 'NOT_CSP'],
  ['too deep', xml({ content: nested(29) }), 'OVER_LIMIT'],
  ['far too deep', xml({ content: nested(5000) }), 'OVER_LIMIT'],
  [
    'too many attributes',
    primitive(`<a${Array.from({ length: 33 }, (_, i) => ` a${i}="x"`).join('')}/>`),
    'OVER_LIMIT',
  ],
  ['a name too long', primitive(`<${'n'.repeat(65)}/>`), 'OVER_LIMIT'],
  ['an attribute name too long', primitive(`<a ${'n'.repeat(65)}=""/>`), 'OVER_LIMIT'],
  ['too many elements', primitive('<a/>'.repeat(4000)), 'OVER_LIMIT'],
  ['too long a text', primitive(`<a>${'x'.repeat(256 * 1024 + 1)}</a>`), 'OVER_LIMIT'],
  ['too long an attribute', primitive(`<a b="${'x'.repeat(256 * 1024 + 1)}"/>`), 'OVER_LIMIT'],
  ['too long a message', primitive(`<a>${'x'.repeat(512 * 1024)}</a>`), 'OVER_LIMIT'],
];

describe('what the XML scan accepts', () => {
  test.each(ACCEPTED)('%s', (_name, text, found = {}) => {
    const envelope = scan(text);
    const first = envelope.transactions[0];
    const { sessionId = 's1', id = '7', ...others } = found;
    expect({ sessionId: envelope.sessionId, id: first?.id }).toEqual({ sessionId, id });
    expect({ version: envelope.version, mode: first?.mode, primitive: first?.primitive }).toMatchObject(others);
  });
});

describe('what the XML scan refuses', () => {
  test.each(REFUSED)('%s', (_name, text, code) => {
    const fault = faultOf(text);
    expect(fault.code).toBe(code);
    expect(fault.offset).toBeGreaterThanOrEqual(0);
    expect(fault.offset).toBeLessThanOrEqual(Buffer.from(text as string).length);
  });

  test('every truncation', () => {
    const whole = Buffer.from(xml({ before: DOCTYPE }));
    for (let length = 0; length < whole.length; length++)
      expect(() => scan(whole.subarray(0, length))).toThrow(CspError);
  });
});

describe('what is found', () => {
  const text = xml({
    transaction:
      transaction(MODE + ID, '<Logout-Request/>') + transaction(`<TransactionMode>Response</TransactionMode>`),
  });
  const slice = (range: { start: number; end: number } | undefined) =>
    range === undefined ? undefined : text.slice(range.start, range.end);

  test('ranges are those of whole elements', () => {
    const [first, second] = scan(text).transactions;
    expect(slice(first?.range)).toBe(transaction(MODE + ID, '<Logout-Request/>'));
    expect(slice(first?.idRange)).toBe(ID);
    expect(slice(first?.primitiveRange)).toBe('<Logout-Request/>');
    expect(second?.idRange).toBeUndefined();
    expect(slice(second?.primitiveRange)).toBe('<Polling-Request/>');
  });

  test('the place for Poll is after the last Transaction, in 1.1 inside its descriptor', () => {
    expect(text.slice(scan(text).pollInsertAt.start)).toBe('</Session></WV-CSP-Message>');
    const old = text.replace(CSP12, NAMESPACES['1.1'].csp);
    expect(old.slice(scan(old).pollInsertAt.start)).toMatch(/^<\/TransactionDescriptor><TransactionContent><Polling/);
  });

  test('Poll in either place', () => {
    const inSession = xml({ transaction: `${transaction(MODE)}<Poll>T</Poll><CIR>F</CIR>` });
    expect(scan(inSession).poll?.value).toBe(true);
    const inDescriptor = xml({ transactionDescriptor: `${MODE}${ID}<Poll>F</Poll>` });
    const poll = scan(inDescriptor).poll;
    expect(poll?.value).toBe(false);
    expect(inDescriptor.slice(poll?.range.start, poll?.range.end)).toBe('<Poll>F</Poll>');
    expect(scan(xml()).poll).toBeUndefined();
  });

  test.each([
    ['<Result><Code>200</Code></Result>', 200],
    ['<ClientID><URL>x</URL></ClientID><Result><Code>604</Code><Description>no</Description></Result>', 604],
    [
      '<Result><Description>x</Description><DetailedResult><Code>531</Code></DetailedResult><Code>201</Code></Result>',
      201,
    ],
    ['<Result><DetailedResult><Code>531</Code></DetailedResult></Result>', undefined],
    ['<Result><Code>&#50;00</Code></Result>', 200],
    ['<Result><Code>OK</Code></Result>', undefined],
    ['<Result/>', undefined],
    ['<Code>404</Code>', undefined],
    ['<X><Result><Code>404</Code></Result></X>', undefined],
  ])('the code of %s', (result, code) => {
    expect(scan(answer(result)).transactions[0]?.resultCode).toBe(code);
  });

  test('version discovery has no transactions', () => {
    const envelope = scan(
      '<WV-CSP-VersionDiscovery-Request><VersionList><SessionNSName>x</SessionNSName></VersionList></WV-CSP-VersionDiscovery-Request>',
    );
    expect(envelope).toMatchObject({
      kind: 'version-discovery',
      transactions: [],
      sessionType: 'Outband',
      version: '1.2',
    });
    expect(scan('<WV-CSP-VersionDiscovery-Response/>').kind).toBe('version-discovery');
  });

  test('an assumed version', () => {
    expect(scan(xml({ root: '' }), { assumedVersion: '1.1' }).version).toBe('1.1');
  });

  test('a plain Uint8Array is read like a Buffer', () => {
    expect(scanEnvelope(new TextEncoder().encode(xml()), 'xml').sessionId).toBe('s1');
  });

  test('limits are those that are given', () => {
    const limits = { ...DEFAULT_LIMITS, depth: 100, attributes: 200, nameBytes: 200 };
    const many = Array.from({ length: 150 }, (_, i) => ` a${i}="x"`).join('');
    expect(scan(xml({ root: many, content: nested(90) }), { limits }).sessionId).toBe('s1');
    expect(faultOf(xml({ root: `${many} a3=""` }), { limits }).code).toBe('NOT_WELL_FORMED');
  });
});

describe('a fault says what had been read', () => {
  test('everything up to a fault in the primitive', () => {
    expect(faultOf(primitive('<a>')).read).toEqual({
      version: '1.2',
      sessionType: 'Inband',
      sessionId: 's1',
      transactionMode: 'Request',
      transactionId: '7',
    });
  });

  test('the ids of a message in an unknown version', () => {
    const fault = faultOf(xml({ root: ' xmlns="urn:new"' }));
    expect(fault.read).toEqual({
      sessionType: 'Inband',
      sessionId: 's1',
      transactionMode: 'Request',
      transactionId: '7',
    });
  });

  test('an unknown version whose structure is another', () => {
    expect(faultOf(xml({ root: ' xmlns="urn:new"', content: '' })).code).toBe('UNKNOWN_VERSION');
    expect(faultOf(xml({ root: ' xmlns="urn:new"', content: '<a>' })).code).toBe('NOT_WELL_FORMED');
  });

  test('the first transaction when the fault is in the second', () => {
    const fault = faultOf(
      xml({ transaction: transaction(MODE + ID) + transaction('<TransactionID>8</TransactionID>') }),
    );
    expect(fault.read.transactionId).toBe('7');
  });

  test('nothing of the document in the message', () => {
    expect(faultOf(primitive('<Password>secret&oops;</Password>')).message).not.toMatch(/secret|oops/);
  });
});

describe('tolerant, for answers of VASPs [X5]', () => {
  const BARAZA = [
    "<?xml version='1.0'?>",
    '\t<!DOCTYPE IMPS-CSP "-//OMA//DTD WV-CSP 1.1//EN" ',
    '\t"http://www.openmobilealliance.org/DTD/WV-CSP.XML">',
    xml({
      before: '',
      descriptor: '<SessionType>\nInband\n</SessionType><SessionID>\ns1\n</SessionID>',
      transaction: `${transaction('<TransactionMode>\nResponse\n</TransactionMode><TransactionID>\n7\n</TransactionID>', '<Status><Result><Code>\n200\n</Code></Result></Status>')}<Poll>\nT\n</Poll>`,
    }),
  ].join('\n');

  test('what Baraza sends', () => {
    expect(scan(BARAZA, { tolerant: true })).toMatchObject({
      version: '1.2',
      sessionId: 's1',
      poll: { value: true },
      transactions: [{ mode: 'Response', id: '7', resultCode: 200 }],
    });
    expect(faultOf(BARAZA).code).toBe('NOT_WELL_FORMED');
  });

  test('the bare Code of InterVillage', () => {
    expect(scan(answer('<Code>604</Code>'), { tolerant: true }).transactions[0]?.resultCode).toBe(604);
    const both = answer('<Result><Code>200</Code></Result><Code>604</Code>');
    expect(scan(both, { tolerant: true }).transactions[0]?.resultCode).toBe(200);
  });

  test.each([
    ['an internal subset', xml({ before: '<!DOCTYPE a "b" [<!ENTITY c "d">]>' }), 'NOT_ALLOWED'],
    ['a DOCTYPE without end', xml({ before: '<!DOCTYPE a "b"' }), 'NOT_WELL_FORMED'],
    ['two SessionIDs', xml({ descriptor: TYPE + SID + SID }), 'NOT_CSP'],
    ['a line break inside an id', xml({ descriptor: `${TYPE}<SessionID>\ns\n1\n</SessionID>` }), 'NOT_CSP'],
    ['a missing end tag', xml().replace('</Session>', ''), 'NOT_WELL_FORMED'],
  ])('still refuses %s', (_name, text, code) => {
    expect(faultOf(text, { tolerant: true }).code).toBe(code);
  });

  test('a namespace of its own and a version by public id', () => {
    const text = xml({ root: '', before: DOCTYPE, descriptor: `${TYPE}<SessionID xmlns="urn:x">s1</SessionID>` });
    expect(scan(text, { tolerant: true })).toMatchObject({ version: '1.1', sessionId: 's1' });
  });
});

test('the tables are long enough, and refuse as much as they accept', () => {
  expect(ACCEPTED.length + REFUSED.length).toBeGreaterThanOrEqual(150);
  expect(REFUSED.length).toBeGreaterThanOrEqual(ACCEPTED.length);
});
