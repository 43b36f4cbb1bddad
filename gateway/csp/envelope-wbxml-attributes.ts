/**
 * Attributes in the strict WBXML scan. The token tables know xmlns alone; other names come from the string table. The
 * rule about namespaces on the envelope's elements is that of the XML scan.
 */
import { Place } from './envelope-draft.ts';
import { internedName } from './envelope-names.ts';
import {
  failEnd,
  literalNameEnd,
  stringEnd,
  tableStringStart,
  uintEnd,
  uintValue,
  type WbxmlScan,
} from './envelope-wbxml-items.ts';
import { scanTables, USUAL_NAMESPACE_BYTES, usualContentNamespace, usualNamespace } from './envelope-wbxml-tables.ts';
import { isXmlCharacter, textOf } from './utf8.ts';

/** The place after the END of the attributes that start at `from`, on the element of that place. */
export function scanWbxmlAttributes(scan: WbxmlScan, from: number, place: number): number {
  const { bytes, draft } = scan;
  const isRoot = place === Place.Message || place === Place.Discovery;
  if (isRoot) {
    const version = usualNamespace(bytes, from);
    if (version !== undefined) {
      draft.versionIs(version);
      return from + USUAL_NAMESPACE_BYTES;
    }
  }
  if (place === Place.Content && usualContentNamespace(bytes, from, draft.version)) return from + USUAL_NAMESPACE_BYTES;
  const { namespacePrefixes } = scanTables(isRoot || draft.versionIsUnknown ? '1.3' : draft.version, draft.tolerant);
  const names: string[] = [];
  let value: string | undefined;
  let at = from;
  for (;;) {
    if (at >= bytes.length) failEnd(scan, at);
    const token = bytes[at] as number;
    scan.tokens++;
    if (token === 0x01) break;
    if (token === 0x00) {
      if (bytes[at + 1] !== 0) draft.fail('UNKNOWN_TOKEN', 'there is one page of attributes only', at);
      at += 2;
    } else if (token === 0x02 || token === 0x03 || token === 0x83) {
      if (value === undefined) draft.fail('NOT_WELL_FORMED', 'a value stands before its attribute', at);
      const end = valueEnd(scan, at);
      if (isRoot && names.at(-1) === 'xmlns') value += valueText(scan, at, end);
      at = end;
    } else {
      const prefix = token === 0x04 ? '' : namespacePrefixes[token];
      if (prefix === undefined) draft.fail('UNKNOWN_TOKEN', 'the version has no such attribute token', at);
      if (isRoot && names.at(-1) === 'xmlns') draft.namespaceIs(value ?? '', from);
      const end = token === 0x04 ? uintEnd(scan, at + 1) : at + 1;
      addName(scan, names, token === 0x04 ? literalName(scan, at + 1, end) : 'xmlns', at, place);
      value = prefix;
      at = end;
    }
  }
  if (isRoot && names.at(-1) === 'xmlns') draft.namespaceIs(value ?? '', from);
  return at + 1;
}

function literalName(scan: WbxmlScan, at: number, end: number): string {
  const start = tableStringStart(scan, at, end);
  return internedName(scan.bytes, start, literalNameEnd(scan, start));
}

function addName(scan: WbxmlScan, names: string[], name: string, at: number, place: number): void {
  const { draft, limits } = scan;
  if (names.length >= limits.attributes) {
    draft.fail('OVER_LIMIT', `an element has more than ${limits.attributes} attributes`, at);
  }
  if (names.includes(name)) draft.fail('NOT_WELL_FORMED', 'an attribute stands twice on one element', at);
  names.push(name);
  const free = place <= Place.Message || place >= Place.Content;
  if (name === 'xmlns' && !free && !draft.tolerant) {
    draft.fail('NOT_CSP', 'an element of the envelope has a namespace of its own', at);
  }
}

/** The place after the inline string, table string or entity at `at`. */
function valueEnd(scan: WbxmlScan, at: number): number {
  if (scan.bytes[at] === 0x03) return stringEnd(scan, at + 1, scan.bytes.length) + 1;
  const end = uintEnd(scan, at + 1);
  if (scan.bytes[at] === 0x83) stringEnd(scan, tableStringStart(scan, at + 1, end), scan.tableEnd);
  else checkEntity(scan, at + 1, end);
  return end;
}

function valueText(scan: WbxmlScan, at: number, end: number): string {
  const { bytes } = scan;
  if (bytes[at] === 0x03) return textOf(bytes, at + 1, end - 1);
  if (bytes[at] === 0x02) return String.fromCodePoint(uintValue(bytes, at + 1, end));
  return tableText(scan, at + 1, end);
}

/** The text of the table string whose offset stands between two places. */
function tableText(scan: WbxmlScan, at: number, end: number): string {
  const start = tableStringStart(scan, at, end);
  return textOf(scan.bytes, start, stringEnd(scan, start, scan.tableEnd));
}

/** Refuses the number of a character that XML does not allow. */
export function checkEntity(scan: WbxmlScan, at: number, end: number): void {
  if (!isXmlCharacter(uintValue(scan.bytes, at, end))) {
    scan.draft.fail('NOT_ALLOWED', 'an entity stands for a character that XML does not allow', at);
  }
}
