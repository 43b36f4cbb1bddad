/**
 * Reading WBXML: every way to spell a content that other encoders use, and everything that is refused, with code and
 * offset. The messages are bare elements written out in octets.
 */
import { describe, expect, test } from '@jest/globals';
import { CspError, type CspErrorCode } from '../../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../../gateway/csp/limits.ts';
import type { CspVersion } from '../../../gateway/csp/versions.ts';
import { decodeWbxmlDocument, type WbxmlReadOptions } from '../../../gateway/csp/wbxml/codec.ts';
import { hex, lines } from '../trees.ts';

/** A document of the version without string table around the octets of its root. */
const PUBLIC_ID: Readonly<Record<CspVersion, string>> = { '1.1': '10', '1.2': '11', '1.3': '12' };
const read = (octets: string, version: CspVersion = '1.3', options?: WbxmlReadOptions) =>
  lines(decodeWbxmlDocument(hex(`03 ${PUBLIC_ID[version]} 6A 00 ${octets}`), version, options));
const readWhole = (octets: string, version: CspVersion = '1.3') => lines(decodeWbxmlDocument(hex(octets), version));
/** ASCII as hex. */
const ascii = (text: string) => Buffer.from(text, 'latin1').toString('hex');

function refusal(read: () => unknown): { code: CspErrorCode; offset: number } {
  try {
    read();
  } catch (error) {
    if (error instanceof CspError) return { code: error.code, offset: error.offset };
    throw error;
  }
  throw new Error('it was accepted');
}

describe('content', () => {
  test.each<[string, string, string]>([
    ['an integer in one octet', '4B C3 01 C8 01', '/Code: 200'],
    ['an integer in two octets', '4B C3 02 02 13 01', '/Code: 531'],
    ['the largest integer', '4F C3 04 FF FF FF FF 01', '/ContentSize: 4294967295'],
    ['zero in one octet', '4F C3 01 00 01', '/ContentSize: 0'],
    ['zero in no octet, as libwbxml writes it', '4F C3 00 01', '/ContentSize: 0'],
    ['an integer in text', '4B 03 32 30 30 00 01', '/Code: 200'],
    ['an integer that only libwbxml writes so', '00 05 45 C3 01 64 01', '/Accuracy: 100'],
    ['a boolean', '61 80 2C 01', '/Poll: T'],
    ['a boolean in text', '61 03 46 00 01', '/Poll: F'],
    ['a date in octets', '51 C3 06 1F 46 72 DA 0D 5A 01', '/DateTime: 20010925T134013Z'],
    ['a date in octets with a letter other than Z', '51 C3 06 1F 46 72 DA 0D 41 01', '/DateTime: 20010925T134013A'],
    ['a date in octets without zone', '51 C3 06 1F 46 72 DA 0D 00 01', '/DateTime: 20010925T134013'],
    ['a date in text', `51 03 ${ascii('20010925T1340Z')} 00 01`, '/DateTime: 20010925T1340Z'],
    [
      'the one value of an access page that means something else elsewhere',
      '00 01 64 80 3D 01',
      '/SearchElement: GROUP_ID',
    ],
    ['the same value elsewhere', '5E 80 3D 01', '/Name: History'],
    ['a URL cut into a value token and text', `77 80 0E 03 ${ascii('a.example/')} 00 01`, '/URL: http://a.example/'],
    ['text cut into every kind of item', '52 03 41 00 02 8F 47 C3 02 C3 A9 80 2C 01', '/Description: A\u07c7éT'],
    ['a character beyond 16 bits', '52 02 87 EC 00 01', '/Description: \u{1f600}'],
    ['an element with content but nothing in it', '52 01', '/Description'],
    ['an empty element', '12', '/Description'],
    ['a page switch right before the root', '00 01 22', '/Polling-Request'],
    ['page switches to the page in force', '00 00 00 01 22', '/Polling-Request'],
    ['the duplicate of ContentType on the presence page', '00 05 76 80 28 01', '/ContentType: text/plain'],
  ])('%s', (_title, octets, expected) => {
    expect(read(octets)).toEqual([expected]);
  });

  test('blanks between elements say nothing', () => {
    expect(read('6A 03 0A 20 00 4B C3 01 C8 01 03 0A 00 01')).toEqual(['/Result', '/Result/Code: 200']);
  });

  test('a token that is used again means what the version says', () => {
    expect(read('00 09 4B 80 35 01', '1.2')).toEqual(['/ReactiveAuthState: GRANTED']);
    expect(read('00 09 4B 80 35 01', '1.3')).toEqual(['/AnswerOptionText: GRANTED']);
    expect(read('00 01 58 80 68 01', '1.2')).toEqual(['/InviteType: IM']);
    expect(read('00 01 58 80 68 01', '1.3')).toEqual(['/InviteType: AP']);
  });
});

