import { describe, expect, test } from '@jest/globals';
import { type ByteRange, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { locateChild, locateChildren } from '../../gateway/csp/locate.ts';
import { hex, wbxml, xml } from './envelope-samples.ts';

describe('locating in XML', () => {
  const content =
    '<A q="a>b"><B x=\'/>\' y="<!--"></B ><!-- <C/> --><D/><E><D>in</D><![CDATA[</E>]]></E><F n="1" />tail</A>';
  const text = xml({ content: content.replace('"<!--"', '"&lt;!--"') });
  const bytes = Buffer.from(text);
  const primitive = scanEnvelope(bytes, 'xml').transactions[0]?.primitiveRange as ByteRange;
  const found = (range: ByteRange) =>
    locateChildren(bytes, 'xml', '1.2', range).map(({ name, range: { start, end } }) => [name, text.slice(start, end)]);

  test('the direct children and nothing else', () => {
    expect(found(primitive)).toEqual([
      ['B', '<B x=\'/>\' y="&lt;!--"></B >'],
      ['D', '<D/>'],
      ['E', '<E><D>in</D><![CDATA[</E>]]></E>'],
      ['F', '<F n="1" />'],
    ]);
  });

  test('again inside a child', () => {
    const inner = locateChild(bytes, 'xml', '1.2', primitive, 'E') as ByteRange;
    expect(found(inner)).toEqual([['D', '<D>in</D>']]);
    expect(found(locateChild(bytes, 'xml', '1.2', inner, 'D') as ByteRange)).toEqual([]);
    expect(found(locateChild(bytes, 'xml', '1.2', primitive, 'D') as ByteRange)).toEqual([]);
    expect(locateChild(bytes, 'xml', '1.2', primitive, 'C')).toBeUndefined();
  });
});

describe('locating in WBXML', () => {
  const bytes = wbxml({
    header: "03 11 6A 05 'Lit' 00 'v' ",
    content: "00 01 5B 00 00 4D C3 03 01 01 01 01 00 01 72 C3 01 3C 01 C4 00 0A 03 '1.2' 00 01 32 00 06 17 01 17 01",
  });
  const primitive = scanEnvelope(bytes, 'wbxml').transactions[0]?.primitiveRange as ByteRange;
  const children = locateChildren(bytes, 'wbxml', '1.2', primitive);

  test('the direct children, with names from tokens and from the string table', () => {
    expect(children.map(({ name }) => name)).toEqual(['ContentData', 'TimeToLive', 'Lit', 'SendMessage-Request']);
  });

  test('ranges and pages', () => {
    expect(children.map(({ range: { start, end } }) => bytes.subarray(start, end))).toEqual([
      hex('4D C3 03 01 01 01 01'),
      hex('72 C3 01 3C 01'),
      hex("C4 00 0A 03 '1.2' 00 01 32 00 06 17 01"),
      hex('17'),
    ]);
    expect(children.map(({ range }) => [range.pageAtStart, range.pageAtEnd])).toEqual([
      [0, 0],
      [1, 1],
      [1, 6],
      [6, 6],
    ]);
  });
});
