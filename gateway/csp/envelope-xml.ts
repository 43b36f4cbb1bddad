/**
 * The strict scan of an XML message: one pass over all bytes, no tree, no text but the ids. Accepts exactly the
 * well-formed UTF-8 documents, less what the profile refuses (internal subset, late processing instructions, markup
 * inside the leaves of the envelope, namespaces that would hide the envelope), within the limits.
 */

import type { Envelope, ScanOptions } from './envelope.ts';
import { asciiText, copyForScan, plainTextEnd, type ScanBytes, sameBytes, wipe } from './envelope-bytes.ts';
import { CHILD_PLACE, EnvelopeDraft, KIND_OF_PLACE, Kind, Place } from './envelope-draft.ts';
import { internedName, placeOfName } from './envelope-names.ts';
import { scanAttributes } from './envelope-xml-attributes.ts';
import {
  highLength,
  isBlank,
  NAME_CLASS,
  resolvedText,
  scanCdata,
  scanComment,
  scanName,
  scanReference,
  skipBlanks,
  TEXT_CLASS,
  Text,
} from './envelope-xml-lexical.ts';
import { refuseInstruction, scanEpilog, scanProlog } from './envelope-xml-prolog.ts';
import { type UsualTag, usualTagAt, usualTags } from './envelope-xml-usual.ts';
import type { CodecLimits } from './limits.ts';
import { spells } from './utf8.ts';

/** @throws {CspError} for every input that is not accepted. */
export function scanXmlEnvelope(bytes: Uint8Array, limits: CodecLimits, options: ScanOptions): Envelope {
  const draft = new EnvelopeDraft('xml', options);
  const copy = copyForScan(bytes);
  try {
    const root = scanProlog(bytes, copy.view, draft, limits);
    const end = scanRoot(bytes, copy, root, draft, limits);
    if (end !== bytes.length) scanEpilog(bytes, end, draft);
  } finally {
    wipe(copy, bytes.length);
  }
  return draft.finish(bytes.length);
}

/** The elements that are open: where the name stands, how long it is, where the element starts and stands in the envelope. */
interface OpenElements {
  nameStarts: Int32Array;
  nameLengths: Int32Array;
  places: Uint8Array;
}

/** Kept between scans: a scan is synchronous and never inside another. */
const open: OpenElements = openElements(64);

function openElements(depth: number): OpenElements {
  return {
    nameStarts: new Int32Array(depth + 1),
    nameLengths: new Int32Array(depth + 1),
    places: new Uint8Array(depth + 1),
  };
}

/** The place after the root element that starts at `from`. The copy is what the loop reads, the message what the rest reads. */
function scanRoot(
  message: Uint8Array,
  copy: ScanBytes,
  from: number,
  draft: EnvelopeDraft,
  limits: CodecLimits,
): number {
  const { nameStarts, nameLengths, places } = limits.depth > 64 ? openElements(limits.depth) : open;
  const { bytes, view } = copy;
  const length = message.length;
  let usual = usualTags(draft.version, limits);
  let at = from;
  let depth = 0;
  let elements = 0;
  let place: number = Place.Elsewhere;
  let textStart = from;
  for (;;) {
    const byte = bytes[at] as number;
    if (byte !== 0x3c) {
      if (at >= length) draft.fail('NOT_WELL_FORMED', 'an element has no end', at);
      at = scanText(message, copy, at, place, draft);
      continue;
    }
    const next = bytes[at + 1] as number;
    if (next === 0x2f) {
      if (at - textStart > limits.textBytes) failText(draft, limits, textStart);
      const end = endTagEnd(message, copy, at, nameStarts[depth] as number, nameLengths[depth] as number, draft);
      if (place !== Place.Elsewhere) leave(message, copy, place, textStart, at, end, draft);
      depth--;
      if (depth === 0) return end;
      place = places[depth] as number;
      at = end;
      textStart = end;
      continue;
    }
    if (next === 0x21 || next === 0x3f) {
      at = scanMarkup(message, at, place, draft);
      continue;
    }
    if (at - textStart > limits.textBytes) failText(draft, limits, textStart);
    if (++elements > limits.elements) {
      draft.fail('OVER_LIMIT', `the message has more than ${limits.elements} elements`, at);
    }
    if (depth >= limits.depth) {
      draft.fail('OVER_LIMIT', `elements are nested deeper than ${limits.depth}`, at);
    }
    const nameStart = at + 1;
    const parent = place;
    if (parent !== Place.Elsewhere || depth === 0) {
      const tag = usualTagAt(view, at, depth === 0 ? usual.roots : (usual.children[parent] as readonly UsualTag[]));
      if (tag !== undefined) {
        place = tag.place;
        draft.enter(place, at, 0, parent, '');
        if (depth === 0) {
          draft.versionIs(tag.version);
          usual = usualTags(tag.version, limits);
        }
        depth++;
        nameStarts[depth] = nameStart;
        nameLengths[depth] = tag.nameLength;
        places[depth] = place;
        at += tag.length;
        textStart = at;
        continue;
      }
    }
    let nameEnd = nameStart;
    while ((NAME_CLASS[bytes[nameEnd] as number] as number) !== 0) nameEnd++;
    const after = bytes[nameEnd] as number;
    if (after >= 0x80 || nameEnd - nameStart > limits.nameBytes || ((NAME_CLASS[next] as number) & 2) === 0) {
      nameEnd = scanName(message, nameStart, draft, limits);
    }
    if (parent !== Place.Elsewhere || depth === 0) {
      place = enter(message, at, nameEnd, depth === 0 ? -1 : parent, draft);
    }
    const tagEnd = after === 0x3e ? nameEnd : scanAttributes(message, nameEnd, place, draft, limits);
    if (depth === 0) {
      draft.rootIsRead();
      usual = usualTags(draft.version, limits);
    }
    if (bytes[tagEnd] === 0x2f) {
      if (bytes[tagEnd + 1] !== 0x3e)
        draft.fail('NOT_WELL_FORMED', 'a slash in a start tag is not followed by >', tagEnd);
      at = tagEnd + 2;
      if (place !== Place.Elsewhere) draft.leave(place, at, at, 0, '', true);
      if (depth === 0) return at;
      place = parent;
    } else {
      at = tagEnd + 1;
      depth++;
      nameStarts[depth] = nameStart;
      nameLengths[depth] = nameEnd - nameStart;
      places[depth] = place;
    }
    textStart = at;
  }
}

