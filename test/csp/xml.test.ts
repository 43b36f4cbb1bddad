/** XML to trees and back: what a reader gets of a text, and that nothing is written that would read differently. */
import { describe, expect, test } from '@jest/globals';
import { type Element, element } from '../../gateway/csp/element.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { decodeXmlDocument, encodeXmlDocument, encodeXmlFragment } from '../../gateway/csp/xml.ts';

const read = (text: string) => decodeXmlDocument(Buffer.from(text));
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof CspError ? error.code : error;
  }
  return undefined;
};

describe('reading', () => {
  test.each<[string, string, Element]>([
    [
      'blanks between elements are dropped',
      '<a>\r\n  <b>x</b>\n\t<c/>\n</a>',
      element('a', [element('b', 'x'), element('c')]),
    ],
    ['blanks of a leaf are kept', '<a>\n 200 \n</a>', element('a', '\n 200 \n')],
    ['a leaf of blanks is kept', '<a><b> </b></a>', element('a', [element('b', ' ')])],
    ['line ends become line feeds', '<a>1\r\n2\r3</a>', element('a', '1\n2\n3')],
    ['numbers stay text', '<a>007</a>', element('a', '007')],
    ['the five named references', '<a>&lt;&gt;&amp;&quot;&apos;</a>', element('a', '<>&"\'')],
    ['numeric references', '<a>&#65;&#x42;&#0067;&#x1F600;&#13;</a>', element('a', 'ABC\u{1f600}\r')],
    ['a reference is resolved once', '<a>&amp;lt;</a>', element('a', '&lt;')],
    ['CDATA is taken as it is', '<a>x &amp; <![CDATA[<&amp;>]]> y</a>', element('a', 'x & <&amp;> y')],
    ['an empty CDATA', '<a><![CDATA[]]></a>', element('a')],
    ['comments say nothing', '<a>1<!-- x --><!-- <b/> -->2</a>', element('a', '12')],
    ['attributes', '<a b="1 &amp; 2" c=\'"\'/>', { ...element('a'), attributes: { b: '1 & 2', c: '"' } }],
    ['blanks in attributes', '<a b="1\n2&#10;3"/>', { ...element('a'), attributes: { b: '1 2\n3' } }],
    ['prefixes are part of names', '<x:a xmlns:x="u"/>', { ...element('x:a'), attributes: { 'xmlns:x': 'u' } }],
    [
      'names that objects have already',
      '<a><toString/><valueOf>1</valueOf></a>',
      element('a', [element('toString'), element('valueOf', '1')]),
    ],
    ['names beyond ASCII', '<é>1</é>', element('é', '1')],
    [
      'a declaration and a DOCTYPE',
      '<?xml version="1.0"?>\n<!DOCTYPE a PUBLIC "p" "http://x/>y">\n<a/>\n',
      element('a'),
    ],
    [
      'the DOCTYPE that Baraza sends',
      '<?xml version="1.0"?><!DOCTYPE IMPS-CSP "-//OMA//DTD WV-CSP 1.1//EN" "http://x"><a/>',
      element('a'),
    ],
    ['a byte-order mark', '\ufeff<a/>', element('a')],
  ])('%s', (_title, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['text beside elements', '<a>x<b/></a>', 'NOT_CSP'],
    ['an unknown reference', '<a>&nbsp;</a>', 'NOT_ALLOWED'],
    ['a reference to a control character', '<a>&#7;</a>', 'NOT_ALLOWED'],
    ['a reference to half a surrogate pair', '<a>&#xD800;</a>', 'NOT_ALLOWED'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>', 'NOT_ALLOWED'],
    ['nothing', '', 'NOT_WELL_FORMED'],
    ['two roots', '<a/><b/>', 'NOT_WELL_FORMED'],
    ['half a tag', '<a', 'NOT_WELL_FORMED'],
    ['a name that could change objects', '<a><__proto__/></a>', 'NOT_WELL_FORMED'],
  ])('%s is refused', (_title, text, code) => {
    expect(codeOf(() => read(text))).toBe(code);
  });

  test('what is not UTF-8 is refused', () => {
    expect(codeOf(() => decodeXmlDocument(Buffer.from('<a>\xe9</a>', 'latin1')))).toBe('NOT_UTF8');
  });
});

describe('writing', () => {
  test('a document has its declaration, no DOCTYPE and no blanks', () => {
    const root = { ...element('a', [element('b', 'é'), element('c')]), attributes: { xmlns: 'u' } };
    expect(encodeXmlDocument(root).toString()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><a xmlns="u"><b>é</b><c/></a>',
    );
  });

  test('a document can be laid out for people', () => {
    expect(
      encodeXmlDocument(element('a', [element('b', [element('c', 1)]), element('d')]), { indent: '  ' }).toString(),
    ).toBe('<?xml version="1.0" encoding="UTF-8"?>\n<a>\n  <b>\n    <c>1</c>\n  </b>\n  <d/>\n</a>\n');
  });

  test('a fragment is the element alone', () => {
    expect(encodeXmlFragment(element('Poll', true))).toBe('<Poll>T</Poll>');
  });

  test('what would read differently is escaped', () => {
    expect(encodeXmlFragment(element('a', '<&>"\'\r\n\t]]>'))).toBe('<a>&lt;&amp;&gt;"\'&#13;\n\t]]&gt;</a>');
    expect(encodeXmlFragment({ ...element('a'), attributes: { b: '<&>"\'\r\n\t' } })).toBe(
      '<a b="&lt;&amp;&gt;&quot;\'&#13;&#10;&#9;"/>',
    );
  });

  test.each([
    ['NUL', '\0'],
    ['a control character', 'x\x0bx'],
    ['half a surrogate pair', 'x\ude00'],
    ['U+FFFE', '\ufffe'],
  ])('%s is refused', (_title, text) => {
    expect(codeOf(() => encodeXmlFragment(element('a', text)))).toBe('NOT_ALLOWED');
    expect(codeOf(() => encodeXmlFragment({ ...element('a'), attributes: { b: text } }))).toBe('NOT_ALLOWED');
  });

  test.each(['', '1a', 'a b', 'a><b', 'é\u00d7'])('the name "%s" is refused', (name) => {
    expect(codeOf(() => encodeXmlFragment(element(name)))).toBe('NOT_ALLOWED');
    expect(codeOf(() => encodeXmlFragment({ ...element('a'), attributes: { [name]: '' } }))).toBe('NOT_ALLOWED');
  });
});
