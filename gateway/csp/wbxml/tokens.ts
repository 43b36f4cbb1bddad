/**
 * The token tables of one version, made once at load from the data in `tokens-pages.ts` and `tokens-values.ts`: token to
 * name for reading, name to token for writing. A token or element that the version does not have is in neither, so that
 * nothing of 1.3 is written to an older client as a token it cannot know [P12].
 */
import { CSP_VERSIONS, type CspVersion, isAtLeast } from '../versions.ts';
import { TAG_EXCEPTIONS, TAG_RUNS, type TagException } from './tokens-pages.ts';
import {
  BINARY_ELEMENTS,
  BOOLEAN_ELEMENTS,
  DATE_TIME_ELEMENTS,
  INTEGER_ELEMENTS,
  INTEGER_WHEN_OPAQUE,
  NAMESPACE_TOKENS,
  VALUE_EXCEPTIONS,
  VALUE_RUNS,
  type ValueContext,
} from './tokens-values.ts';

/** How an element's text is put into octets. `integer-when-opaque` is text unless it comes in octets. */
export type ContentKind = 'text' | 'integer' | 'integer-when-opaque' | 'boolean' | 'date-time' | 'binary';

export interface Tag {
  readonly name: string;
  readonly page: number;
  /** Without the bits for content and attributes: 0x05 to 0x3f. */
  readonly token: number;
  readonly kind: ContentKind;
  readonly context: ValueContext;
}

export interface TokenTables {
  /** By {@link tagIndex}. */
  readonly tags: readonly (Tag | undefined)[];
  /** By name, other known spellings and the names of other versions included; never for `decodeOnly`. */
  readonly tagOfName: ReadonlyMap<string, Tag>;
  /** By token, for an element of the given context. */
  readonly values: Readonly<Record<ValueContext, readonly (string | undefined)[]>>;
  readonly tokenOfValue: Readonly<Record<ValueContext, ReadonlyMap<string, number>>>;
  /** The value prefix of xmlns by attribute start token. */
  readonly namespacePrefixes: readonly (string | undefined)[];
}

export const TAG_PAGES = 12;
const TOKENS_ON_A_PAGE = 64;

/** Where {@link TokenTables.tags} has a tag; undefined is found there for a page or token that does not exist. */
export function tagIndex(page: number, token: number): number {
  return page * TOKENS_ON_A_PAGE + token;
}

/** How the text of an element of that name is put into octets, whether the name has a token or not. */
export function kindOf(name: string): ContentKind {
  if (INTEGER_ELEMENTS.has(name)) return 'integer';
  if (BOOLEAN_ELEMENTS.has(name)) return 'boolean';
  if (DATE_TIME_ELEMENTS.has(name)) return 'date-time';
  if (BINARY_ELEMENTS.has(name)) return 'binary';
  return INTEGER_WHEN_OPAQUE.has(name) ? 'integer-when-opaque' : 'text';
}

function contextOf(page: number, name: string): ValueContext {
  if (page === 1 || page === 3 || page === 10) return 'access';
  return page === 4 || page === 5 || name === 'PresenceValue' ? 'presence' : 'any';
}

const EXCEPTION_OF_TAG: ReadonlyMap<number, TagException> = new Map(
  TAG_EXCEPTIONS.map((exception) => [tagIndex(exception.page, exception.token), exception]),
);

/** The name of a token in a version; undefined when the version has no such element. */
function nameIn(version: CspVersion, name: string, since: CspVersion, exception: TagException | undefined) {
  const alias = exception?.aliases?.[version];
  if (alias !== undefined) return alias;
  if (!isAtLeast(version, since)) return undefined;
  const isRemoved = exception?.removed !== undefined && isAtLeast(version, exception.removed);
  return isRemoved && !exception.removedDisputed ? undefined : name;
}