function failText(draft: EnvelopeDraft, limits: CodecLimits, at: number): never {
  draft.fail('OVER_LIMIT', `the text of an element has more than ${limits.textBytes} bytes`, at);
}

/** The place of the next `<`, or the end of the message. */
function scanText(bytes: Uint8Array, { view }: ScanBytes, from: number, place: number, draft: EnvelopeDraft): number {
  const length = bytes.length;
  let at = from;
  if (KIND_OF_PLACE[place] === Kind.Elements) {
    at = skipBlanks(bytes, at);
    if (at < length && bytes[at] !== 0x3c) refuseEnvelopeText(bytes, at, draft);
    return at;
  }
  for (;;) {
    at = plainTextEnd(view, at);
    if (at >= length) return length;
    const textClass = TEXT_CLASS[bytes[at] as number] as number;
    if (textClass === Text.Less) return at;
    at = textClass === Text.Plain ? at + 1 : oddTextEnd(bytes, at, textClass, draft);
  }
}

/** The place after a byte of text that is not plain, or after what begins with it. */
function oddTextEnd(bytes: Uint8Array, at: number, textClass: number, draft: EnvelopeDraft): number {
  if (textClass === Text.High) return at + highLength(bytes, at, draft);
  if (textClass === Text.Ampersand) return scanReference(bytes, at, draft);
  if (textClass === Text.Control) draft.fail('NOT_ALLOWED', 'the document holds a control character', at);
  if (bytes[at + 1] === 0x5d && bytes[at + 2] === 0x3e) draft.fail('NOT_WELL_FORMED', 'text holds ]]>', at);
  return at + 1;
}

/** Says of the text between the envelope's elements what is wrong with it as text, before what is wrong with its place. */
function refuseEnvelopeText(bytes: Uint8Array, at: number, draft: EnvelopeDraft): never {
  for (let i = at; i < bytes.length && bytes[i] !== 0x3c; ) {
    const textClass = TEXT_CLASS[bytes[i] as number] as number;
    i = textClass === Text.Plain ? i + 1 : oddTextEnd(bytes, i, textClass, draft);
  }
  draft.fail('NOT_CSP', 'there is text between the elements of the envelope', at);
}

