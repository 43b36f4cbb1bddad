/**
 * The WBXML decoder beside libwbxml, the library that phones and servers of the time were built with: both read the same
 * messages to the same trees, but for the differences that are listed. Without `wbxml2xml` (Debian: libwbxml2-utils) there
 * is one test that says so; in CI it must be there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { decodeWbxmlDocument, encodeWbxmlDocument } from '../../gateway/csp/wbxml/codec.ts';
import { kindOf } from '../../gateway/csp/wbxml/tokens.ts';
import { decodeXmlDocument } from '../../gateway/csp/xml.ts';
import { randomOf, SEED } from './envelope-samples.ts';
import { corpusMessages } from './seeds.ts';
import { lines, withoutAttributes } from './trees.ts';

const MESSAGES = 1000;
/** libwbxml knows no CSP 1.3. */
const LANGUAGES = { '1.1': 'CSP11', '1.2': 'CSP12' } as const;
type Version = keyof typeof LANGUAGES;

interface Message {
  readonly name: string;
  readonly version: Version;
  readonly bytes: Buffer;
}

const corpus: readonly Message[] = corpusMessages('wbxml').flatMap(({ name, bytes }) => {
  const { version } = scanEnvelope(bytes, 'wbxml');
  return version === '1.3' ? [] : [{ name, version, bytes }];
});

const WORDS = ['a', 'Hello', 'wv:bob@example.com', 'a < b & c', 'grüße', 'ñ€', '2026', 'T', 'F', 'x'.repeat(300), ''];

/** The same message with other texts and numbers in its content. */
function reworded(element: Element, random: (below: number) => number): Element {
  if (element.children.length > 0) {
    return { ...element, children: element.children.map((child) => reworded(child, random)) };
  }
  if (kindOf(element.name) === 'integer' && element.text !== '') return { ...element, text: String(random(2 ** 31)) };
  const isFree = /^(UserID|URL|Description|Name|NickName|ScreenName|GroupID|StatusText|ContactList|MessageID)$/;
  return isFree.test(element.name) ? { ...element, text: WORDS[random(WORDS.length)] as string } : element;
}

function generated(count: number): Message[] {
  const random = randomOf(SEED);
  return Array.from({ length: count }, (_, index) => {
    const { version, bytes } = corpus[random(corpus.length)] as Message;
    const tree = reworded(decodeWbxmlDocument(bytes, version), random);
    return { name: `generated ${index}`, version, bytes: encodeWbxmlDocument(tree, version) };
  });
}

/** What libwbxml makes of messages, in order; undefined for those that it refuses. */
function readByLibwbxml(messages: readonly Message[]): (string | undefined)[] {
  const folder = mkdtempSync(join(tmpdir(), 'libwbxml-'));
  try {
    for (const [index, { version, bytes }] of messages.entries()) {
      writeFileSync(join(folder, `${index}.${LANGUAGES[version]}`), bytes);
    }
    const script = Object.values(LANGUAGES)
      .map((language) => `for f in *.${language}; do wbxml2xml -m 0 -k -l ${language} -o "$f.xml" "$f"; done`)
      .join('; ');
    spawnSync('sh', ['-c', script], { cwd: folder, stdio: 'ignore' });
    return messages.map(({ version }, index) => {
      const file = join(folder, `${index}.${LANGUAGES[version]}.xml`);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const normal = (tree: Element): string[] => lines(withoutAttributes(tree)).map((line) => line.trimEnd());

/** Where libwbxml is known to read otherwise: why, and what makes its line ours. */
const DIFFERENCES: readonly (readonly [reason: string, theirs: RegExp, ours: string])[] = [
  ['its table of 1.2 writes AutoSubscribe with a hyphen', /Auto-Subscribe/g, 'AutoSubscribe'],
  ['its table lacks CIRURL', /\/unknown(?=[/:]|$)/g, '/CIRURL'],
  ['its table lacks the value SHTTP', /\/SupportedCIRMethod$/, '/SupportedCIRMethod: SHTTP'],
  ['its table has PreferredContent for ReferredContent', /PreferredContent(?=:|$)/g, 'ReferredContent'],
  ['its table has PreferredvCard for ReferredvCard', /PreferredvCard(?=:|$)/g, 'ReferredvCard'],
  ['it gives every date a zone, where the octets may say that there is none', /(\/DateTime: \d{8}T\d{6})Z$/, '$1'],
];

function isKnown(ours: string, theirs: string): boolean {
  return (
    ours ===
    DIFFERENCES.reduce(
      (line, [, pattern, replacement]) => (ours === line ? line : line.replace(pattern, replacement)),
      theirs,
    )
  );
}

/** The lines of two trees that differ, in a form that says of what kind the difference is. */
function differencesOf(message: Message, theirs: string): string[] {
  const ours = normal(decodeWbxmlDocument(message.bytes, message.version));
  const others = normal(decodeXmlDocument(Buffer.from(theirs)));
  const most = Math.max(ours.length, others.length);
  return Array.from({ length: most }, (_, at) => at)
    .filter((at) => ours[at] !== others[at] && !isKnown(ours[at] ?? '', others[at] ?? ''))
    .map((at) => `${ours[at]} | ${others[at]}`);
}

const isInstalled = spawnSync('sh', ['-c', 'command -v wbxml2xml']).status === 0;

describe('the decoder and libwbxml', () => {
  if (!isInstalled) {
    test('libwbxml2-utils is not installed, which is allowed outside CI', () => expect(process.env.CI).toBeUndefined());
    return;
  }
  test(`come to equal trees for ${MESSAGES} messages (seed ${SEED})`, () => {
    const messages = [...corpus, ...generated(MESSAGES - corpus.length)];
    const theirs = readByLibwbxml(messages);
    const found = messages.flatMap((message, index) => {
      const text = theirs[index];
      return (text === undefined ? ['refused'] : differencesOf(message, text)).map(
        (difference) => `${message.name} ${message.version}: ${difference}`,
      );
    });
    expect(found.map((line) => line.slice(-300)).slice(0, 5)).toEqual([]);
  });
});
