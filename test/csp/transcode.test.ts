/**
 * Transcoding says what the message says: byte for byte what decoding into a tree and encoding that gives, in both
 * directions, for every message that the scan accepts, however it is spelled, and for damaged ones the same refusal.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { decodeDocument, encodeDocument } from '../../gateway/csp/codec.ts';
import { element } from '../../gateway/csp/element.ts';
import { type Envelope, scanEnvelope } from '../../gateway/csp/envelope.ts';
import { CspError } from '../../gateway/csp/errors.ts';
import { DEFAULT_LIMITS } from '../../gateway/csp/limits.ts';
import { toDocument } from '../../gateway/csp/message.ts';
import { otherEncoding, transcode, wbxmlToXml, xmlToWbxml } from '../../gateway/csp/transcode/transcode.ts';
import { CSP_VERSIONS, type Encoding } from '../../gateway/csp/versions.ts';
import { scaled } from '../scale.ts';
import { CSP12, mutated, randomOf, SEED, wbxml, xml } from './envelope-samples.ts';
import { randomDocument } from './generated.ts';
import { spellWbxml, spellXml } from './spellings.ts';
import { hex, lines } from './trees.ts';

/** The bytes, or the code of the error. */
function outcome(work: () => Buffer): string {
  try {
    return work().toString('latin1');
  } catch (error) {
    if (error instanceof CspError) return error.code;
    throw error;
  }
}

function overTrees(bytes: Buffer, { encoding, version }: Envelope, tolerant: boolean): Buffer {
  return encodeDocument(decodeDocument(bytes, encoding, version, { tolerant }), otherEncoding(encoding), version);
}

/** What became of a message: refused by the scan, the same on both ways, or refused by the parser of the tree alone. */
type Verdict = 'refused' | 'same' | 'not parsed';

function compare(bytes: Buffer, encoding: Encoding, tolerant: boolean): Verdict {
  let envelope: Envelope;
  try {
    envelope = scanEnvelope(bytes, encoding, { tolerant });
  } catch (error) {
    if (error instanceof CspError) return 'refused';
    throw error;
  }
  const transcoded = outcome(() => transcode(bytes, envelope, { tolerant }));
  const expected = outcome(() => overTrees(bytes, envelope, tolerant));
  // The library that makes trees of XML does not read every instruction of a prologue.
  if (bytes.includes('<?') && expected === 'NOT_WELL_FORMED' && transcoded.startsWith('\x03')) return 'not parsed';
  if (transcoded !== expected) expect({ bytes: bytes.toString('latin1'), transcoded }).toEqual({ bytes: '', expected });
  return 'same';
}

function filesBelow(folder: URL): readonly string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => fileURLToPath(new URL(file, folder)))
    : [];
}

interface Sample {
  readonly name: string;
  readonly encoding: Encoding;
  readonly bytes: Buffer;
}