describe('the string table', () => {
  const table = `${ascii('1.3')} 00 ${ascii('Vendor')} 00 ${ascii('mode')} 00`;
  const withTable = (octets: string) => readWhole(`03 12 6A 10 ${table} ${octets}`);

  test('holds the end of a namespace', () => {
    expect(withTable('89 0B 83 00 01')).toEqual([
      '/WV-CSP-Message xmlns=http://www.openmobilealliance.org/DTD/IMPS-CSP1.3',
    ]);
  });

  test('holds texts, also from their middle on', () => {
    expect(withTable('52 83 00 83 01 01')).toEqual(['/Description: 1.3.3']);
  });

  test('holds the names of elements and attributes without tokens', () => {
    expect(withTable(`C4 04 04 0B 03 78 00 83 00 01 4B C3 01 07 01 04 04 01`)).toEqual([
      '/Vendor mode=x1.3',
      '/Vendor/Code: 7',
      '/Vendor/Vendor',
    ]);
  });

  test('may hold the public identifier', () => {
    expect(readWhole(`03 00 00 6A 04 ${ascii('abc')} 00 12`)).toEqual(['/Description']);
    expect(readWhole('03 01 6A 00 12')).toEqual(['/Description']);
  });

  test.each<[string, string, CspErrorCode, number]>([
    ['longer than the document', '03 12 6A 05 41 00', 'NOT_WELL_FORMED', 3],
    ['with a length of more than 32 bits', '03 12 6A 90 80 80 80 00', 'NOT_WELL_FORMED', 3],
    ['with a length of six octets', '03 12 6A 80 80 80 80 80 00', 'NOT_WELL_FORMED', 3],
    ['asked for a string beyond its end', '03 12 6A 02 41 00 52 83 02 01', 'NOT_WELL_FORMED', 8],
    ['asked for a string that does not end in it', '03 12 6A 01 41 52 83 00 01', 'NOT_WELL_FORMED', 4],
    ['without the public identifier', '03 00 02 6A 02 41 00 12', 'NOT_WELL_FORMED', 1],
    ['with a literal name that is no name', '03 12 6A 03 3C 61 00 04 00', 'NOT_WELL_FORMED', 7],
    ['with an empty literal name', '03 12 6A 01 00 04 00', 'NOT_WELL_FORMED', 5],
    ['with a literal name that is too long', `03 12 6A 42 ${'61'.repeat(65)} 00 04 00`, 'OVER_LIMIT', 70],
  ])('is refused %s', (_title, octets, code, offset) => {
    expect(refusal(() => readWhole(octets))).toEqual({ code, offset });
  });
});