/** A comment, a CDATA section, or what is refused where an element may stand. */
function scanMarkup(bytes: Uint8Array, at: number, place: number, draft: EnvelopeDraft): number {
  if (bytes[at + 1] === 0x3f) refuseInstruction(at, draft);
  const comment = spells(bytes, at, '<!--');
  if (!comment && !spells(bytes, at, '<![CDATA[')) {
    draft.fail('NOT_WELL_FORMED', 'a declaration stands inside the root element', at);
  }
  const end = comment ? scanComment(bytes, at, draft) : scanCdata(bytes, at, draft);
  // Readers differ in which part of such a text they take, so an id spelled this way could be two ids.
  if (KIND_OF_PLACE[place] === Kind.Text || (!comment && KIND_OF_PLACE[place] === Kind.Elements)) {
    draft.fail('NOT_ALLOWED', 'a comment or CDATA section stands in a value of the envelope', at);
  }
  return end;
}

/** The place after the end tag at `at`, which must close the element whose name is given. */
function endTagEnd(
  bytes: Uint8Array,
  copy: ScanBytes,
  at: number,
  name: number,
  nameLength: number,
  draft: EnvelopeDraft,
): number {
  const closing = at + 2;
  let end = closing + nameLength;
  if (end >= bytes.length) draft.fail('NOT_WELL_FORMED', 'an end tag has no end', at);
  if (!sameBytes(copy, name, closing, nameLength)) {
    draft.fail('NOT_WELL_FORMED', 'an end tag does not close the element that is open', at);
  }
  if (bytes[end] === 0x3e) return end + 1;
  if (isBlank(bytes[end])) end = skipBlanks(bytes, end);
  if (bytes[end] !== 0x3e) draft.fail('NOT_WELL_FORMED', 'an end tag does not close the element that is open', at);
  return end + 1;
}

/** The place of the element that starts at `at`, its name up to `nameEnd`; `parent` is -1 for the root. */
function enter(bytes: Uint8Array, at: number, nameEnd: number, parent: number, draft: EnvelopeDraft): number {
  const nameStart = at + 1;
  const named = parent === Place.Content ? 0 : placeOfName(bytes, nameStart, nameEnd - nameStart);
  if (parent === -1) {
    if (named !== Place.Message && named !== Place.Discovery) {
      draft.fail('NOT_CSP', 'the root element is not WV-CSP-Message', at);
    }
    draft.enter(named, at, 0, 0, '');
    return named;
  }
  let place = CHILD_PLACE[parent * 16 + named] as number;
  const kind = KIND_OF_PLACE[parent] as number;
  if (kind === Kind.Text) draft.fail('NOT_CSP', 'an element stands in a value of the envelope', at);
  if (place === Place.Elsewhere || place === Place.Primitive) {
    if (kind === Kind.Elements) refusePrefix(bytes, nameStart, nameEnd, draft);
    // COMPAT InterVillage: its Status has Code without Result around it [P17].
    if (draft.tolerant && parent === Place.Primitive && named === Place.Code) place = Place.Code;
  }
  if (place !== Place.Elsewhere) {
    const name = place === Place.Primitive ? internedName(bytes, nameStart, nameEnd) : '';
    draft.enter(place, at, 0, parent, name);
  }
  return place;
}

/** A reader that knows namespaces could find a second envelope behind a prefix. */
function refusePrefix(bytes: Uint8Array, start: number, end: number, draft: EnvelopeDraft): void {
  for (let i = start; i < end; i++) {
    if (bytes[i] === 0x3a) draft.fail('NOT_CSP', 'an element of the envelope has a prefix', start);
  }
}

function leave(
  bytes: Uint8Array,
  copy: ScanBytes,
  place: number,
  start: number,
  at: number,
  end: number,
  draft: EnvelopeDraft,
): void {
  if (KIND_OF_PLACE[place] !== Kind.Text) {
    draft.leave(place, at, end, 0, '', true);
    return;
  }
  const usual = usualText(bytes, place, start, at);
  const isPlain = usual !== undefined || plainTextEnd(copy.view, start) === at;
  const text = usual ?? (isPlain ? asciiText(copy, start, at) : resolvedText(bytes, start, at));
  draft.leave(place, at, end, 0, text, isPlain);
}

const USUAL_TEXTS: readonly (readonly string[])[] = Array.from({ length: 16 }, (_, place): readonly string[] => {
  if (place === Place.SessionType) return ['Inband', 'Outband'];
  if (place === Place.Mode) return ['Request', 'Response'];
  if (place === Place.Poll) return ['F', 'T'];
  return place === Place.Code ? ['200'] : [];
});

function usualText(bytes: Uint8Array, place: number, start: number, end: number): string | undefined {
  const usual = USUAL_TEXTS[place] as readonly string[];
  for (let i = 0; i < usual.length; i++) {
    const text = usual[i] as string;
    if (text.length === end - start && spells(bytes, start, text)) return text;
  }
  return undefined;
}