function buildTags(version: CspVersion): Pick<TokenTables, 'tags' | 'tagOfName'> {
  const tags: (Tag | undefined)[] = new Array<undefined>(TAG_PAGES * TOKENS_ON_A_PAGE).fill(undefined);
  const tagOfName = new Map<string, Tag>();
  const otherSpellings: [string, Tag][] = [];
  for (const { page, firstToken, since, names } of TAG_RUNS) {
    for (const [offset, canonicalName] of names.entries()) {
      const token = firstToken + offset;
      const exception = EXCEPTION_OF_TAG.get(tagIndex(page, token));
      const name = nameIn(version, canonicalName, since, exception);
      if (name === undefined) continue;
      const tag: Tag = { name, page, token, kind: kindOf(name), context: contextOf(page, name) };
      tags[tagIndex(page, token)] = tag;
      if (exception?.decodeOnly) continue;
      tagOfName.set(name, tag);
      for (const spelling of exception?.variantSpellings ?? []) otherSpellings.push([spelling, tag]);
      if (exception?.reused) continue;
      for (const alias of [canonicalName, ...Object.values(exception?.aliases ?? {})])
        otherSpellings.push([alias, tag]);
    }
  }
  for (const [spelling, tag] of otherSpellings) {
    if (!tagOfName.has(spelling)) tagOfName.set(spelling, tag);
  }
  return { tags, tagOfName };
}

function buildValues(version: CspVersion, context: ValueContext) {
  const values: (string | undefined)[] = [];
  const tokenOfValue = new Map<string, number>();
  for (const run of VALUE_RUNS) {
    const exists = isAtLeast(version, run.since) && (run.removed === undefined || !isAtLeast(version, run.removed));
    for (const [offset, value] of run.values.entries()) {
      if (!exists) continue;
      const token = run.firstToken + offset;
      values[token] = value;
      if (run.context === 'any' || run.context === context) tokenOfValue.set(value, token);
    }
  }
  for (const { token, value, versions, outsideContext } of VALUE_EXCEPTIONS) {
    if (!versions.includes(version) || outsideContext === context) continue;
    values[token] = value;
    if (!tokenOfValue.has(value)) tokenOfValue.set(value, token);
  }
  return { values, tokenOfValue };
}

function buildTables(version: CspVersion): TokenTables {
  const access = buildValues(version, 'access');
  const presence = buildValues(version, 'presence');
  const any = buildValues(version, 'any');
  const namespacePrefixes: (string | undefined)[] = [];
  for (const { token, valuePrefix, since } of NAMESPACE_TOKENS) {
    if (isAtLeast(version, since)) namespacePrefixes[token] = valuePrefix;
  }
  return {
    ...buildTags(version),
    values: { access: access.values, presence: presence.values, any: any.values },
    tokenOfValue: { access: access.tokenOfValue, presence: presence.tokenOfValue, any: any.tokenOfValue },
    namespacePrefixes,
  };
}

const TABLES = new Map(CSP_VERSIONS.map((version) => [version, buildTables(version)]));

/** The tables of a version; the same object every time. */
export function tokenTables(version: CspVersion): TokenTables {
  return TABLES.get(version) as TokenTables;
}

const TOLERANT_TABLES = new Map(CSP_VERSIONS.map((version) => [version, withOtherVersions(tokenTables(version))]));

/**
 * For answers of VASPs [X5]: the same tables, and where the version has no such token what a newer or else an older one
 * means by it. COMPAT Baraza: answers GetMessageList of 1.1 with the MessageInfoList of 1.3 [P17].
 */
export function tolerantTokenTables(version: CspVersion): TokenTables {
  return TOLERANT_TABLES.get(version) as TokenTables;
}

function withOtherVersions(own: TokenTables): TokenTables {
  const newestFirst = [own, ...[...TABLES.values()].reverse()];
  const merged = <T>(list: (tables: TokenTables) => readonly (T | undefined)[]) =>
    Array.from({ length: Math.max(...newestFirst.map((tables) => list(tables).length)) }, (_, token) =>
      newestFirst.map((tables) => list(tables)[token]).find((entry) => entry !== undefined),
    );
  return {
    ...own,
    tags: merged(({ tags }) => tags),
    values: {
      access: merged(({ values }) => values.access),
      presence: merged(({ values }) => values.presence),
      any: merged(({ values }) => values.any),
    },
    namespacePrefixes: merged(({ namespacePrefixes }) => namespacePrefixes),
  };
}
