/**
 * What stands before and after the root element of an XML message. The encoding is settled here: UTF-8, and nothing
 * that says otherwise. A DOCTYPE is read and never followed; one with an internal subset is refused, tolerant or not.
 */
import { type Spelling, spelling, standsAt } from './envelope-bytes.ts';
import type { EnvelopeDraft } from './envelope-draft.ts';
import { isBlank, scanCharacter, scanComment, scanName, skipBlanks } from './envelope-xml-lexical.ts';
import type { CodecLimits } from './limits.ts';
import { spells, textOf } from './utf8.ts';
import { VERSION_OF_PUBLIC_ID } from './versions.ts';

/** The place of the root's `<`. */
export function scanProlog(bytes: Uint8Array, view: DataView, draft: EnvelopeDraft, limits: CodecLimits): number {
  let at = byteOrderMarkEnd(bytes, draft);
  const usual = usualDeclarationEnd(view, at);
  if (usual !== at) at = usual;
  else if (spells(bytes, at, '<?xml') && isBlank(bytes[at + 5])) at = scanDeclaration(bytes, at, draft);
  let doctypes = 0;
  for (;;) {
    at = skipBlanks(bytes, at);
    if (at >= bytes.length) draft.fail('NOT_WELL_FORMED', 'there is no root element', at);
    if (bytes[at] !== 0x3c) draft.fail('NOT_WELL_FORMED', 'there is text before the root element', at);
    const next = bytes[at + 1];
    if (next === 0x3f) {
      at = scanInstruction(bytes, at, draft, limits);
    } else if (next === 0x21) {
      if (spells(bytes, at, '<!--')) {
        at = scanComment(bytes, at, draft);
        continue;
      }
      if (!spells(bytes, at, '<!DOCTYPE')) draft.fail('NOT_WELL_FORMED', 'a declaration is malformed', at);
      if (doctypes++ > 0) draft.fail('NOT_WELL_FORMED', 'there are two DOCTYPEs', at);
      at = draft.tolerant ? skipDoctype(bytes, at, draft) : scanDoctype(bytes, at, draft, limits);
    } else {
      return at;
    }
  }
}

/** Reads to the end of the document: blanks and comments alone may stand after the root. */
export function scanEpilog(bytes: Uint8Array, from: number, draft: EnvelopeDraft): void {
  let at = from;
  while (at < bytes.length) {
    if (isBlank(bytes[at])) at++;
    else if (spells(bytes, at, '<!--')) at = scanComment(bytes, at, draft);
    else if (spells(bytes, at, '<?')) refuseInstruction(at, draft);
    else draft.fail('NOT_WELL_FORMED', 'something stands after the root element', at);
  }
}

export function refuseInstruction(at: number, draft: EnvelopeDraft): never {
  draft.fail('NOT_ALLOWED', 'a processing instruction stands after the prologue', at);
}

function byteOrderMarkEnd(bytes: Uint8Array, draft: EnvelopeDraft): number {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return 3;
  const utf16 = (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe);
  if (utf16 || first === 0 || (first === 0x3c && second === 0)) {
    draft.fail('NOT_UTF8', 'the document is UTF-16 or UTF-32, UTF-8 is expected', 0);
  }
  return 0;
}

const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>$/;
const DECLARATION_BYTES_MAX = 256;
const USUAL_DECLARATIONS = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<?xml version="1.0"?>',
  "<?xml version='1.0'?>",
  '<?xml version="1.0" encoding="utf-8"?>',
].map(spelling);

function usualDeclarationEnd(view: DataView, at: number): number {
  for (let i = 0; i < USUAL_DECLARATIONS.length; i++) {
    const usual = USUAL_DECLARATIONS[i] as Spelling;
    if (standsAt(view, at, usual)) return at + usual.length;
  }
  return at;
}

