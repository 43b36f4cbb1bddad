/**
 * Generated messages of all versions there and back [reliability B4]: XML, tree and WBXML each into each other, over the
 * trees and past them. Bytes are compared wherever there is one way to write a message.
 */
import { describe, expect, test } from '@jest/globals';
import { decodeDocument, encodeDocument } from '../../gateway/csp/codec.ts';
import type { Element } from '../../gateway/csp/element.ts';
import { wbxmlToXml, xmlToWbxml } from '../../gateway/csp/transcode/transcode.ts';
import { CSP_VERSIONS } from '../../gateway/csp/versions.ts';
import { scaled } from '../scale.ts';
import { randomOf, SEED } from './envelope-samples.ts';
import { randomDocument } from './generated.ts';

const MESSAGES = scaled(20_000, 1_000_000);

/** As `toEqual` judges, without its price. */
function isSame(one: Element, other: Element): boolean {
  return (
    one.name === other.name &&
    one.text === other.text &&
    one.children.length === other.children.length &&
    attributesOf(one) === attributesOf(other) &&
    one.children.every((child, index) => isSame(child, other.children[index] as Element))
  );
}

function attributesOf({ attributes }: Element): string {
  return attributes === undefined ? '' : JSON.stringify(attributes);
}

describe(`${MESSAGES} messages, seed ${SEED}`, () => {
  test.each(CSP_VERSIONS)('of %s come back as they were', (version) => {
    const random = randomOf(SEED + CSP_VERSIONS.indexOf(version));
    let withLiterals = 0;
    for (let i = 0; i < MESSAGES / CSP_VERSIONS.length; i++) {
      const tree = randomDocument(version, random);
      const xml = encodeDocument(tree, 'xml', version);
      const wbxml = encodeDocument(tree, 'wbxml', version);
      if (wbxml[3] !== 0) withLiterals++;
      const trees = [decodeDocument(xml, 'xml', version), decodeDocument(wbxml, 'wbxml', version)];
      const there = xmlToWbxml(xml);
      const back = wbxmlToXml(there);
      const isEqual = there.equals(wbxml) && back.equals(xml) && trees.every((read) => isSame(read, tree));
      if (isEqual) continue;
      expect(trees).toEqual([tree, tree]);
      expect({ i, wbxml: there.toString('latin1') }).toEqual({ i, wbxml: wbxml.toString('latin1') });
      expect({ i, xml: back.toString() }).toEqual({ i, xml: xml.toString() });
    }
    expect(withLiterals).toBeGreaterThan(MESSAGES / 30);
  });
});
