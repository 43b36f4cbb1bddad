/**
 * The token tables against the protocol's own: what a few tokens mean in each version is written out here, every single
 * entry is compared with the published tables when they are at hand.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CSP_VERSIONS, type CspVersion } from '../../../gateway/csp/versions.ts';
import { kindOf, TAG_PAGES, tagIndex, tokenTables } from '../../../gateway/csp/wbxml/tokens.ts';
import { TAG_EXCEPTIONS, TAG_RUNS } from '../../../gateway/csp/wbxml/tokens-pages.ts';
import { NAMESPACE_TOKENS, PUBLIC_ID_TOKENS, VALUE_RUNS } from '../../../gateway/csp/wbxml/tokens-values.ts';

const nameOf = (version: CspVersion, page: number, token: number) =>
  tokenTables(version).tags[tagIndex(page, token)]?.name;

describe('token tables', () => {
  test.each([
    ['a token that 1.3 uses again', 9, 0x0b, [undefined, 'ReactiveAuthState', 'AnswerOptionText']],
    [
      'an element that was renamed in 1.2',
      6,
      0x06,
      ['BlockUser-Request', 'BlockEntity-Request', 'BlockEntity-Request'],
    ],
    ['an element that was renamed in 1.3', 3, 0x14, [undefined, 'CIRURL', 'CIRHTTPAddress']],
    ['an element that 1.3 dropped', 1, 0x09, ['Capability', 'Capability', undefined]],
    ['an element whose removal is disputed', 4, 0x19, Array(3).fill('PresenceAuth-Request')],
    ['a system message', 10, 0x15, [undefined, undefined, 'SystemMessage-Request']],
  ])('%s', (_title, page, token, names) => {
    expect(CSP_VERSIONS.map((version) => nameOf(version, page, token))).toEqual(names);
  });

  test('the other spellings of an element are understood when writing', () => {
    for (const version of CSP_VERSIONS) {
      const { tagOfName } = tokenTables(version);
      expect(tagOfName.get('PreferredContent')?.name).toBe('ReferredContent');
      expect(tagOfName.get('BlockUser-Request')).toBe(tagOfName.get('BlockEntity-Request'));
      expect(tagOfName.get('ContentType')?.page).toBe(0);
    }
    expect(tokenTables('1.3').tagOfName.has('ReactiveAuthState')).toBe(false);
    expect(tokenTables('1.2').tagOfName.has('AnswerOptionText')).toBe(false);
  });

  test('a value token means what its version and page say', () => {
    const read = (version: CspVersion, context: 'access' | 'presence' | 'any', token: number) =>
      tokenTables(version).values[context][token];
    expect(CSP_VERSIONS.map((version) => read(version, 'any', 0x68))).toEqual(['IM', 'IM', 'AP']);
    expect(CSP_VERSIONS.map((version) => read(version, 'any', 0x3d))).toEqual(['GROUP_ID', 'GROUP_ID', 'History']);
    expect(read('1.3', 'access', 0x3d)).toBe('GROUP_ID');
    expect(read('1.3', 'any', 0x92)).toBeUndefined();
    expect(tokenTables('1.3').tokenOfValue.access.get('SMS')).toBe(0x43);
    expect(tokenTables('1.3').tokenOfValue.presence.get('SMS')).toBe(0x75);
    expect(tokenTables('1.1').tokenOfValue.presence.get('IM')).toBe(0x12);
    expect(tokenTables('1.2').tokenOfValue.any.has('AP')).toBe(false);
  });
});

interface PublishedTag {
  name: string;
  since: CspVersion;
  removed?: CspVersion;
  removedDisputed?: boolean;
  aliases?: Partial<Record<CspVersion, string>>;
  reused?: boolean;
  decodeOnly?: boolean;
  variantSpellings?: string[];
}
interface PublishedValue {
  value: string;
  since: CspVersion;
  removed?: CspVersion;
  context?: string;
  aliases?: Partial<Record<CspVersion, string>>;
  alternate?: { value: string; since: CspVersion };
  preferForEncoding?: string;
}
interface Published {
  tagPages: Record<string, Record<string, PublishedTag>>;
  attributeStart: Record<string, Record<string, { valuePrefix: string; since: CspVersion }>>;
  extValueTokens: Record<string, PublishedValue>;
  publicIds: Record<CspVersion, { wbxml: number }>;
  contentEncodings: Record<'integer' | 'dateTime' | 'boolean' | 'binary', { elements: string[] }>;
}

const PUBLISHED = new URL('../../../../shared/protocol/wbxml-tokens.json', import.meta.url);

/**
 * Elements that the published tables call removed in 1.3 while the content models and recordings of 1.3 have them: taken
 * as disputed, so that a client that sends them is understood.
 */
const STILL_SENT_IN_1_3: readonly (readonly [number, string])[] = [
  [0, '0x18'],
  [3, '0x06'],
];

