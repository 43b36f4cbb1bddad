import { describe, expect, test } from '@jest/globals';
import { type Envelope, type ScanOptions, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../gateway/csp/limits.ts';
import { hex, wbxml } from './envelope-samples.ts';

const scan = (bytes: Uint8Array, options?: ScanOptions): Envelope => scanEnvelope(bytes, 'wbxml', options);

function faultOf(bytes: Uint8Array, options?: ScanOptions): CspError {
  try {
    scan(bytes, options);
  } catch (error) {
    if (error instanceof CspError) return error;
    throw error;
  }
  throw new Error('the scan accepted the message');
}

const TYPE = '70 80 11 01';
const SID = "6F 03 's1' 00 01";
const MODE = '76 80 20 01';
const ID = "75 03 '7' 00 01";
/** A primitive with something in it: KeepAlive-Request, page 1 in force. */
const primitive = (inner: string): Buffer => wbxml({ content: `00 01 5B ${inner} 01` });
/** The same with ContentData, page 0, around it. */
const text = (items: string): Buffer => primitive(`00 00 4D ${items} 01`);
const status = (inner: string): Buffer => wbxml({ content: `71 ${inner} 01` });
const session = (inner: string): Buffer => wbxml({ body: `6D ${inner} 01 01` });
const transaction = (descriptor: string, content = '00 01 22'): string =>
  `72 74 ${descriptor} 01 73 ${content} 01 01 00 00`;
const inTable = (strings: string): string => `03 11 6A ${hex(strings).length.toString(16).padStart(2, '0')} ${strings}`;
const ROOT_11 = "C9 05 03 '1.1' 00 01";
const ROOT_13 = "C9 0B 03 '1.3' 00 01";

type Found = Partial<Record<'sessionId' | 'id' | 'version' | 'mode' | 'primitive' | 'sessionType', string>>;

const ACCEPTED: readonly [string, Buffer, Found?][] = [
  [
    'the plain message',
    wbxml(),
    { version: '1.2', primitive: 'KeepAlive-Request', mode: 'Request', sessionType: 'Inband' },
  ],
  ['version 1.1', wbxml({ root: ROOT_11 }), { version: '1.1' }],
  ['version 1.3', wbxml({ root: ROOT_13 }), { version: '1.3' }],
  ['the namespace over the public id', wbxml({ header: '03 10 6A 00' }), { version: '1.2' }],
  ['version by public id 0x10', wbxml({ header: '03 10 6A 00', root: '49' }), { version: '1.1' }],
  ['version by public id 0x12', wbxml({ header: '03 12 6A 00', root: '49' }), { version: '1.3' }],
  ['public id 0x01, which says nothing', wbxml({ header: '03 01 6A 00', root: '49' }), { version: '1.2' }],
  [
    'version by a public id in the string table',
    wbxml({ header: "03 00 00 6A 1B '-//OMA//DTD WV-CSP 1.1//EN' 00", root: '49' }),
    { version: '1.1' },
  ],
  [
    'an unknown public id in the string table',
    wbxml({ header: "03 00 02 6A 04 'a' 00 'b' 00", root: '49' }),
    { version: '1.2' },
  ],
  ['a charset in two bytes', wbxml({ header: '03 11 80 6A 00' })],
  ['an integer in five bytes', wbxml({ header: '03 11 80 80 80 80 6A 00' })],
  ['a namespace cut in two', wbxml({ root: "C9 08 03 '1.' 00 03 '2' 00 01" }), { version: '1.2' }],
  [
    'a namespace with a table string',
    wbxml({ header: inTable("'1.2' 00"), root: 'C9 08 83 00 01' }),
    { version: '1.2' },
  ],
  ['a namespace with an entity', wbxml({ root: "C9 08 03 '1.' 00 02 32 01" }), { version: '1.2' }],
  [
    'a namespace spelled out',
    wbxml({
      header: inTable("'xmlns' 00"),
      root: "C9 04 00 03 'http://www.openmobilealliance.org/DTD/WV-CSP1.2' 00 01",
    }),
    { version: '1.2' },
  ],
  [
    'another attribute on the root',
    wbxml({ header: inTable("'xmlns:xsi' 00"), root: "C9 04 00 03 'x' 00 08 03 '1.2' 00 01" }),
    { version: '1.2' },
  ],
  [
    'another attribute after the namespace',
    wbxml({ header: inTable("'a' 00"), root: "C9 08 03 '1.2' 00 04 00 01" }),
    { version: '1.2' },
  ],
  ['a page switch before the root', wbxml({ root: "00 00 C9 08 03 '1.2' 00 01" })],
  ['an attribute page switch', wbxml({ root: "C9 00 00 08 03 '1.2' 00 01" }), { version: '1.2' }],
  ['Outband', wbxml({ descriptor: '70 80 19 01' }), { sessionType: 'Outband' }],
  ['SessionType as text', wbxml({ descriptor: `70 03 'Inband' 00 01 ${SID}` }), { sessionType: 'Inband' }],
  [
    'SessionType from the table',
    wbxml({ header: inTable("'Inband' 00"), descriptor: `70 83 00 01 ${SID}` }),
    { sessionType: 'Inband' },
  ],
  ['SessionType in pieces', wbxml({ descriptor: `70 03 'In' 00 03 'band' 00 01 ${SID}` }), { sessionType: 'Inband' }],
  ['Response', wbxml({ transactionDescriptor: `76 80 21 01 ${ID}` }), { mode: 'Response' }],
  ['the mode as text', wbxml({ transactionDescriptor: `76 03 'Request' 00 01 ${ID}` }), { mode: 'Request' }],
  [
    'the mode as entities and text',
    wbxml({ transactionDescriptor: `76 02 52 03 'equest' 00 01 ${ID}` }),
    { mode: 'Request' },
  ],
  ['id before mode', wbxml({ transactionDescriptor: `${ID} ${MODE}` })],
  ['no id', wbxml({ transactionDescriptor: MODE }), { id: '' }],
  ['an id without content', wbxml({ transactionDescriptor: `${MODE} 35` }), { id: '' }],
  ['an id with nothing in it', wbxml({ transactionDescriptor: `${MODE} 75 01` }), { id: '' }],
  ['an id of an empty string', wbxml({ transactionDescriptor: `${MODE} 75 03 00 01` }), { id: '' }],
  [
    'an id from the table',
    wbxml({ header: inTable("'zz' 00 '77' 00"), transactionDescriptor: `${MODE} 75 83 03 01` }),
    { id: '77' },
  ],
  [
    'an id from the middle of a table string',
    wbxml({ header: inTable("'abc' 00"), transactionDescriptor: `${MODE} 75 83 01 01` }),
    { id: 'bc' },
  ],
  [
    'an id in pieces of every kind',
    wbxml({ header: inTable("'b' 00"), transactionDescriptor: `${MODE} 75 03 'a' 00 83 00 80 2C 02 43 03 '' 00 01` }),
    { id: 'abTC' },
  ],
  ['an id beyond ASCII', wbxml({ transactionDescriptor: `${MODE} 75 03 C3 B1 E2 82 AC 00 01` }), { id: 'ñ€' }],
  [
    'an id of an entity beyond the basic plane',
    wbxml({ transactionDescriptor: `${MODE} 75 02 87 BA 1E 01` }),
    { id: '\u{1dd1e}' },
  ],
  ['a session id in pieces', wbxml({ descriptor: `${TYPE} 6F 03 's' 00 02 31 01` }), { sessionId: 's1' }],
  ['a session id that is a value token', wbxml({ descriptor: `${TYPE} 6F 80 2C 01` }), { sessionId: 'T' }],
  ['an empty session id', wbxml({ descriptor: `${TYPE} 2F` }), { sessionId: '' }],
  ['session id before type', wbxml({ descriptor: `${SID} ${TYPE}` })],
  ['no session id', wbxml({ descriptor: TYPE }), { sessionId: undefined as unknown as string }],
  [
    'an xmlns on TransactionContent',
    wbxml({ body: `6D 6E ${TYPE} ${SID} 01 72 74 ${MODE} ${ID} 01 F3 0A 03 '1.2' 00 01 00 01 22 01 01 01 01` }),
    { primitive: 'Polling-Request' },
  ],
  ['a primitive without content', wbxml({ content: '00 01 22' }), { primitive: 'Polling-Request' }],
  [
    'a primitive spelled out',
    wbxml({ header: inTable("'Registration-Request' 00"), content: '04 00' }),
    { primitive: 'Registration-Request' },
  ],
  [
    'a primitive spelled out with content and attributes',
    wbxml({ header: inTable("'Reg' 00"), content: "C4 00 0A 03 '1.2' 00 01 03 'x' 00 01" }),
    { primitive: 'Reg' },
  ],
  ['a primitive of another page than before', wbxml({ content: '00 06 17' }), { primitive: 'SendMessage-Request' }],
  ['BlockUser-Request of 1.1', wbxml({ root: ROOT_11, content: '00 06 06' }), { primitive: 'BlockUser-Request' }],
  ['BlockEntity-Request of 1.2', wbxml({ content: '00 06 06' }), { primitive: 'BlockEntity-Request' }],
  ['a primitive of 1.3', wbxml({ root: ROOT_13, content: '00 0A 15' }), { primitive: 'SystemMessage-Request' }],
  ['blanks between the elements', wbxml({ descriptor: `03 20 0A 00 ${TYPE} 03 09 00 ${SID}` })],
  ['an empty string between the elements', wbxml({ descriptor: `03 00 ${TYPE} ${SID}` })],
  [
    'unknown elements spelled out in the envelope',
    wbxml({ header: inTable("'Extra' 00"), descriptor: `${TYPE} 44 00 6F 03 'evil' 00 01 01 ${SID}` }),
  ],
  ['a SessionID inside the primitive', primitive("00 00 6F 03 'evil' 00 01")],
  ['opaque octets in content', text('C3 04 00 FF 01 C0')],
  ['empty opaque data', text('C3 00')],
  ['an integer in octets', primitive('72 C3 04 FF FF FF FF 01')],
  ['an integer as text', primitive("72 03 '60' 00 01")],
  ['a date in octets', primitive('00 00 51 C3 06 1F 4E C6 91 80 5A 01')],
  ['opaque data that is text', primitive("00 00 52 C3 02 'no' 01")],
  ['tab, CR and LF', text('03 09 0D 0A 00')],
  ['text beyond ASCII', text('03 C3 BC F0 9D 84 9E 00')],
  ['text and elements mixed', primitive("03 'a' 00 00 00 0D 03 'b' 00")],
  ['an unused string table', wbxml({ header: "03 11 6A 03 'a' 00 00" })],
  ['page switches that are needed', primitive('00 00 0D 00 01 32 '.repeat(200))],
  ['a CIR of 1.2', session(`6E ${TYPE} ${SID} 01 ${transaction(`${MODE} ${ID}`)} 00 09 45 80 2C 01`)],
  ['as deep as allowed', primitive(`${'5B '.repeat(26)} 22 ${'01 '.repeat(26)}`)],
  ['a name of 64 bytes', wbxml({ header: `03 11 6A 41 '${'n'.repeat(64)}' 00`, content: '04 00' })],
];

const REFUSED: readonly [string, Buffer, string][] = [
  ['nothing', Buffer.alloc(0), 'NOT_WELL_FORMED'],
  ['a header alone', hex('03 11 6A 00'), 'NOT_WELL_FORMED'],
  ['half a header', hex('03 11'), 'NOT_WELL_FORMED'],
  ['XML', Buffer.from('<?xml version="1.0"?><a/>'), 'NOT_WELL_FORMED'],
  ['WBXML 1.0', wbxml({ header: '00 11 6A 00' }), 'NOT_WELL_FORMED'],
  ['WBXML 1.2', wbxml({ header: '02 11 6A 00' }), 'NOT_WELL_FORMED'],
  ['ISO-8859-1', wbxml({ header: '03 11 04 00' }), 'NOT_UTF8'],
  ['UTF-16', wbxml({ header: '03 11 87 F7 00' }), 'NOT_UTF8'],
  ['an unknown charset', wbxml({ header: '03 11 00 00' }), 'NOT_UTF8'],
  ['an integer of six bytes', wbxml({ header: '03 11 80 80 80 80 80 6A 00' }), 'NOT_WELL_FORMED'],
  ['an integer of 33 bits', wbxml({ header: '03 11 90 80 80 80 00 00' }), 'NOT_WELL_FORMED'],
  ['a string table beyond the end', wbxml({ header: '03 11 6A FF 7F' }), 'NOT_WELL_FORMED'],
  ['a string table of 4 GB', wbxml({ header: '03 11 6A 8F FF FF FF 7F' }), 'NOT_WELL_FORMED'],
  ['a public id outside the string table', wbxml({ header: "03 00 02 6A 02 'a' 00" }), 'NOT_WELL_FORMED'],
  ['a public id without end', wbxml({ header: "03 00 00 6A 02 'ab'" }), 'NOT_WELL_FORMED'],
  ['an END instead of a root', hex('03 11 6A 00 01'), 'NOT_WELL_FORMED'],
  ['a string instead of a root', hex("03 11 6A 00 03 'a' 00"), 'UNKNOWN_TOKEN'],
  ['an instruction before the root', wbxml({ header: "03 11 6A 00 43 05 03 '1' 00 01" }), 'NOT_ALLOWED'],
  ['an instruction inside', primitive("43 05 03 '1' 00 01"), 'NOT_ALLOWED'],
  ['another root', wbxml({ root: '4A' }), 'NOT_CSP'],
  ['a root spelled out', wbxml({ header: inTable("'WV-CSP-Message' 00"), root: '44 00' }), 'NOT_CSP'],
  ['an empty root', hex('03 11 6A 00 09'), 'NOT_CSP'],
  ['a second root', wbxml({ after: '09' }), 'NOT_WELL_FORMED'],
  ['bytes after the end', wbxml({ after: '00 00' }), 'NOT_WELL_FORMED'],
  ['an END too many', wbxml({ after: '01' }), 'NOT_WELL_FORMED'],
  ['an END too few', wbxml().subarray(0, -1), 'NOT_WELL_FORMED'],
  ['an unknown namespace', wbxml({ root: "C9 08 03 '1.7' 00 01" }), 'UNKNOWN_VERSION'],
  ['prefix and number of two versions', wbxml({ root: "C9 08 03 '1.3' 00 01" }), 'UNKNOWN_VERSION'],
  ['the namespace of a transaction', wbxml({ root: "C9 0A 03 '1.2' 00 01" }), 'UNKNOWN_VERSION'],
  ['a namespace without number', wbxml({ root: 'C9 08 01' }), 'UNKNOWN_VERSION'],
  ['two namespaces', wbxml({ root: "C9 08 03 '1.2' 00 08 03 '1.2' 00 01" }), 'NOT_WELL_FORMED'],
  [
    'two namespaces, one spelled out',
    wbxml({ header: inTable("'xmlns' 00"), root: "C9 08 03 '1.2' 00 04 00 03 'x' 00 01" }),
    'NOT_WELL_FORMED',
  ],
  ['an attribute twice', wbxml({ header: inTable("'a' 00 'a' 00"), root: 'C9 04 00 04 02 01' }), 'NOT_WELL_FORMED'],
  ['an attribute value without attribute', wbxml({ root: "C9 03 '1.2' 00 01" }), 'NOT_WELL_FORMED'],
  ['an unknown attribute token', wbxml({ root: "C9 0F 03 '1.2' 00 01" }), 'UNKNOWN_TOKEN'],
  ['an attribute token of a newer version', primitive("A8 0D 03 '1.3' 00 01"), 'UNKNOWN_TOKEN'],
  ['an attribute value token', wbxml({ root: 'C9 08 85 01' }), 'UNKNOWN_TOKEN'],
  ['opaque data in an attribute', wbxml({ root: "C9 08 C3 01 'a' 01" }), 'UNKNOWN_TOKEN'],
  ['another attribute page', wbxml({ root: "C9 00 01 08 03 '1.2' 00 01" }), 'UNKNOWN_TOKEN'],
  ['attributes without end', hex("03 11 6A 00 C9 08 03 '1.2' 00"), 'NOT_WELL_FORMED'],
  ['attributes without END before content', hex('03 11 6A 00 C9 08'), 'NOT_WELL_FORMED'],
  ['an attribute name outside the table', wbxml({ root: 'C9 04 05 01' }), 'NOT_WELL_FORMED'],
  ['an attribute name that is none', wbxml({ header: inTable("'a b' 00"), root: 'C9 04 00 01' }), 'NOT_WELL_FORMED'],
  [
    'too many attributes',
    wbxml({
      header: inTable("'abcdefghijklmnopqrstuvwxyzABCDEFGH' 00"),
      root: `C9 ${Array.from({ length: 33 }, (_, i) => `04 ${i.toString(16).padStart(2, '0')}`).join(' ')} 01`,
    }),
    'OVER_LIMIT',
  ],
  ['an unknown tag page', primitive('00 0C 05'), 'UNKNOWN_TOKEN'],
  ['a page switch at the end', hex('03 11 6A 00 49 00'), 'NOT_WELL_FORMED'],
  ['an unknown tag', primitive('00 08 3F'), 'UNKNOWN_TOKEN'],
  ['a tag of 1.3 in 1.2', primitive('00 09 2B'), 'UNKNOWN_TOKEN'],
  ['a primitive of 1.3 in 1.2', wbxml({ content: '00 0A 15' }), 'UNKNOWN_TOKEN'],
  ['a tag of 1.2 in 1.1', wbxml({ root: ROOT_11, content: '00 09 05' }), 'UNKNOWN_TOKEN'],
  ['a tag that 1.3 has no more', wbxml({ root: ROOT_13, content: '00 04 05' }), 'UNKNOWN_TOKEN'],
  ['an unknown value', text('80 92 12'), 'UNKNOWN_TOKEN'],
  ['an unassigned value', text('80 81 12'), 'UNKNOWN_TOKEN'],
  ['a value of 1.3 in 1.2', text('80 3A'), 'UNKNOWN_TOKEN'],
  ['a value of 32 bits', text('80 8F FF FF FF 7F'), 'UNKNOWN_TOKEN'],
  ['EXT_T_1', text('81 00'), 'UNKNOWN_TOKEN'],
  ['EXT_T_2', text('82 00'), 'UNKNOWN_TOKEN'],
  ['EXT_I_0', text("40 'a' 00"), 'UNKNOWN_TOKEN'],
  ['EXT_I_1', text("41 'a' 00"), 'UNKNOWN_TOKEN'],
  ['EXT_0', text('C0'), 'UNKNOWN_TOKEN'],
  ['EXT_2', text('C2'), 'UNKNOWN_TOKEN'],
  ['a string without end', hex("03 11 6A 00 49 6D 03 'abc'"), 'NOT_WELL_FORMED'],
  ['a table string outside the table', text('83 00'), 'NOT_WELL_FORMED'],
  [
    'a table string without end',
    wbxml({ header: "03 11 6A 02 'ab'", content: '00 01 5B 83 00 01' }),
    'NOT_WELL_FORMED',
  ],
  ['opaque data beyond the end', text('C3 7F'), 'NOT_WELL_FORMED'],
  ['opaque data of 4 GB', text('C3 8F FF FF FF 7F'), 'NOT_WELL_FORMED'],
  ['an integer of five octets', primitive('72 C3 05 01 02 03 04 05 01'), 'NOT_WELL_FORMED'],
  ['a control character in a string', text('03 01 00'), 'NOT_ALLOWED'],
  ['a string that is not UTF-8', text('03 E4 00'), 'NOT_UTF8'],
  ['a sequence cut by the end of a string', text('03 E2 82 00'), 'NOT_UTF8'],
  ['a sequence cut in two strings', text('03 C3 00 03 BC 00'), 'NOT_UTF8'],
  ['a surrogate', text('03 ED A0 80 00'), 'NOT_UTF8'],
  ['U+FFFE', text('03 EF BF BE 00'), 'NOT_ALLOWED'],
  ['opaque text that is not UTF-8', primitive('00 00 52 C3 01 FF 01'), 'NOT_UTF8'],
  ['opaque text with NUL', primitive('00 00 52 C3 01 00 01'), 'NOT_ALLOWED'],
  [
    'a table string from the middle of a character',
    wbxml({ header: '03 11 6A 03 C3 BC 00', content: '00 01 5B 83 01 01' }),
    'NOT_UTF8',
  ],
  ['an entity that is NUL', text('02 00'), 'NOT_ALLOWED'],
  ['an entity that is a surrogate', text('02 83 B0 00'), 'NOT_ALLOWED'],
  ['an entity beyond Unicode', text('02 C4 80 00'), 'NOT_ALLOWED'],
  ['a literal name that is none', wbxml({ header: inTable("'1a' 00"), content: '04 00' }), 'NOT_WELL_FORMED'],
  ['an empty literal name', wbxml({ header: inTable('00'), content: '04 00' }), 'NOT_WELL_FORMED'],
  ['a literal name outside the table', wbxml({ content: '04 00' }), 'NOT_WELL_FORMED'],
  ['a literal name too long', wbxml({ header: `03 11 6A 42 '${'n'.repeat(65)}' 00`, content: '04 00' }), 'OVER_LIMIT'],
  [
    'a SessionID spelled out',
    wbxml({ header: inTable("'SessionID' 00"), descriptor: `${TYPE} 44 00 03 's2' 00 01` }),
    'NOT_ALLOWED',
  ],
  [
    'a second SessionID spelled out',
    wbxml({ header: inTable("'SessionID' 00"), descriptor: `${TYPE} ${SID} 44 00 03 's2' 00 01` }),
    'NOT_ALLOWED',
  ],
  ['a Result spelled out', wbxml({ header: inTable("'Result' 00"), content: '71 04 00 01' }), 'NOT_ALLOWED'],
  [
    'an element with a prefix in the envelope',
    wbxml({ header: inTable("'a:SessionID' 00"), descriptor: `${TYPE} ${SID} 04 00` }),
    'NOT_CSP',
  ],
  ['no Session', wbxml({ body: '01' }), 'NOT_CSP'],
  ['two Sessions', wbxml({ body: `6D 6E ${TYPE} 01 01 6D 01 01` }), 'NOT_CSP'],
  ['two SessionDescriptors', session(`6E ${TYPE} 01 6E ${SID} 01 ${transaction(MODE)}`), 'NOT_CSP'],
  ['two SessionTypes', wbxml({ descriptor: `${TYPE} ${TYPE}` }), 'NOT_CSP'],
  ['two SessionIDs', wbxml({ descriptor: `${TYPE} ${SID} ${SID}` }), 'NOT_CSP'],
  ['no SessionType', wbxml({ descriptor: SID }), 'NOT_CSP'],
  ['another SessionType', wbxml({ descriptor: '70 80 20 01' }), 'NOT_CSP'],
  ['no Transaction', session(`6E ${TYPE} 01`), 'NOT_CSP'],
  ['two modes', wbxml({ transactionDescriptor: `${MODE} ${MODE}` }), 'NOT_CSP'],
  ['two ids', wbxml({ transactionDescriptor: `${MODE} ${ID} ${ID}` }), 'NOT_CSP'],
  ['two Polls', wbxml({ transactionDescriptor: `${MODE} 61 80 2C 01 61 80 2C 01` }), 'NOT_CSP'],
  ['no mode', wbxml({ transactionDescriptor: ID }), 'NOT_CSP'],
  ['another mode', wbxml({ transactionDescriptor: '76 80 11 01' }), 'NOT_CSP'],
  ['no primitive', wbxml({ content: '' }), 'NOT_CSP'],
  ['two primitives', wbxml({ content: '00 01 22 22' }), 'NOT_CSP'],
  ['two Results', status('2A 2A'), 'NOT_CSP'],
  ['two Codes', status('6A 4B C3 01 C8 01 4B C3 01 C8 01 01'), 'NOT_CSP'],
  ['an element in the session id', wbxml({ descriptor: `${TYPE} 6F 0D 01` }), 'NOT_CSP'],
  ['opaque data in the session id', wbxml({ descriptor: `${TYPE} 6F C3 02 's1' 01` }), 'NOT_ALLOWED'],
  ['opaque data between the elements', wbxml({ descriptor: `${TYPE} C3 00 ${SID}` }), 'NOT_ALLOWED'],
  ['a blank after the session id', wbxml({ descriptor: `${TYPE} 6F 03 's1 ' 00 01` }), 'NOT_CSP'],
  ['a line feed in the id', wbxml({ transactionDescriptor: `${MODE} 75 03 'a' 00 02 0A 03 'b' 00 01` }), 'NOT_CSP'],
  ['text between the elements', wbxml({ descriptor: `${TYPE} 03 'x' 00 ${SID}` }), 'NOT_CSP'],
  ['a value between the elements', wbxml({ descriptor: `${TYPE} 80 2C ${SID}` }), 'NOT_CSP'],
  ['an entity between the elements', wbxml({ descriptor: `${TYPE} 02 41 ${SID}` }), 'NOT_CSP'],
  [
    'a namespace of its own on SessionID',
    wbxml({ descriptor: `${TYPE} EF 08 03 '1.2' 00 01 03 's1' 00 01` }),
    'NOT_CSP',
  ],
  ['too deep', primitive(`${'5B '.repeat(27)} 22 ${'01 '.repeat(27)}`), 'OVER_LIMIT'],
  ['too many elements', primitive('22 '.repeat(4000)), 'OVER_LIMIT'],
  ['too long a text', text(`C3 90 80 01 ${'41 '.repeat(256 * 1024 + 1)}`), 'OVER_LIMIT'],
  [
    'a table string repeated beyond measure',
    wbxml({ header: `03 11 6A 87 69 '${'x'.repeat(1000)}' 00`, content: `00 01 5B ${'83 00 '.repeat(900)} 01` }),
    'OVER_LIMIT',
  ],
  ['idle page switches', primitive(`${'00 01 '.repeat(200)}`), 'OVER_LIMIT'],
  ['page switches to and fro', primitive(`${'00 00 00 01 '.repeat(200)} 22`), 'OVER_LIMIT'],
];

describe('what the WBXML scan accepts', () => {
  test.each(ACCEPTED)('%s', (_name, bytes, found = {}) => {
    const envelope = scan(bytes);
    const first = envelope.transactions[0];
    const flat = {
      ...first,
      sessionId: envelope.sessionId,
      version: envelope.version,
      sessionType: envelope.sessionType,
    };
    if (!('sessionId' in found) && envelope.sessionType === 'Inband') expect(flat.sessionId).toBe('s1');
    if (!('id' in found)) expect(flat.id).toBe('7');
    expect(flat).toMatchObject(found);
  });
});

describe('what the WBXML scan refuses', () => {
  test.each(REFUSED)('%s', (_name, bytes, code) => {
    const fault = faultOf(bytes);
    expect(fault.code).toBe(code);
    expect(fault.offset).toBeLessThanOrEqual(bytes.length);
  });

  test('every truncation', () => {
    const whole = wbxml();
    for (let length = 0; length < whole.length; length++)
      expect(() => scan(whole.subarray(0, length))).toThrow(CspError);
  });
});

describe('what is found', () => {
  test('ranges and the pages in force', () => {
    const bytes = session(`6E ${TYPE} ${SID} 01 ${transaction(`${MODE} ${ID}`)} ${transaction(MODE, '00 06 17')}`);
    const [first, second] = scan(bytes).transactions;
    const at = (range: { start: number; end: number } | undefined) => bytes.subarray(range?.start, range?.end);
    expect(at(first?.idRange)).toEqual(hex(ID));
    expect(at(first?.primitiveRange)).toEqual(hex('22'));
    expect(first?.primitiveRange).toMatchObject({ pageAtStart: 1, pageAtEnd: 1 });
    expect(first?.range).toMatchObject({ pageAtStart: 0, pageAtEnd: 1 });
    expect(at(first?.range)).toEqual(hex(`72 74 ${MODE} ${ID} 01 73 00 01 22 01 01`));
    expect(second?.range).toMatchObject({ pageAtStart: 0, pageAtEnd: 6 });
    expect(scan(bytes).pollInsertAt).toMatchObject({ start: second?.range.end, pageAtStart: 6, pageAtEnd: 6 });
  });

  test('Poll in the Session and in the descriptor', () => {
    expect(scan(session(`6E ${TYPE} ${SID} 01 ${transaction(MODE)} 61 80 2C 01`)).poll?.value).toBe(true);
    const old = wbxml({ root: ROOT_11, transactionDescriptor: `${MODE} 61 80 0B 01` });
    const envelope = scan(old);
    expect(envelope.poll?.value).toBe(false);
    expect(envelope.pollInsertAt.start).toBe(envelope.poll?.range.end);
  });

  test.each([
    ['6A 4B C3 01 C8 01 01', 200],
    ['6A 4B C3 02 02 5C 01 01', 604],
    ["6A 4B 03 '201' 00 01 01", 201],
    ["6A 4B 02 32 03 '01' 00 01 01", 201],
    ['6A 53 4B C3 02 02 13 01 01 4B C3 01 C8 01 01', 200],
    ['6A 0B 01', undefined],
    ["6A 4B 03 'no' 00 01 01", undefined],
    ['4B C3 01 C8 01', undefined],
  ])('the code of %s', (result, code) => {
    expect(scan(status(result)).transactions[0]?.resultCode).toBe(code);
  });

  test('version discovery', () => {
    expect(scan(hex('03 11 6A 00 00 0A 45 07 01'))).toMatchObject({ kind: 'version-discovery', transactions: [] });
    expect(scan(hex('03 12 6A 00 00 0A 06')).version).toBe('1.3');
    expect(faultOf(hex('03 10 6A 00 00 0A 05')).code).toBe('UNKNOWN_TOKEN');
  });

  test('limits are those that are given', () => {
    const deep = primitive(`${'5B '.repeat(80)} 22 ${'01 '.repeat(80)}`);
    expect(scan(deep, { limits: { ...DEFAULT_LIMITS, depth: 100 } }).sessionId).toBe('s1');
    expect(faultOf(wbxml(), { limits: { ...DEFAULT_LIMITS, bodyBytes: 10 } }).code).toBe('OVER_LIMIT');
  });
});

describe('a fault says what had been read', () => {
  test('everything up to an unknown token', () => {
    expect(faultOf(primitive('00 09 2B')).read).toEqual({
      version: '1.2',
      sessionType: 'Inband',
      sessionId: 's1',
      transactionMode: 'Request',
      transactionId: '7',
    });
  });

  test('the ids of a message in an unknown version', () => {
    const read = { sessionType: 'Inband', sessionId: 's1', transactionMode: 'Request', transactionId: '7' };
    expect(faultOf(wbxml({ root: "C9 0B 03 '1.4' 00 01" })).read).toEqual(read);
    const strange = faultOf(wbxml({ root: "C9 0B 03 '1.4' 00 01", content: '00 08 3F' }));
    expect(strange.code).toBe('UNKNOWN_VERSION');
    expect(strange.read).toEqual(read);
  });
});

describe('tolerant, for answers of VASPs [X5]', () => {
  const tolerant = { tolerant: true };

  test('leaves are trimmed', () => {
    const bytes = wbxml({ descriptor: "70 03 0A 'Inband' 0A 00 01 6F 03 0A 's1' 0A 00 01" });
    expect(scan(bytes, tolerant)).toMatchObject({ sessionType: 'Inband', sessionId: 's1' });
    expect(faultOf(bytes).code).toBe('NOT_CSP');
  });

  test('tokens of other versions are understood', () => {
    expect(scan(primitive('00 09 2B'), tolerant).sessionId).toBe('s1');
    expect(faultOf(primitive('00 08 3F'), tolerant).code).toBe('UNKNOWN_TOKEN');
  });

  test('the bare Code of InterVillage', () => {
    expect(scan(status('4B C3 02 02 5C 01'), tolerant).transactions[0]?.resultCode).toBe(604);
  });
});

test('the tables are long enough, and refuse as much as they accept', () => {
  expect(ACCEPTED.length + REFUSED.length).toBeGreaterThanOrEqual(100);
  expect(REFUSED.length).toBeGreaterThanOrEqual(ACCEPTED.length);
});