/** Every message of the corpora that are here; of recordings both sides of every exchange. */
function corpus(folder: URL): readonly Sample[] {
  return filesBelow(folder).flatMap((name): Sample[] => {
    if (name.endsWith('.xml')) return [{ name, encoding: 'xml', bytes: readFileSync(name) }];
    if (name.endsWith('.wbxml')) return [{ name, encoding: 'wbxml', bytes: readFileSync(name) }];
    if (name.endsWith('.hex')) {
      return [{ name, encoding: 'wbxml', bytes: hex(readFileSync(name, 'utf8').replace(/#.*/g, '')) }];
    }
    return name.endsWith('.txt') ? recorded(name, readFileSync(name, 'utf8')) : [];
  });
}

function recorded(name: string, recording: string): Sample[] {
  const binary = [...recording.matchAll(/^-- hex\n((?:[0-9a-f]{4} {2}.*\n)+)/gm)].map(
    ([, dump = '']): Sample => ({ name, encoding: 'wbxml', bytes: hex(dump.replace(/^.{6}(.{48}).*$/gm, '$1')) }),
  );
  const text = [...recording.matchAll(/\n\n(<\?xml[\s\S]*?<\/WV-CSP-Message\s*>)/g)].map(
    ([, document = '']): Sample => ({ name, encoding: 'xml', bytes: Buffer.from(document) }),
  );
  return [...binary, ...text];
}

const OWN = corpus(new URL('../corpus/', import.meta.url));

describe('transcoding and the trees agree', () => {
  test('on every message of the corpora, strict and tolerant', () => {
    const shared = corpus(new URL('../../../shared/corpus/', import.meta.url));
    let accepted = 0;
    for (const { encoding, bytes } of [...OWN, ...shared]) {
      for (const tolerant of [false, true]) if (compare(bytes, encoding, tolerant) === 'same') accepted++;
    }
    expect(accepted).toBeGreaterThan(2 * 120);
    if (shared.length > 0) expect(accepted).toBeGreaterThan(1000);
  });

  const spelled = scaled(2_000, 100_000);
  test.each(CSP_VERSIONS)(`on ${spelled} messages of %s, spelled in all ways (seed ${SEED})`, (version) => {
    const random = randomOf(SEED + 10 + CSP_VERSIONS.indexOf(version));
    for (let i = 0; i < spelled; i++) {
      const tree = randomDocument(version, random);
      const [asXml, asWbxml] = [spellXml(tree, random), spellWbxml(tree, version, random)];
      const toWbxml = outcome(() => xmlToWbxml(asXml));
      const toXml = outcome(() => wbxmlToXml(asWbxml));
      if (toWbxml !== encodeDocument(tree, 'wbxml', version).toString('latin1')) {
        expect({ i, asXml: asXml.toString(), toWbxml }).toEqual({ tree });
      }
      if (toXml !== encodeDocument(tree, 'xml', version).toString('latin1')) {
        expect({ i, asWbxml: asWbxml.toString('latin1'), toXml: Buffer.from(toXml, 'latin1').toString() }).toEqual({
          tree,
        });
      }
    }
  });

  const mutations = scaled(10_000, 500_000);
  test.each(['xml', 'wbxml'] as const)(`on ${mutations} damaged messages in %s (seed ${SEED})`, (encoding) => {
    const random = randomOf(SEED + 20 + (encoding === 'xml' ? 0 : 1));
    const samples = [
      ...OWN.filter((sample) => sample.encoding === encoding).map(({ bytes }) => bytes),
      ...CSP_VERSIONS.flatMap((version) =>
        Array.from({ length: 20 }, () => {
          const tree = randomDocument(version, random);
          return encoding === 'xml' ? spellXml(tree, random) : spellWbxml(tree, version, random);
        }),
      ),
    ];
    const seen: Record<Verdict, number> = { refused: 0, same: 0, 'not parsed': 0 };
    for (let i = 0; i < mutations; i++) {
      const bytes = mutated(samples[random(samples.length)] as Buffer, random);
      seen[compare(bytes, encoding, random(2) === 0)]++;
    }
    expect(seen.same).toBeGreaterThan(mutations / 50);
    expect(seen['not parsed']).toBeLessThan(mutations / 200);
  });
});

const content = (text: string): string => xml({ content: text });

describe('what text can be', () => {
  test.each([
    ['line ends are normalised, a reference to CR is not', '<A>a\r\nb\rc&#13;\nd</A>', '<A>a\nb\nc&#13;\nd</A>'],
    ['a CR before and in a section', '<A>a\r<![CDATA[\r\n<b>]]>\r</A>', '<A>a\n\n&lt;b&gt;\n</A>'],
    ['a comment inside a word', '<A>wo<!-- < -->rd</A>', '<A>word</A>'],
    ['nothing but a comment', '<A><!-- x --></A>', '<A/>'],
    ['nothing but an empty section', '<A><![CDATA[]]></A>', '<A/>'],
    ['blanks alone', '<A> \n</A>', '<A> \n</A>'],
    ['blanks beside elements', '<A> <B/>&#32;<!-- x --><B></B>\n<![CDATA[ ]]></A>', '<A><B/><B/></A>'],
    ['every reference', '<A>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#xe9;</A>', '<A>&lt;&gt;&amp;"\'A😀é</A>'],
    ['a boolean between blanks', '<Poll> T\n</Poll>', '<Poll>T</Poll>'],
    ['a number between blanks', '<TimeToLive>\n60 </TimeToLive>', '<TimeToLive>60</TimeToLive>'],
    ['a number that is none', '<TimeToLive>060</TimeToLive>', '<TimeToLive>060</TimeToLive>'],
    ['the largest number', '<TimeToLive>4294967295</TimeToLive>', '<TimeToLive>4294967295</TimeToLive>'],
    ['attributes', `<A a = 'x"&#10;\ty' b="&lt;'"/>`, `<A a="x&quot;&#10; y" b="&lt;'"/>`],
    ['the namespace of no version', '<A xmlns="urn:x"><B xmlns=""/></A>', '<A xmlns="urn:x"><B xmlns=""/></A>'],
  ])('%s', (_what, from, to) => {
    expect(wbxmlToXml(xmlToWbxml(Buffer.from(content(from)))).toString()).toBe(content(to));
  });

  test('text beside elements is refused in both directions', () => {
    for (const odd of ['<A>x<B/></A>', '<A><B/>x</A>', '<A><B/>&#65;</A>', '<A><B/><![CDATA[x]]></A>']) {
      expect(outcome(() => xmlToWbxml(Buffer.from(content(odd))))).toBe('NOT_CSP');
    }
    for (const odd of ["5B 03 'x' 00 0A 01", "5B 0A 03 'x' 00 01", '5B 0A 02 41 01', '5B 0A 80 19 01']) {
      expect(outcome(() => wbxmlToXml(wbxml({ content: `00 01 ${odd}` })))).toBe('NOT_CSP');
    }
  });
});

describe('what is within limits', () => {
  test('elements lie as deep as the scan is told that they may', () => {
    const deep = (depth: number) => Buffer.from(content('<A>'.repeat(depth) + '</A>'.repeat(depth)));
    const limits = { ...DEFAULT_LIMITS, depth: 300 };
    const there = xmlToWbxml(deep(250), { limits });
    const back = `${'<A>'.repeat(249)}<A/>${'</A>'.repeat(249)}`;
    expect(wbxmlToXml(there, { limits }).toString()).toBe(content(back));
    expect(outcome(() => xmlToWbxml(deep(250)))).toBe('OVER_LIMIT');
  });

  test('a message that would be more than 8 times as long, and 4 kB, is refused', () => {
    const features = (count: number, more = '') => wbxml({ content: `00 02 6E ${'2E '.repeat(count)} ${more} 01` });
    const inOctets = '00 00 4D C3 01 41 01';
    expect(wbxmlToXml(features(200)).toString()).toContain('<PresenceDeliverFunc/>');
    expect(outcome(() => wbxmlToXml(features(900)))).toBe('OVER_LIMIT');
    expect(wbxmlToXml(features(200, inOctets)).toString()).toContain('<ContentData>A</ContentData>');
    expect(outcome(() => wbxmlToXml(features(900, inOctets)))).toBe('OVER_LIMIT');
    const references = (count: number) =>
      wbxml({ header: `03 11 6A 81 00 ${'26'.repeat(127)}00`, content: `00 01 5B ${'83 00 '.repeat(count)} 01` });
    expect(outcome(() => wbxmlToXml(references(1)))).toContain('&amp;'.repeat(127));
    expect(outcome(() => wbxmlToXml(references(20)))).toBe('OVER_LIMIT');
  });

  test('a large message comes back as it was, and a small one after it too', () => {
    const large = content(`<A>${'äöü&amp; '.repeat(20_000)}</A>`);
    expect(wbxmlToXml(xmlToWbxml(Buffer.from(large))).toString()).toBe(large);
    expect(wbxmlToXml(xmlToWbxml(Buffer.from(xml()))).toString()).toBe(xml());
  });

  test('what one call gave stays when the next one writes', () => {
    const first = xmlToWbxml(Buffer.from(xml()));
    const kept = Buffer.from(first);
    xmlToWbxml(Buffer.from(content('<Other>text</Other>')));
    expect(first.equals(kept)).toBe(true);
  });
});

describe('what VASPs write', () => {
  const padded = xml({
    before: '<!DOCTYPE IMPS-CSP "-//OMA//DTD WV-CSP 1.1//EN" "http://x">\n',
    descriptor: '<SessionType>\nInband\n</SessionType><SessionID>\ns1\n</SessionID>',
    transactionDescriptor: '<TransactionMode>\nResponse\n</TransactionMode><TransactionID>\n7\n</TransactionID>',
    content: '<Status><Result><Code>\n200\n</Code><Description>\n\nlate\n\n</Description></Result></Status>',
  });

  test('a malformed DOCTYPE is skipped, and line feeds around text are left out where they are asked to be', () => {
    expect(outcome(() => xmlToWbxml(Buffer.from(padded)))).toBe('NOT_WELL_FORMED');
    const kept = xmlToWbxml(Buffer.from(padded), { tolerant: true });
    expect(lines(decodeDocument(kept, 'wbxml', '1.2')).join('\n')).toContain('/SessionType: \nInband\n');
    const unpadded = xmlToWbxml(Buffer.from(padded), { tolerant: true, unpads: true });
    const tree = toDocument({
      version: '1.2',
      sessionType: 'Inband',
      sessionId: 's1',
      transactions: [
        {
          mode: 'Response',
          id: '7',
          primitive: element('Status', [element('Result', [element('Code', 200), element('Description', '\nlate\n')])]),
        },
      ],
    });
    expect(unpadded.toString('hex')).toBe(encodeDocument(tree, 'wbxml', '1.2').toString('hex'));
  });

  test('a message whose first text does not stand between line feeds keeps all of them', () => {
    const message = Buffer.from(content('<A>\ntext\n</A>'));
    expect(xmlToWbxml(message, { tolerant: true, unpads: true }).equals(xmlToWbxml(message))).toBe(true);
  });

  test('a root without its namespace means the version that is assumed', () => {
    const bare = Buffer.from(xml({ root: '' }));
    const there = xmlToWbxml(bare, { tolerant: true, assumedVersion: '1.1' });
    expect(there[1]).toBe(0x10);
    expect(wbxmlToXml(there, { tolerant: true }).toString()).toBe(bare.toString());
    expect(CSP12).toContain('1.2');
  });

  test('tokens of 1.3 do not go to an older version: what has none is spelled out', () => {
    const list =
      '<SystemMessageList><SystemMessage><SystemMessageID>x</SystemMessageID></SystemMessage></SystemMessageList>';
    const there = xmlToWbxml(Buffer.from(content(`<Status>${list}</Status>`)));
    expect(there.subarray(4, 4 + there.readUInt8(3)).toString('latin1')).toBe(
      'SystemMessageList\0SystemMessage\0SystemMessageID\0',
    );
    expect(wbxmlToXml(there).toString()).toBe(content(`<Status>${list}</Status>`));
  });

  test('content in octets is spelled as what is said beside it asks for', () => {
    const message = (body: string) => wbxml({ content: `00 06 55 ${body} 01` });
    const octets = 'C3 03 00 FF 41';
    expect(wbxmlToXml(message(`00 00 4D ${octets} 01 00 00 4E 80 07 01`)).toString()).toContain(
      '<ContentData>AP9B</ContentData><ContentEncoding>BASE64</ContentEncoding>',
    );
    expect(wbxmlToXml(message(`00 00 4D C3 01 41 01`)).toString()).toContain('<ContentData>A</ContentData>');
    expect(wbxmlToXml(message(`00 00 4E 80 1A 01 4D ${octets} 01`)).toString()).toContain(
      '<ContentEncoding>BASE64</ContentEncoding><ContentData>AP9B</ContentData>',
    );
  });
});
