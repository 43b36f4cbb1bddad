/**
 * What holds for every tree and every input: a tree comes back unchanged from either encoding and from one through the
 * other; octets of any kind give a tree or a {@link CspError}, and a tree that they give can be spelled in both encodings.
 * The seed is fixed; SEED in the environment sets another.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import type { Element } from '../../../gateway/csp/element.ts';
import { scanEnvelope } from '../../../gateway/csp/envelope.ts';
import { CspError } from '../../../gateway/csp/errors.ts';
import { CSP_VERSIONS, type CspVersion } from '../../../gateway/csp/versions.ts';
import { decodeWbxmlDocument, encodeWbxmlDocument, encodeWbxmlFragment } from '../../../gateway/csp/wbxml/codec.ts';
import { type Tag, tokenTables } from '../../../gateway/csp/wbxml/tokens.ts';
import { decodeXmlDocument, encodeXmlDocument } from '../../../gateway/csp/xml.ts';
import { readHexFile } from '../trees.ts';

const seed = Number(process.env.SEED ?? 20_020_213);

const xmlCharacter = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 1, arbitrary: fc.constantFrom(0x09, 0x0a, 0x0d, 0x26, 0x3c, 0x3e, 0x5d) },
  { weight: 1, arbitrary: fc.integer({ min: 0x7f, max: 0xd7ff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0xfffd }) },
  { weight: 1, arbitrary: fc.integer({ min: 0x10000, max: 0x10ffff }) },
);
const text = fc.array(xmlCharacter, { maxLength: 24 }).map((codePoints) => String.fromCodePoint(...codePoints));
const integer = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 127, 128, 255, 256, 65535, 65536)).map(String);

/** Texts for an element: of its kind, a value that has a token, or anything. Blanks around a number do not come back. */
function textFor(version: CspVersion, tag: Tag): fc.Arbitrary<string> {
  const values = [...tokenTables(version).tokenOfValue[tag.context].keys()];
  const anything = tag.kind === 'integer' || tag.kind === 'boolean' ? text.map((chars) => chars.trim()) : text;
  return fc.oneof(anything, integer, fc.constantFrom('T', 'F', '20261122T152623Z'), fc.constantFrom(...values));
}

function treeOf(version: CspVersion): fc.Arbitrary<Element> {
  const { tags, namespacePrefixes } = tokenTables(version);
  const known = tags.filter((tag) => tag !== undefined);
  const unknown = ['Vendor-Thing', 'x:y', 'Größe', '_', 'toString', 'MessageInfoList', 'ReactiveAuthState'].filter(
    (name) => !known.some((tag) => tag.name === name),
  );
  const tag = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...known) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...unknown)
        .map((name): Tag => ({ ...(known[0] as Tag), name, kind: 'text', context: 'any' })),
    },
  );
  const namespace = fc.constantFrom(...namespacePrefixes.filter((prefix) => prefix !== undefined));
  const attributes = fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: namespace.map((prefix) => ({ xmlns: prefix + version })) },
    {
      weight: 1,
      arbitrary: fc
        .record({ xmlns: text, 'xmlns:xsi': text, mode: text }, { requiredKeys: [] })
        .filter((record) => Object.keys(record).length > 0),
    },
  );
  const named = (
    { name }: Tag,
    extra: Readonly<Record<string, string>> | undefined,
    rest: Pick<Element, 'children' | 'text'>,
  ) => (extra === undefined ? { name, ...rest } : { name, attributes: { ...extra }, ...rest });
  return fc.letrec<{ node: Element; leaf: Element; branch: Element }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      { weight: 2, arbitrary: tie('leaf') },
      { weight: 3, arbitrary: tie('branch') },
    ),
    leaf: tag.chain((leafTag) =>
      fc
        .tuple(attributes, textFor(version, leafTag))
        .map(([extra, leaf]) => named(leafTag, extra, { children: [], text: leaf })),
    ),
    branch: fc
      .tuple(tag, attributes, fc.array(tie('node'), { minLength: 1, maxLength: 5 }))
      .map(([branchTag, extra, children]) => named(branchTag, extra, { children, text: '' })),
  })).node;
}