function scanDeclaration(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  let end = at + 6;
  while (end < bytes.length && end - at < DECLARATION_BYTES_MAX && bytes[end] !== 0x3e) end++;
  const match = DECLARATION.exec(latin1(bytes, at, end + 1));
  if (match === null) draft.fail('NOT_WELL_FORMED', 'the XML declaration is malformed', at);
  const version = match[1] ?? match[2];
  const encoding = match[3] ?? match[4];
  if (version !== '1.0') draft.fail('NOT_ALLOWED', 'only XML 1.0 is read', at);
  if (encoding !== undefined && encoding.toUpperCase() !== 'UTF-8') {
    draft.fail('NOT_UTF8', 'the XML declaration names an encoding other than UTF-8', at);
  }
  return end + 1;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** The place after an instruction in the prologue. */
function scanInstruction(bytes: Uint8Array, at: number, draft: EnvelopeDraft, limits: CodecLimits): number {
  const nameEnd = scanName(bytes, at + 2, draft, limits);
  if (nameEnd === at + 5 && latin1(bytes, at + 2, nameEnd).toLowerCase() === 'xml') {
    draft.fail('NOT_WELL_FORMED', 'an XML declaration stands elsewhere than at the start', at);
  }
  if (!isBlank(bytes[nameEnd]) && !spells(bytes, nameEnd, '?>')) {
    draft.fail('NOT_WELL_FORMED', 'the name of a processing instruction is malformed', nameEnd);
  }
  for (let i = nameEnd; i < bytes.length; ) {
    if (bytes[i] === 0x3f && bytes[i + 1] === 0x3e) return i + 2;
    i = scanCharacter(bytes, i, draft);
  }
  draft.fail('NOT_WELL_FORMED', 'a processing instruction has no end', at);
}

/** `<!DOCTYPE name (PUBLIC "…" "…" | SYSTEM "…")? >`, as XML spells it. */
function scanDoctype(bytes: Uint8Array, from: number, draft: EnvelopeDraft, limits: CodecLimits): number {
  let at = requireBlanks(bytes, from + 9, draft);
  at = scanName(bytes, at, draft, limits);
  const afterName = at;
  at = skipBlanks(bytes, at);
  if (at > afterName && spells(bytes, at, 'PUBLIC')) {
    const publicStart = requireBlanks(bytes, at + 6, draft);
    const publicEnd = scanLiteral(bytes, publicStart, draft);
    refuseOddPublicId(bytes, publicStart + 1, publicEnd - 1, draft);
    draft.declaredVersion = VERSION_OF_PUBLIC_ID.get(textOf(bytes, publicStart + 1, publicEnd - 1));
    at = scanLiteral(bytes, requireBlanks(bytes, publicEnd, draft), draft);
  } else if (at > afterName && spells(bytes, at, 'SYSTEM')) {
    at = scanLiteral(bytes, requireBlanks(bytes, at + 6, draft), draft);
  }
  at = skipBlanks(bytes, at);
  if (bytes[at] === 0x5b) draft.fail('NOT_ALLOWED', 'the DOCTYPE has an internal subset', at);
  if (bytes[at] !== 0x3e) draft.fail('NOT_WELL_FORMED', 'the DOCTYPE is malformed', at);
  return at + 1;
}

function requireBlanks(bytes: Uint8Array, from: number, draft: EnvelopeDraft): number {
  const at = skipBlanks(bytes, from);
  if (at === from) draft.fail('NOT_WELL_FORMED', 'the DOCTYPE is malformed', from);
  return at;
}

/** The place after a quoted literal. */
function scanLiteral(bytes: Uint8Array, at: number, draft: EnvelopeDraft): number {
  const quote = bytes[at];
  if (quote !== 0x22 && quote !== 0x27) draft.fail('NOT_WELL_FORMED', 'the DOCTYPE is malformed', at);
  let end = at + 1;
  while (end < bytes.length) {
    if (bytes[end] === quote) return end + 1;
    end = scanCharacter(bytes, end, draft);
  }
  draft.fail('NOT_WELL_FORMED', 'the DOCTYPE is malformed', at);
}

function refuseOddPublicId(bytes: Uint8Array, start: number, end: number, draft: EnvelopeDraft): void {
  if (!/^[-'()+,./:=?;!*#@$_% \r\na-zA-Z0-9]*$/.test(textOf(bytes, start, end))) {
    draft.fail('NOT_WELL_FORMED', 'the public identifier of the DOCTYPE is malformed', start);
  }
}

/** COMPAT Baraza: its DOCTYPE lacks the keyword PUBLIC and names an element that is not the root [P17]. */
function skipDoctype(bytes: Uint8Array, from: number, draft: EnvelopeDraft): number {
  let quote = 0;
  for (let at = from + 9; at < bytes.length; ) {
    const byte = bytes[at] as number;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) {
      quote = byte;
    } else if (byte === 0x3e) {
      const named = /PUBLIC[ \t\r\n]+(?:"([^"]*)"|'([^']*)')/.exec(textOf(bytes, from, at));
      draft.declaredVersion = VERSION_OF_PUBLIC_ID.get(named?.[1] ?? named?.[2] ?? '');
      return at + 1;
    } else if (byte === 0x5b) {
      draft.fail('NOT_ALLOWED', 'the DOCTYPE has an internal subset', at);
    } else if (byte === 0x3c) {
      draft.fail('NOT_WELL_FORMED', 'the DOCTYPE is malformed', at);
    }
    at = scanCharacter(bytes, at, draft);
  }
  draft.fail('NOT_WELL_FORMED', 'the DOCTYPE has no end', from);
}