describe('message content in octets', () => {
  const content = (octets: string) => `4D C3 ${(octets.length / 2).toString(16).padStart(2, '0')} ${octets} 01`;
  const message = (encoding: string, octets: string) =>
    read(`00 06 55 53 00 00 50 80 28 01 ${encoding} 01 ${content(octets)} 01`);

  test('is its BASE64 spelling when ContentEncoding says so', () => {
    expect(message('4E 80 07 01', '474946')).toEqual([
      '/NewMessage',
      '/NewMessage/MessageInfo',
      '/NewMessage/MessageInfo/ContentType: text/plain',
      '/NewMessage/MessageInfo/ContentEncoding: BASE64',
      '/NewMessage/ContentData: R0lG',
    ]);
  });

  test('is text when it is text', () => {
    expect(message('4E 80 16 01', 'c3a9').slice(-2)).toEqual([
      '/NewMessage/MessageInfo/ContentEncoding: None',
      '/NewMessage/ContentData: é',
    ]);
  });

  test.each([
    ['no UTF-8', 'ff00'],
    ['a NUL', '610062'],
    ['a control character', '6101'],
    ['U+FFFF', 'efbfbf'],
  ])('is BASE64, and ContentEncoding made to say so, when it has %s', (_title, octets) => {
    const data = `/NewMessage/ContentData: ${Buffer.from(octets, 'hex').toString('base64')}`;
    expect(message('4E 80 16 01', octets).slice(-2)).toEqual(['/NewMessage/MessageInfo/ContentEncoding: BASE64', data]);
    expect(message('', octets).slice(-3)).toEqual([
      '/NewMessage/MessageInfo/ContentType: text/plain',
      '/NewMessage/MessageInfo/ContentEncoding: BASE64',
      data,
    ]);
  });

  test('is found to be BASE64 by the ContentEncoding beside it, in either order', () => {
    expect(read(`59 ${content('474946')} 4E 80 07 01 01`)).toEqual([
      '/Logo',
      '/Logo/ContentData: R0lG',
      '/Logo/ContentEncoding: BASE64',
    ]);
  });

  test('may come in pieces that cut a character', () => {
    expect(read('59 4D 03 61 00 C3 01 C3 C3 01 A9 03 62 00 01 01')).toEqual(['/Logo', '/Logo/ContentData: aéb']);
  });

  test('may be all of a document', () => {
    expect(read('4D C3 01 FF 01')).toEqual(['/ContentData: /w==']);
  });
});

