/**
 * The example messages of CSP 1.1, when they are at hand: XML, and the same message in WBXML as libwbxml wrote it. The
 * two agree except for what is listed here, file by file; any other difference fails.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { decodeWbxmlDocument, encodeWbxmlDocument } from '../../gateway/csp/wbxml/codec.ts';
import { decodeXmlDocument, encodeXmlDocument } from '../../gateway/csp/xml.ts';
import { lines, withoutAttributes } from './trees.ts';

const CORPUS = new URL('../../../shared/corpus/csp-1.1/', import.meta.url);

/** What libwbxml made of a text or name: [in XML, in WBXML]; the end of the path and the text. */
const NORMALISED: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  // A hexadecimal SearchID became an integer.
  'wv-021': [['/Search-Response/SearchID: 0x23829381', '/Search-Response/SearchID: 595760001']],
  'wv-023': [['/Search-Response/SearchID: 0x23829381', '/Search-Response/SearchID: 595760001']],
  // Names that only libwbxml and these examples have; the tokens are those of ReferredContent and ReferredvCard.
  'wv-047': [
    ['/PreferredContent: http://www.foo.com/MyLogo', '/ReferredContent: http://www.foo.com/MyLogo'],
    ['/PreferredvCard: http://www.foo.com/MyCard', '/ReferredvCard: http://www.foo.com/MyCard'],
  ],
};

/** Where our octets are not those of libwbxml, and why. */
const WRITTEN_DIFFERENTLY: Readonly<Record<string, string>> = {
  'wv-047': 'SMS on a presence page came as the value token of the access pages, 0x43; ours is 0x75',
  'wv-107-datetime': 'a date without zone came as six octets; ours is text',
};

if (!existsSync(CORPUS)) {
  test('the example messages of CSP 1.1 are not here; nothing to compare with', () => {
    expect(existsSync(CORPUS)).toBe(false);
  });
} else {
  const names = readdirSync(CORPUS)
    .filter((file) => file.endsWith('.xml'))
    .map((file) => file.slice(0, -'.xml'.length));

  describe('the example messages of CSP 1.1', () => {
    test.each(names)('%s', (name) => {
      const xml = readFileSync(new URL(`${name}.xml`, CORPUS));
      const wbxml = readFileSync(new URL(`${name}.wbxml`, CORPUS));
      const fromXml = decodeXmlDocument(xml);
      const fromWbxml = decodeWbxmlDocument(wbxml, '1.1');

      // libwbxml left the namespaces out of its WBXML.
      const xmlLines = lines(withoutAttributes(fromXml));
      const wbxmlLines = lines(fromWbxml);
      const differences = xmlLines.flatMap((line, i) => (line === wbxmlLines[i] ? [] : [[line, wbxmlLines[i]]]));
      expect(wbxmlLines).toHaveLength(xmlLines.length);
      expect(differences).toHaveLength((NORMALISED[name] ?? []).length);
      for (const [i, [inXml, inWbxml]] of (NORMALISED[name] ?? []).entries()) {
        expect(differences[i]?.[0]?.endsWith(inXml)).toBe(true);
        expect(differences[i]?.[1]?.endsWith(inWbxml)).toBe(true);
      }

      expect(decodeXmlDocument(encodeXmlDocument(fromXml))).toEqual(fromXml);
      expect(decodeXmlDocument(encodeXmlDocument(fromWbxml))).toEqual(fromWbxml);
      const again = encodeWbxmlDocument(fromWbxml, '1.1');
      expect(decodeWbxmlDocument(again, '1.1')).toEqual(fromWbxml);
      expect(again.equals(wbxml)).toBe(WRITTEN_DIFFERENTLY[name] === undefined);
    });

    test.each(names)('%s passes the scan in both encodings', (name) => {
      const xml = scanEnvelope(readFileSync(new URL(`${name}.xml`, CORPUS)), 'xml');
      const wbxml = scanEnvelope(readFileSync(new URL(`${name}.wbxml`, CORPUS)), 'wbxml');
      expect([wbxml.version, wbxml.sessionId]).toEqual([xml.version, xml.sessionId]);
      expect(wbxml.transactions.map(({ primitive }) => primitive)).toEqual(
        xml.transactions.map(({ primitive }) => primitive),
      );
    });
  });
}
