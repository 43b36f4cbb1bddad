/**
 * The token tables as the WBXML scan wants them: one byte per token, in flat arrays, made at load from the tables that
 * the codec reads with.
 */
import { PLACE_OF_NAME } from './envelope-draft.ts';
import { CSP_VERSIONS, type CspVersion, NAMESPACES } from './versions.ts';
import { TAG_PAGES, type TokenTables, tagIndex, tokenTables, tolerantTokenTables } from './wbxml/tokens.ts';
import { PUBLIC_ID_TOKENS } from './wbxml/tokens-values.ts';

/** What an element's OPAQUE data is, in bits 4 and 5 of a tag's byte. */
export const OpaqueKind = { Text: 0x00, Octets: 0x10, Integer: 0x20, DateTime: 0x30 } as const;
export const OPAQUE_KIND_BITS = 0x30;
export const PLACE_BITS = 0x0f;
const KNOWN = 0x80;

export interface ScanTables {
  /** By tag index: 0 for a token that the version does not have; else {@link KNOWN}, the opaque kind and the place of the name. */
  readonly tags: Uint8Array;
  readonly names: readonly string[];
  /** By value token: the value's length in bytes plus 1, 0 for a token that the version does not have. */
  readonly valueLengths: Uint8Array;
  readonly values: readonly (string | undefined)[];
  /** By attribute start token: the prefix of an xmlns; undefined for a token that the version does not have. */
  readonly namespacePrefixes: readonly (string | undefined)[];
}

function opaqueKind(kind: string): number {
  if (kind === 'binary') return OpaqueKind.Octets;
  if (kind === 'integer' || kind === 'integer-when-opaque') return OpaqueKind.Integer;
  return kind === 'date-time' ? OpaqueKind.DateTime : OpaqueKind.Text;
}

function build(source: TokenTables): ScanTables {
  const tags = new Uint8Array(TAG_PAGES * 64);
  const names: string[] = new Array(TAG_PAGES * 64).fill('');
  for (let page = 0; page < TAG_PAGES; page++) {
    for (let token = 5; token < 64; token++) {
      const index = tagIndex(page, token);
      const tag = source.tags[index];
      if (tag === undefined) continue;
      names[index] = tag.name;
      tags[index] = KNOWN | opaqueKind(tag.kind) | (PLACE_OF_NAME.get(tag.name) ?? 0);
    }
  }
  const valueLengths = new Uint8Array(256);
  for (const values of Object.values(source.values)) {
    for (const [token, value] of values.entries()) if (value !== undefined) valueLengths[token] = value.length + 1;
  }
  return { tags, names, valueLengths, values: source.values.any, namespacePrefixes: source.namespacePrefixes };
}

const STRICT = new Map(CSP_VERSIONS.map((version) => [version, build(tokenTables(version))]));
const TOLERANT = new Map(CSP_VERSIONS.map((version) => [version, build(tolerantTokenTables(version))]));

/** The tables of a version; tolerant ones know the tokens of other versions too, where the version's own have none. */
export function scanTables(version: CspVersion, tolerant: boolean): ScanTables {
  return (tolerant ? TOLERANT : STRICT).get(version) as ScanTables;
}

const DIGITS = 10;
const VERSION_OF_USUAL_NAMESPACE: (CspVersion | undefined)[] = [];
for (const [token, prefix] of scanTables('1.3', false).namespacePrefixes.entries()) {
  for (let digit = 0; digit < DIGITS; digit++) {
    VERSION_OF_USUAL_NAMESPACE[token * DIGITS + digit] = CSP_VERSIONS.find(
      (version) => prefix !== undefined && NAMESPACES[version].csp === `${prefix}1.${digit}`,
    );
  }
}

/**
 * The version that the root's attributes at `at` name in the spelling that everybody uses: an xmlns token, the version
 * as an inline string, END. Undefined for any other spelling.
 */
export function usualNamespace(bytes: Uint8Array, at: number): CspVersion | undefined {
  const digit = usualDigit(bytes, at);
  return digit < 0 ? undefined : VERSION_OF_USUAL_NAMESPACE[(bytes[at] as number) * DIGITS + digit];
}

/** Whether the attributes at `at` are the namespace of a TransactionContent of that version, in the same spelling. */
export function usualContentNamespace(bytes: Uint8Array, at: number, version: CspVersion): boolean {
  return bytes[at] === CONTENT_NAMESPACE_TOKEN[version] && usualDigit(bytes, at) >= 0;
}

const CONTENT_NAMESPACE_TOKEN: Readonly<Record<CspVersion, number>> = {
  '1.1': contentToken('1.1'),
  '1.2': contentToken('1.2'),
  '1.3': contentToken('1.3'),
};

function contentToken(version: CspVersion): number {
  const { namespacePrefixes } = scanTables(version, false);
  return namespacePrefixes.findIndex((prefix) => `${prefix}${version}` === NAMESPACES[version].trc);
}

/** The digit d of an attribute token with the value 1.d as an inline string, and nothing else; -1 for anything else. */
function usualDigit(bytes: Uint8Array, at: number): number {
  if (at + 6 >= bytes.length) return -1;
  const digit = (bytes[at + 4] as number) - 0x30;
  if ((bytes[at] as number) > 0x3f || digit < 0 || digit >= DIGITS) return -1;
  const usual =
    bytes[at + 1] === 0x03 &&
    bytes[at + 2] === 0x31 &&
    bytes[at + 3] === 0x2e &&
    bytes[at + 5] === 0x00 &&
    bytes[at + 6] === 0x01;
  return usual ? digit : -1;
}

export const USUAL_NAMESPACE_BYTES = 7;

const VERSION_OF_PUBLIC_TOKEN: ReadonlyMap<number, CspVersion> = new Map(
  CSP_VERSIONS.map((version) => [PUBLIC_ID_TOKENS[version], version]),
);

/** The version of a public identifier that is a number; undefined for one that says nothing (0x01: unknown). */
export function versionOfPublicToken(token: number): CspVersion | undefined {
  return VERSION_OF_PUBLIC_TOKEN.get(token);
}