describe('what is refused', () => {
  test.each<[string, string, CspErrorCode, number]>([
    ['nothing at all', '', 'NOT_WELL_FORMED', 0],
    ['another WBXML version', '02 12 6A 00 12', 'NOT_WELL_FORMED', 0],
    ['another charset', '03 12 03 00 12', 'NOT_UTF8', 2],
    ['a header alone', '03 12 6A 00', 'NOT_WELL_FORMED', 4],
    ['an element that does not end', '03 12 6A 00 52', 'NOT_WELL_FORMED', 5],
    ['a string that does not end', '03 12 6A 00 52 03 41', 'NOT_WELL_FORMED', 6],
    ['octets after the end', '03 12 6A 00 52 01 01', 'NOT_WELL_FORMED', 6],
    ['two roots', '03 12 6A 00 12 12', 'NOT_WELL_FORMED', 5],
    ['text for a root', '03 12 6A 00 03 41 00', 'UNKNOWN_TOKEN', 4],
    ['an END too many', '03 12 6A 00 01', 'UNKNOWN_TOKEN', 4],
    ['a processing instruction', '03 12 6A 00 43 01', 'NOT_ALLOWED', 4],
    ['a processing instruction in content', '03 12 6A 00 6A 43 01', 'NOT_ALLOWED', 5],
    ['EXT_I_0', '03 12 6A 00 52 40 41 00 01', 'UNKNOWN_TOKEN', 5],
    ['EXT_T_1', '03 12 6A 00 52 81 01 01', 'UNKNOWN_TOKEN', 5],
    ['EXT_0', '03 12 6A 00 52 C0 01', 'UNKNOWN_TOKEN', 5],
    ['a tag page that does not exist', '03 12 6A 00 00 0C 12', 'UNKNOWN_TOKEN', 5],
    ['a tag that does not exist', '03 12 6A 00 00 01 35', 'UNKNOWN_TOKEN', 6],
    ['a value that does not exist', '03 12 6A 00 52 80 81 12 01', 'UNKNOWN_TOKEN', 6],
    ['a value far out of range', '03 12 6A 00 52 80 8F FF FF FF 7F 01', 'UNKNOWN_TOKEN', 6],
    ['a multi-byte integer of more than 32 bits', '03 12 6A 00 52 80 9F FF FF FF 7F 01', 'NOT_WELL_FORMED', 6],
    ['opaque data longer than the document', '03 12 6A 00 52 C3 7F 41 01', 'NOT_WELL_FORMED', 6],
    ['an integer of five octets', '03 12 6A 00 4B C3 05 01 02 03 04 05 01', 'NOT_WELL_FORMED', 5],
    ['a date whose zone is no letter', '03 12 6A 00 51 C3 06 1F 46 72 DA 0D 20 01', 'NOT_WELL_FORMED', 5],
    ['text that is not UTF-8', '03 12 6A 00 52 03 41 C3 00 01', 'NOT_UTF8', 7],
    ['an overlong NUL', '03 12 6A 00 52 03 C0 80 00 01', 'NOT_UTF8', 6],
    ['a surrogate', '03 12 6A 00 52 03 ED A0 80 00 01', 'NOT_UTF8', 6],
    ['a control character', '03 12 6A 00 52 03 41 07 00 01', 'NOT_ALLOWED', 7],
    ['NUL in opaque text', '03 12 6A 00 52 C3 01 00 01', 'NOT_ALLOWED', 7],
    ['U+FFFE', '03 12 6A 00 52 03 EF BF BE 00 01', 'NOT_ALLOWED', 6],
    ['an entity for NUL', '03 12 6A 00 52 02 00 01', 'NOT_ALLOWED', 6],
    ['an entity for a surrogate', '03 12 6A 00 52 02 83 B0 00 01', 'NOT_ALLOWED', 6],
    ['an entity beyond U+10FFFF', '03 12 6A 00 52 02 C4 80 00 01', 'NOT_ALLOWED', 6],
    ['text before a child', '03 12 6A 00 6A 03 41 00 12 01', 'NOT_CSP', 8],
    ['text after a child', '03 12 6A 00 6A 12 03 41 00 01', 'NOT_CSP', 9],
    ['octets before a child', '03 12 6A 00 4D C3 01 41 12 01', 'NOT_CSP', 8],
    ['octets after a child', '03 12 6A 00 4D 12 C3 01 41 01', 'NOT_CSP', 6],
    ['an attribute that does not exist', '03 12 6A 00 89 0E 01', 'UNKNOWN_TOKEN', 5],
    ['an attribute value token', '03 12 6A 00 89 0B 85 01', 'UNKNOWN_TOKEN', 6],
    ['another attribute page', '03 12 6A 00 89 00 01 0B 01', 'UNKNOWN_TOKEN', 5],
    ['a value without attribute', '03 12 6A 00 89 03 41 00 01', 'NOT_WELL_FORMED', 5],
    ['an attribute twice', '03 12 6A 00 89 0B 0C 01', 'NOT_WELL_FORMED', 6],
  ])('%s', (_title, octets, code, offset) => {
    expect(refusal(() => readWhole(octets))).toEqual({ code, offset });
  });

  test('tokens that the version does not have', () => {
    const systemMessage = '00 0A 15';
    expect(read(systemMessage, '1.3')).toEqual(['/SystemMessage-Request']);
    expect(refusal(() => read(systemMessage, '1.2'))).toEqual({ code: 'UNKNOWN_TOKEN', offset: 6 });
    expect(refusal(() => read('00 07 1F', '1.3'))).toEqual({ code: 'UNKNOWN_TOKEN', offset: 6 });
    expect(refusal(() => read('89 08 01', '1.1'))).toEqual({ code: 'UNKNOWN_TOKEN', offset: 5 });
    expect(refusal(() => read('52 80 7D 01', '1.1'))).toEqual({ code: 'UNKNOWN_TOKEN', offset: 6 });
  });

  test('unless a VASP sends them', () => {
    expect(read('00 06 20', '1.1', { tolerant: true })).toEqual(['/MessageInfoList']);
    expect(read('00 07 1F', '1.3', { tolerant: true })).toEqual(['/Users']);
    expect(read('00 09 0B', '1.2', { tolerant: true })).toEqual(['/ReactiveAuthState']);
    expect(refusal(() => read('00 01 35', '1.1', { tolerant: true }))).toEqual({ code: 'UNKNOWN_TOKEN', offset: 6 });
  });

  test('a message cut off at any octet', () => {
    const whole = hex(
      `03 12 6A 04 ${ascii('1.3')} 00 C9 0B 83 00 01 6A 4B C3 02 02 13 01 52 03 41 C3 A9 00 02 41 01 01 01`,
    );
    expect(lines(decodeWbxmlDocument(whole, '1.3'))).toHaveLength(4);
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(() => decodeWbxmlDocument(whole.subarray(0, length), '1.3')).code).toBe('NOT_WELL_FORMED');
    }
  });

  test('the version that was being read is in the error', () => {
    try {
      read('01', '1.2');
    } catch (error) {
      expect((error as CspError).read).toEqual({ version: '1.2' });
    }
    expect.assertions(1);
  });
});

