/**
 * Attributes of a start tag in the strict XML scan: well-formed, no name twice, within the limits. The only one that
 * the envelope reads is the root's namespace; on the other elements of the envelope a namespace of their own is
 * refused, because a reader that knows namespaces would not find the envelope there, and one that does not would.
 */
import { type EnvelopeDraft, Place } from './envelope-draft.ts';
import {
  highLength,
  isBlank,
  resolvedText,
  scanName,
  scanReference,
  skipBlanks,
  TEXT_CLASS,
  Text,
} from './envelope-xml-lexical.ts';
import type { CodecLimits } from './limits.ts';
import { spells } from './utf8.ts';
import { CSP_VERSIONS, NAMESPACES } from './versions.ts';

/** Where the names of the attributes at hand stand. The scan is synchronous and never inside itself. */
let nameStarts = new Int32Array(64);
let nameEnds = new Int32Array(64);

/**
 * Reads the attributes from `from`, right after the element's name.
 * @returns the place of the `>` or `/` that ends the tag.
 */
export function scanAttributes(
  bytes: Uint8Array,
  from: number,
  place: number,
  draft: EnvelopeDraft,
  limits: CodecLimits,
): number {
  let at = from;
  for (let count = 0; ; count++) {
    const blanks = at;
    at = skipBlanks(bytes, at);
    const byte = bytes[at];
    if (byte === 0x3e || byte === 0x2f) return at;
    if (at >= bytes.length) draft.fail('NOT_WELL_FORMED', 'a start tag has no end', from);
    if (at === blanks) draft.fail('NOT_WELL_FORMED', 'a blank is missing before an attribute', at);
    if (count >= limits.attributes) {
      draft.fail('OVER_LIMIT', `an element has more than ${limits.attributes} attributes`, at);
    }
    const nameStart = at;
    const nameEnd = scanName(bytes, at, draft, limits);
    refuseRepeated(bytes, nameStart, nameEnd, count, draft);
    at = valueStart(bytes, nameEnd, draft);
    const end = scanValue(bytes, at, draft, limits);
    if (nameEnd - nameStart === 5 && spells(bytes, nameStart, 'xmlns')) namespaceFound(bytes, at, end, place, draft);
    at = end + 1;
  }
}

function refuseRepeated(bytes: Uint8Array, start: number, end: number, count: number, draft: EnvelopeDraft): void {
  if (count >= nameStarts.length) {
    nameStarts = Int32Array.from({ length: count * 2 }, (_, i) => nameStarts[i] ?? 0);
    nameEnds = Int32Array.from({ length: count * 2 }, (_, i) => nameEnds[i] ?? 0);
  }
  for (let i = 0; i < count; i++) {
    const other = nameStarts[i] as number;
    if ((nameEnds[i] as number) - other !== end - start) continue;
    let same = 0;
    while (same < end - start && bytes[other + same] === bytes[start + same]) same++;
    if (same === end - start) draft.fail('NOT_WELL_FORMED', 'an attribute stands twice on one element', start);
  }
  nameStarts[count] = start;
  nameEnds[count] = end;
}

/** The place after the opening quote. */
function valueStart(bytes: Uint8Array, from: number, draft: EnvelopeDraft): number {
  let at = isBlank(bytes[from]) ? skipBlanks(bytes, from) : from;
  if (bytes[at] !== 0x3d) draft.fail('NOT_WELL_FORMED', 'an attribute has no value', from);
  at = isBlank(bytes[at + 1]) ? skipBlanks(bytes, at + 1) : at + 1;
  if (bytes[at] !== 0x22 && bytes[at] !== 0x27) {
    draft.fail('NOT_WELL_FORMED', 'the value of an attribute is not quoted', at);
  }
  return at + 1;
}

/** The place of the closing quote. */
function scanValue(bytes: Uint8Array, start: number, draft: EnvelopeDraft, limits: CodecLimits): number {
  const quote = bytes[start - 1] as number;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      if (at - start > limits.textBytes) {
        draft.fail('OVER_LIMIT', `the value of an attribute has more than ${limits.textBytes} bytes`, start);
      }
      return at;
    }
    const textClass = TEXT_CLASS[byte] as number;
    if (textClass === Text.Plain || textClass === Text.Bracket) at++;
    else if (textClass === Text.Ampersand) at = scanReference(bytes, at, draft);
    else if (textClass === Text.High) at += highLength(bytes, at, draft);
    else if (textClass === Text.Less) draft.fail('NOT_WELL_FORMED', 'the value of an attribute holds <', at);
    else draft.fail('NOT_ALLOWED', 'the document holds a control character', at);
  }
  draft.fail('NOT_WELL_FORMED', 'the value of an attribute has no end', start);
}

const NAMESPACE_OF_VERSION = CSP_VERSIONS.map((version) => NAMESPACES[version].csp);

function namespaceFound(bytes: Uint8Array, start: number, end: number, place: number, draft: EnvelopeDraft): void {
  if (place === Place.Message || place === Place.Discovery) {
    for (let i = 0; i < NAMESPACE_OF_VERSION.length; i++) {
      const namespace = NAMESPACE_OF_VERSION[i] as string;
      if (namespace.length !== end - start || !spells(bytes, start, namespace)) continue;
      draft.versionIs(CSP_VERSIONS[i] ?? '1.1');
      return;
    }
    draft.namespaceIs(resolvedText(bytes, start, end), start);
    return;
  }
  const free = place === Place.Elsewhere || place >= Place.Content;
  if (!free && !draft.tolerant) {
    draft.fail('NOT_CSP', 'an element of the envelope has a namespace of its own', start);
  }
}