describe(`seed ${seed}`, () => {
  test.each(CSP_VERSIONS)('a tree of %s comes back from XML, from WBXML and from one through the other', (version) => {
    fc.assert(
      fc.property(treeOf(version), (tree) => {
        const xml = encodeXmlDocument(tree);
        const fromXml = decodeXmlDocument(xml);
        const fromWbxml = decodeWbxmlDocument(encodeWbxmlDocument(fromXml, version), version);
        expect(fromXml).toEqual(tree);
        expect(fromWbxml).toEqual(tree);
        expect(encodeXmlDocument(fromWbxml).equals(xml)).toBe(true);
        expect(bySaxes(xml)).toEqual(tree);
      }),
      { seed, numRuns: 1000 },
    );
  });

  test.each(CSP_VERSIONS)('a fragment of %s reads the same between other elements, whatever the pages', (version) => {
    const { tags } = tokenTables(version);
    const byPage = [0, 1, 3, 6].map(
      (page) =>
        tags.find(
          (tag) => tag?.page === page && tag.name === tokenTables(version).tagOfName.get(tag.name)?.name,
        ) as Tag,
    );
    fc.assert(
      fc.property(treeOf(version), fc.constantFrom(...byPage), fc.constantFrom(...byPage), (tree, before, after) => {
        let fragment: Buffer;
        try {
          fragment = encodeWbxmlFragment(tree, version, before.page, after.page);
        } catch (error) {
          expect((error as CspError).code).toBe('UNKNOWN_TOKEN');
          return;
        }
        const start = encodeWbxmlDocument(
          { name: 'Result', children: [{ name: before.name, children: [], text: '' }], text: '' },
          version,
        );
        const document = Buffer.concat([start.subarray(0, -1), fragment, Buffer.from([after.token, 0x01])]);
        expect(decodeWbxmlDocument(document, version).children).toEqual([
          { name: before.name, children: [], text: '' },
          tree,
          { name: after.name, children: [], text: '' },
        ]);
      }),
      { seed, numRuns: 300 },
    );
  });

  const corpus = (version: CspVersion, ending: string) => {
    const folder = new URL(`../../corpus/csp-${version}/`, import.meta.url);
    return readdirSync(folder)
      .filter((file) => file.endsWith(ending))
      .map((file) => new URL(file, folder));
  };
  /** Some octets overwritten, put in or taken out. */
  const mutations = fc.array(
    fc.record({
      at: fc.nat(4095),
      remove: fc.nat(2),
      insert: fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 4, 0x80, 0x83, 0xc3)), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const mutated = (octets: Buffer, changes: readonly { at: number; remove: number; insert: readonly number[] }[]) =>
    changes.reduce((before, { at, remove, insert }) => {
      const place = at % (before.length + 1);
      return Buffer.concat([before.subarray(0, place), Buffer.from(insert), before.subarray(place + remove)]);
    }, octets);
  const outcome = (read: () => Element): Element | undefined => {
    try {
      return read();
    } catch (error) {
      expect(error).toBeInstanceOf(CspError);
      return undefined;
    }
  };

  test('octets of any kind give a tree that can be spelled, or an error of the codec', () => {
    const messages = (['1.2', '1.3'] as const).flatMap((version) =>
      corpus(version, '.wbxml.hex').map((file) => ({ version, octets: readHexFile(file) })),
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...messages), mutations, fc.boolean(), ({ version, octets }, changes, tolerant) => {
        const tree = outcome(() => decodeWbxmlDocument(mutated(octets, changes), version, { tolerant }));
        if (tree === undefined) return;
        accepted++;
        expect(decodeXmlDocument(encodeXmlDocument(tree))).toEqual(tree);
        expect(decodeWbxmlDocument(encodeWbxmlDocument(tree, version), version).name).toBe(tree.name);
      }),
      { seed, numRuns: 4000 },
    );
    expect(accepted).toBeGreaterThan(100);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(...CSP_VERSIONS), (octets, version) => {
        outcome(() => decodeWbxmlDocument(octets, version));
        outcome(() => decodeWbxmlDocument(Buffer.concat([Buffer.from([3, 0x12, 0x6a, 0]), octets]), version));
      }),
      { seed, numRuns: 2000 },
    );
  });

  test('text of any kind gives a tree, or an error of the codec', () => {
    const messages = (['1.2', '1.3'] as const).flatMap((version) =>
      corpus(version, '.xml').map((file) => readFileSync(file)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...messages), mutations, (octets, changes) => {
        const document = mutated(octets, changes);
        outcome(() => decodeXmlDocument(document));
        const read = outcome(() => {
          scanEnvelope(document, 'xml');
          return decodeXmlDocument(document);
        });
        if (read !== undefined) expect(bySaxes(document)).toEqual(read);
      }),
      { seed, numRuns: 1000 },
    );
  });
});

interface Unfinished {
  name: string;
  attributes?: Record<string, string>;
  children: Unfinished[];
  text: string;
}

/** The tree as another, strict parser reads it. */
function bySaxes(xml: Buffer): Element {
  const parser = new SaxesParser();
  const open: Unfinished[] = [{ name: '', children: [], text: '' }];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Unfinished = { name, children: [], text: '' };
    if (Object.keys(attributes).length > 0) element.attributes = { ...(attributes as Record<string, string>) };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  const addText = (chars: string) => {
    const element = open.at(-1) as Unfinished;
    element.text += chars;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop() as Unfinished;
    if (element.children.length > 0) element.text = '';
  });
  parser.write(xml.toString('utf8')).close();
  return open[0]?.children[0] as Element;
}