describe('limits', () => {
  const nested = (depth: number) => '6A'.repeat(depth) + '01'.repeat(depth);

  test('of depth', () => {
    expect(read(nested(DEFAULT_LIMITS.depth))).toHaveLength(DEFAULT_LIMITS.depth);
    expect(refusal(() => read(nested(DEFAULT_LIMITS.depth + 1)))).toEqual({ code: 'OVER_LIMIT', offset: 4 + 32 });
  });

  test('of elements', () => {
    const siblings = (count: number) => `6A ${'12'.repeat(count - 1)} 01`;
    expect(read(siblings(DEFAULT_LIMITS.elements))).toHaveLength(DEFAULT_LIMITS.elements);
    expect(refusal(() => read(siblings(DEFAULT_LIMITS.elements + 1))).code).toBe('OVER_LIMIT');
  });

  test('of text, in one item or in many, in octets too', () => {
    const text = (length: number) => `52 03 ${'61'.repeat(length)} 00 01`;
    expect(read(text(DEFAULT_LIMITS.textBytes))).toHaveLength(1);
    expect(refusal(() => read(text(DEFAULT_LIMITS.textBytes + 1))).code).toBe('OVER_LIMIT');
    expect(refusal(() => read(`52 ${`03 ${'61'.repeat(1000)} 00`.repeat(300)} 01`)).code).toBe('OVER_LIMIT');
    expect(refusal(() => read(`4D ${`C3 87 68 ${'61'.repeat(1000)}`.repeat(300)} 01`)).code).toBe('OVER_LIMIT');
  });

  test('of attributes', () => {
    const table = Array.from({ length: 33 }, (_, i) => `${ascii(`a${String(i).padStart(2, '0')}`)} 00`).join('');
    const offsets = Array.from({ length: 33 }, (_, i) => (i < 32 ? (i * 4).toString(16).padStart(2, '0') : '81 00'));
    const document = (count: number) => {
      const attributes = offsets.slice(0, count).map((offset) => `04 ${offset}`);
      return `03 12 6A 81 04 ${table} 89 ${attributes.join('')} 01`;
    };
    expect(readWhole(document(32))[0]?.match(/ a\d\d=/g)).toHaveLength(32);
    expect(refusal(() => readWhole(document(33))).code).toBe('OVER_LIMIT');
  });

  test('of what a string table can be blown up to', () => {
    const table = '61'.repeat(1023);
    const document = (references: number) => `03 12 6A 88 00 ${table} 00 52 ${'83 00'.repeat(references)} 01`;
    expect(readWhole(document(12))).toHaveLength(1);
    expect(refusal(() => readWhole(document(13))).code).toBe('OVER_LIMIT');
  });

  test('of page switches that lead nowhere, not of those that lead to an element', () => {
    expect(refusal(() => read(`6A ${'00 01 00 00'.repeat(40)} 12 01`)).code).toBe('OVER_LIMIT');
    expect(refusal(() => read(`6A ${'00 00 12'.repeat(100)} 01`)).code).toBe('OVER_LIMIT');
    // A presence list changes pages twice an attribute, however long it is.
    const attribute = '00 05 61 00 00 66 80 2C 01 64 80 2C 01 01';
    expect(read(`63 ${attribute.repeat(500)} 01`)).toHaveLength(1501);
  });
});
