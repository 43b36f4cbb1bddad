/**
 * Changes to a message's bytes at ranges that the scan or `locate.ts` found; all other bytes stay as they came. In WBXML
 * what follows a change was written for a certain tag page: a page switch is put in, or left out, where another page
 * would be in force at the next tag, or the same one already is.
 */
import { type Element, element } from './element.ts';
import type { ByteRange, Envelope } from './envelope.ts';
import { locateChild, walkWbxml, withSwitches } from './locate.ts';
import type { CspVersion, Encoding } from './versions.ts';
import { encodeWbxmlFragment } from './wbxml/encode.ts';
import { encodeXmlFragment } from './xml.ts';

/** One change: what stands at `range` gives way to `replacement`, or to nothing. An empty range is an insertion. */
export interface Edit {
  readonly range: ByteRange;
  /** WBXML: written for the page that is in force at the start of the range. */
  readonly replacement?: Uint8Array;
  /** WBXML: the page in force after the replacement; by default the one in force at the end of the range. */
  readonly pageAfter?: number;
}

/**
 * The message with all edits made, in one pass. Edits may come in any order; insertions at one place stay in theirs.
 * @throws {RangeError} when edits overlap or lie outside the message.
 */
export function splice(bytes: Uint8Array, encoding: Encoding, edits: readonly Edit[]): Buffer {
  const sorted = edits.toSorted((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
  const parts: Uint8Array[] = [];
  let at = 0;
  // The page that the bytes at `at` were written for, and the one in force where they come to stand.
  let written = 0;
  let inForce = 0;
  const copyTo = (end: number): void => {
    const switchAt = inForce === written ? end : firstTagOrSwitch(bytes, at, end);
    parts.push(bytes.subarray(at, switchAt));
    if (switchAt < end) {
      const switches = bytes[switchAt] === SWITCH_PAGE;
      if (!switches) parts.push(Uint8Array.of(SWITCH_PAGE, written));
      const isIdle = switches && bytes[switchAt + 1] === inForce;
      parts.push(bytes.subarray(isIdle ? switchAt + 2 : switchAt, end));
      inForce = written;
    }
    at = end;
  };
  for (const { range, replacement, pageAfter } of sorted) {
    if (range.start < at || range.end < range.start || range.end > bytes.length) {
      throw new RangeError('edits overlap or lie outside the message');
    }
    copyTo(range.start);
    if (encoding === 'wbxml' && inForce === written) {
      inForce = range.pageAtStart;
      written = range.pageAtStart;
    }
    if (replacement !== undefined && replacement.length > 0) {
      if (encoding === 'wbxml' && inForce !== range.pageAtStart) {
        parts.push(Uint8Array.of(SWITCH_PAGE, range.pageAtStart));
      }
      parts.push(replacement);
      inForce = pageAfter ?? range.pageAtEnd;
    }
    written = range.pageAtEnd;
    at = range.end;
  }
  copyTo(bytes.length);
  return Buffer.concat(parts);
}

const SWITCH_PAGE = 0x00;
const END = 0x01;

/** Nothing before the next tag depends on the page, and a switch may not stand before an END. */
function firstTagOrSwitch(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === END) at++;
  return at;
}

/** The message without the element at `range`, and without the page switches that were written for it. */
export function removeRange(bytes: Uint8Array, encoding: Encoding, range: ByteRange): Buffer {
  return splice(bytes, encoding, [{ range: removable(bytes, encoding, range) }]);
}

function removable(bytes: Uint8Array, encoding: Encoding, range: ByteRange): ByteRange {
  return encoding === 'xml' ? range : withSwitches(bytes, range);
}

/**
 * The edit that puts an element in the place of what stands at `range`, or in between when the range is empty.
 * @throws {CspError} when the element cannot be written in that encoding: `UNKNOWN_TOKEN` for a name without a token.
 */
export function elementEdit(encoding: Encoding, version: CspVersion, range: ByteRange, replacement: Element): Edit {
  if (encoding === 'xml') return { range, replacement: Buffer.from(encodeXmlFragment(replacement)) };
  const { pageAtStart } = range;
  const fragment = encodeWbxmlFragment(replacement, version, pageAtStart, pageAtStart);
  // A page switch that the fragment ends with is taken off: whether one is needed shows at the next tag.
  const tag = fragment[0] === SWITCH_PAGE ? 2 : 0;
  const { end, page } = walkWbxml(fragment, tag, tag === 0 ? pageAtStart : (fragment[1] as number), () => {});
  return { range, replacement: fragment.subarray(0, end), pageAfter: page };
}

/**
 * The message with another element in the place of the one at `range`.
 * @throws {CspError} as {@link elementEdit}.
 */
export function replaceElement(
  bytes: Uint8Array,
  encoding: Encoding,
  version: CspVersion,
  range: ByteRange,
  replacement: Element,
): Buffer {
  return splice(bytes, encoding, [elementEdit(encoding, version, range, replacement)]);
}

/** The edit that gives a transaction another id, whether it had one or not. */
export function transactionIdEdit(bytes: Uint8Array, envelope: Envelope, index: number, newId: string): Edit {
  const transaction = envelope.transactions[index];
  if (transaction === undefined) throw new RangeError(`the message has no transaction ${index}`);
  const { encoding, version } = envelope;
  const place = transaction.idRange ?? placeForId(bytes, envelope, transaction.range);
  return elementEdit(encoding, version, place, element('TransactionID', newId));
}

function placeForId(bytes: Uint8Array, envelope: Envelope, transaction: ByteRange): ByteRange {
  const { end, pageAtEnd } = placeOfMode(bytes, envelope, transaction);
  return { start: end, end, pageAtStart: pageAtEnd, pageAtEnd };
}

function placeOfMode(bytes: Uint8Array, { encoding, version }: Envelope, transaction: ByteRange): ByteRange {
  const descriptor = locateChild(bytes, encoding, version, transaction, 'TransactionDescriptor');
  const mode = descriptor && locateChild(bytes, encoding, version, descriptor, 'TransactionMode');
  if (mode === undefined) throw new RangeError('the transaction has no mode');
  return mode;
}

/** The message with another id for one transaction [X6]. */
export function replaceTransactionId(bytes: Uint8Array, envelope: Envelope, index: number, newId: string): Buffer {
  return splice(bytes, envelope.encoding, [transactionIdEdit(bytes, envelope, index, newId)]);
}

/** The message with one transaction in another mode. */
export function replaceMode(
  bytes: Uint8Array,
  envelope: Envelope,
  index: number,
  mode: 'Request' | 'Response',
): Buffer {
  const transaction = envelope.transactions[index];
  if (transaction === undefined) throw new RangeError(`the message has no transaction ${index}`);
  const { encoding, version } = envelope;
  const place = placeOfMode(bytes, envelope, transaction.range);
  return splice(bytes, encoding, [elementEdit(encoding, version, place, element('TransactionMode', mode))]);
}

/**
 * The message without the transactions of these indexes. One at least must stay. In 1.1 a Poll goes with the transaction
 * that it stands in: set it anew on the envelope of the result.
 */
export function removeTransactions(bytes: Uint8Array, envelope: Envelope, indexes: readonly number[]): Buffer {
  const chosen = new Set(indexes);
  const edits = envelope.transactions.flatMap(({ range }, index) =>
    chosen.has(index) ? [{ range: removable(bytes, envelope.encoding, range) }] : [],
  );
  if (edits.length !== chosen.size || edits.length === envelope.transactions.length) {
    throw new RangeError('transactions to remove do not exist, or none would be left');
  }
  return splice(bytes, envelope.encoding, edits);
}

/** The edit that makes Poll say `value`, put in where the version has it; undefined when it says so already [X42]. */
export function pollEdit(envelope: Envelope, value: boolean): Edit | undefined {
  if (envelope.kind !== 'message' || envelope.poll?.value === value) return undefined;
  const place = envelope.poll?.range ?? envelope.pollInsertAt;
  return elementEdit(envelope.encoding, envelope.version, place, element('Poll', value));
}

/** The message with its Poll saying `value`. */
export function setPoll(bytes: Uint8Array, envelope: Envelope, value: boolean): Buffer {
  const edit = pollEdit(envelope, value);
  return splice(bytes, envelope.encoding, edit === undefined ? [] : [edit]);
}
