/** Writing WBXML: the octets that clients get, and that fragments fit where they are spliced in. */
import { describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../../gateway/csp/element.ts';
import { CspError } from '../../../gateway/csp/errors.ts';
import type { CspVersion } from '../../../gateway/csp/versions.ts';
import { decodeWbxmlDocument, encodeWbxmlDocument, encodeWbxmlFragment } from '../../../gateway/csp/wbxml/codec.ts';
import { hex } from '../trees.ts';

const octets = (root: Element, version: CspVersion = '1.3') =>
  encodeWbxmlDocument(root, version)
    .toString('hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$& ');
const body = (root: Element, version: CspVersion = '1.3') => octets(root, version).slice('03 12 6A 00 '.length);
const codeOf = (write: () => unknown) => {
  try {
    write();
  } catch (error) {
    return error instanceof CspError ? error.code : error;
  }
  return undefined;
};

test('an element that the version has no token for is spelled out, its content as text', () => {
  const list = element('AnswerOption', [element('AnswerOptionID', 1), element('AnswerOptionText', 'Yes')]);
  for (const version of ['1.1', '1.2', '1.3'] as const) {
    expect(decodeWbxmlDocument(encodeWbxmlDocument(list, version), version)).toEqual(list);
  }
  expect(octets(element('AnswerOptionID', 7), '1.2')).toMatch(/^03 11 6A 0F ([0-9A-F]{2} ){14}00 44 00 03 37 00 01$/);
});

describe('a document', () => {
  test('has the header of its version', () => {
    expect(octets(element('Poll'), '1.1')).toBe('03 10 6A 00 21');
    expect(octets(element('Poll'), '1.2')).toBe('03 11 6A 00 21');
    expect(octets(element('Poll'), '1.3')).toBe('03 12 6A 00 21');
  });

  test.each<[string, Element, string]>([
    ['an integer', element('Code', 200), '4B C3 01 C8 01'],
    ['an integer of two octets', element('Code', 531), '4B C3 02 02 13 01'],
    ['an integer of three octets', element('ContentSize', 65536), '4F C3 03 01 00 00 01'],
    ['the largest integer', element('ContentSize', 4294967295), '4F C3 04 FF FF FF FF 01'],
    ['zero, never without octets', element('ContentSize', 0), '4F C3 01 00 01'],
    ['an integer between line feeds', element('Code', '\n200\n'), '4B C3 01 C8 01'],
    ['what is no integer, as text', element('ContentSize', '0x1F'), '4F 03 30 78 31 46 00 01'],
    [
      'an integer that is too large, as text',
      element('Code', '4294967296'),
      '4B 03 34 32 39 34 39 36 37 32 39 36 00 01',
    ],
    ['leading zeros, as text', element('Code', '007'), '4B 03 30 30 37 00 01'],
    ['an integer that only libwbxml puts in octets, as text', element('Accuracy', 7), '00 05 45 03 37 00 01'],
    ['a boolean', element('Poll', true), '61 80 2C 01'],
    ['a boolean between line feeds', element('Poll', '\nF\n'), '61 80 0B 01'],
    ['a date, as text', element('DateTime', '20261122Z'), '51 03 32 30 32 36 31 31 32 32 5A 00 01'],
    ['a value', element('SessionType', 'Inband'), '70 80 11 01'],
    ['a value of two octets', element('NotificationType', 'ATCL'), '00 09 56 80 81 10 01'],
    ['no value inside a text', element('URL', 'http://'.concat('a')), '77 03 68 74 74 70 3A 2F 2F 61 00 01'],
    ['an access value on its pages', element('SupportedBearer', 'SMS'), '00 03 4F 80 43 01'],
    ['a presence value on its pages', element('Cap', 'SMS'), '00 05 6F 80 75 01'],
    ['a presence value in PresenceValue', element('PresenceValue', 'HAPPY'), '64 80 67 01'],
    ['no presence value elsewhere', element('Name', 'HAPPY'), '5E 03 48 41 50 50 59 00 01'],
    ['what a user wrote, never as a value', element('ContentData', 'T'), '4D 03 54 00 01'],
    ['UTF-8', element('Name', 'é\u20ac\u{1f600}'), '5E 03 C3 A9 E2 82 AC F0 9F 98 80 00 01'],
    [
      'a page switch only where the page changes',
      element('Result', [element('Code', 1), element('TryAgainTimeout', 1), element('Code', 1)]),
      '6A 4B C3 01 01 01 00 09 70 C3 01 01 01 00 00 4B C3 01 01 01 01',
    ],
    ['an empty element', element('Result', [element('Description')]), '6A 12 01'],
  ])('holds %s', (_title, root, expected) => {
    expect(body(root)).toBe(expected);
  });

  test('writes namespaces as tokens', () => {
    const namespace = (xmlns: string) => body({ ...element('WV-CSP-Message'), attributes: { xmlns } });
    expect(namespace('http://www.openmobilealliance.org/DTD/IMPS-CSP1.3')).toBe('89 0B 03 31 2E 33 00 01');
    expect(namespace('http://www.wireless-village.org/PA1.1')).toBe('89 06 03 31 2E 31 00 01');
  });

  test('spells out what has no token, each name once', () => {
    const root = { ...element('Vendor', [element('Thing', 'T'), element('Vendor')]), attributes: { xmlns: 'urn:v' } };
    const table = `${Buffer.from('Vendor\0xmlns\0Thing\0')
      .toString('hex')
      .toUpperCase()
      .replace(/..(?!$)/g, '$& ')}`;
    expect(octets(root)).toBe(`03 12 6A 13 ${table} C4 00 04 07 03 75 72 6E 3A 76 00 01 44 0D 80 2C 01 04 00 01`);
    expect(decodeWbxmlDocument(encodeWbxmlDocument(root, '1.3'), '1.3')).toEqual(root);
  });

  test('spells out the elements of a newer version, and takes any spelling of its own', () => {
    expect(octets(element('SystemMessage-User'), '1.2').startsWith('03 11 6A 13')).toBe(true);
    expect(body(element('KeepAliveResponse'))).toBe('00 01 29');
    expect(octets(element('BlockUser-Request'), '1.1')).toBe(octets(element('BlockEntity-Request'), '1.1'));
  });

  test('grows as far as it must', () => {
    const text = 'ü'.repeat(100_000);
    expect(decodeWbxmlDocument(encodeWbxmlDocument(element('ContentData', text), '1.3'), '1.3').text).toBe(text);
  });

  test.each([
    ['NUL', 'a\0b'],
    ['a control character', '\x07'],
    ['half a surrogate pair', '\ud83d'],
    ['U+FFFF', '\uffff'],
  ])('holds no text with %s', (_title, text) => {
    expect(codeOf(() => encodeWbxmlDocument(element('Name', text), '1.3'))).toBe('NOT_ALLOWED');
  });

  test('holds no name that is none', () => {
    expect(codeOf(() => encodeWbxmlDocument(element('a b'), '1.3'))).toBe('NOT_ALLOWED');
  });
});

describe('a fragment', () => {
  const fragment = (what: Element, start: number, end: number, version: CspVersion = '1.2') =>
    encodeWbxmlFragment(what, version, start, end).toString('hex').toUpperCase();

  test('switches pages only as it must', () => {
    expect(fragment(element('Poll', true), 0, 0)).toBe('61802C01');
    expect(fragment(element('Poll', true), 6, 0)).toBe('000061802C01');
    expect(fragment(element('Poll', true), 6, 6)).toBe('000061802C010006');
    expect(fragment(element('URL', 'a'), 3, 0)).toBe('00007703610001');
  });

  test('fits into a message of several pages', () => {
    const before = hex('03 11 6A 00 00 03 54');
    const after = hex('51 03 61 00 01 01');
    const message = Buffer.concat([before, encodeWbxmlFragment(element('URL', 'b'), '1.2', 3, 3), after]);
    expect(decodeWbxmlDocument(message, '1.2')).toEqual(
      element('CIRURL', [element('URL', 'b'), element('TCPAddress', 'a')]),
    );
  });

  test('cannot spell out names', () => {
    expect(codeOf(() => fragment(element('SystemMessageList'), 0, 0))).toBe('UNKNOWN_TOKEN');
    expect(codeOf(() => fragment({ ...element('Poll'), attributes: { extra: '1' } }, 0, 0))).toBe('UNKNOWN_TOKEN');
  });
});