if (!existsSync(PUBLISHED)) {
  test('the published token tables are not here; nothing to compare with', () => {
    expect(existsSync(PUBLISHED)).toBe(false);
  });
} else {
  const published = JSON.parse(readFileSync(PUBLISHED, 'utf8')) as Published;
  for (const [page, token] of STILL_SENT_IN_1_3) {
    const entry = published.tagPages[page]?.[token];
    if (entry !== undefined) entry.removedDisputed = true;
  }

  describe('compared with the published tables', () => {
    test('every tag, with all that is said of it', () => {
      const ours: Record<string, Record<string, PublishedTag>> = {};
      for (const { page, firstToken, since, names } of TAG_RUNS) {
        for (const [offset, name] of names.entries()) {
          const token = firstToken + offset;
          const exception = TAG_EXCEPTIONS.find((row) => row.page === page && row.token === token);
          const { page: _page, token: _token, name: exceptionName, ...rest } = exception ?? { name };
          expect(exceptionName).toBe(name);
          const key = `0x${token.toString(16).toUpperCase().padStart(2, '0')}`;
          ours[page] = { ...ours[page], [key]: { name, since, ...(rest as Partial<PublishedTag>) } };
        }
      }
      expect(ours).toEqual(published.tagPages);
    });

    test.each(CSP_VERSIONS)('what every token of every page means in %s', (version) => {
      for (let page = 0; page < TAG_PAGES; page++) {
        for (let token = 0x05; token < 0x40; token++) {
          const entry = published.tagPages[page]?.[`0x${token.toString(16).toUpperCase().padStart(2, '0')}`];
          const exists =
            entry && entry.since <= version && (!entry.removed || version < entry.removed || entry.removedDisputed);
          expect([page, token, nameOf(version, page, token)]).toEqual([
            page,
            token,
            entry?.aliases?.[version] ?? (exists ? entry?.name : undefined),
          ]);
        }
      }
    });

    test.each(CSP_VERSIONS)('every value token in %s', (version) => {
      const tables = tokenTables(version);
      for (let token = 0; token < 0x100; token++) {
        const entry = published.extValueTokens[`0x${token.toString(16).toUpperCase().padStart(2, '0')}`];
        const exists = entry && entry.since <= version && (!entry.removed || version < entry.removed);
        const value = entry?.aliases?.[version] ?? (exists ? entry?.value : undefined);
        const elsewhere = entry?.alternate && entry.alternate.since <= version ? entry.alternate.value : value;
        expect([token, tables.values.access[token]]).toEqual([token, value]);
        expect([token, tables.values.presence[token]]).toEqual([token, elsewhere]);
        expect([token, tables.values.any[token]]).toEqual([token, elsewhere]);
      }
      for (const context of ['access', 'presence', 'any'] as const) {
        for (const [value, token] of tables.tokenOfValue[context]) expect(tables.values[context][token]).toBe(value);
      }
    });

    test('the context of every value token', () => {
      const contexts = Object.fromEntries(
        VALUE_RUNS.flatMap(({ firstToken, values, context }) => values.map((_value, i) => [firstToken + i, context])),
      );
      for (const [token, entry] of Object.entries(published.extValueTokens)) {
        expect([token, contexts[Number(token)]]).toEqual([token, entry.context ?? 'any']);
      }
    });

    test('namespaces, public identifiers and kinds of content', () => {
      expect(
        Object.fromEntries(NAMESPACE_TOKENS.map(({ token, valuePrefix, since }) => [token, { valuePrefix, since }])),
      ).toEqual(
        Object.fromEntries(
          Object.entries(published.attributeStart['0'] ?? {}).map(([token, { valuePrefix, since }]) => [
            Number(token),
            { valuePrefix, since },
          ]),
        ),
      );
      for (const version of CSP_VERSIONS) expect(PUBLIC_ID_TOKENS[version]).toBe(published.publicIds[version].wbxml);
      const { integer, boolean, dateTime, binary } = published.contentEncodings;
      expect(integer.elements.map(kindOf)).toEqual(integer.elements.map(() => 'integer'));
      expect(boolean.elements.map(kindOf)).toEqual(boolean.elements.map(() => 'boolean'));
      expect(dateTime.elements.map(kindOf)).toEqual(dateTime.elements.map(() => 'date-time'));
      expect(binary.elements.map(kindOf)).toEqual(binary.elements.map(() => 'binary'));
      const others = TAG_RUNS.flatMap(({ names }) => names).filter((name) => kindOf(name) !== 'text');
      expect(new Set(others)).toEqual(
        new Set([
          ...['Accuracy', 'Altitude', 'Cpriority'],
          ...[integer, boolean, dateTime, binary].flatMap(({ elements }) => elements),
        ]),
      );
    });
  });
}
