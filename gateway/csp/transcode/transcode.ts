/**
 * A message in the other encoding: bytes to bytes, behind the strict scan, without a tree. It says exactly what the message
 * says: what is written is what {@link encodeDocument} writes of what `decodeDocument` reads, octet for octet. What does
 * not belong to what a message says is not carried over: XML declaration, byte-order mark, DOCTYPE, comments, instructions,
 * blanks between elements, how text, integers, dates and values are spelled; all elements, all their text and all
 * attributes are.
 */
import { decodeDocument, encodeDocument } from '../codec.ts';
import { type Envelope, type ScanOptions, scanEnvelope } from '../envelope.ts';
import { CspError } from '../errors.ts';
import { DEFAULT_LIMITS, WBXML_EXPANSION } from '../limits.ts';
import type { CspVersion, Encoding } from '../versions.ts';
import { writeXml } from './wbxml-to-xml.ts';
import { writeWbxml } from './xml-to-wbxml.ts';

export interface TranscodeOptions extends ScanOptions {
  /**
   * From XML: where the document puts its text between line feeds (COMPAT Baraza [P17]), they are left out. They would be
   * text in WBXML, and keep values from becoming tokens.
   */
  readonly unpads?: boolean;
}

/**
 * A WBXML message in XML, UTF-8, with its declaration.
 * @throws {CspError} for what the scan or the tree decoder would not accept, and `OVER_LIMIT` for more than 8 times the bytes and 4 kB.
 */
export function wbxmlToXml(bytes: Uint8Array, options: TranscodeOptions = {}): Buffer {
  return transcode(bytes, scanEnvelope(bytes, 'wbxml', options), options);
}

/**
 * An XML message in WBXML 1.3, with the tokens of its own version alone; what has none is spelled out.
 * @throws {CspError} for what the scan or the tree decoder would not accept.
 */
export function xmlToWbxml(bytes: Uint8Array, options: TranscodeOptions = {}): Buffer {
  return transcode(bytes, scanEnvelope(bytes, 'xml', options), options);
}

/** The encoding that a message in the one is transcoded to. */
export function otherEncoding(encoding: Encoding): Encoding {
  return encoding === 'xml' ? 'wbxml' : 'xml';
}

/**
 * A message that the scan has accepted with the same options, in the encoding that it is not in.
 * @param envelope what the scan has found: of its places none is looked at, only encoding and version.
 * @throws {CspError} for what the tree decoder would not accept, and `OVER_LIMIT`.
 */
export function transcode(bytes: Uint8Array, envelope: Envelope, options: TranscodeOptions = {}): Buffer {
  const { encoding, version } = envelope;
  const { depth } = options.limits ?? DEFAULT_LIMITS;
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === 'xml') return writeWbxml(buffer, version, depth, options.unpads === true);
  return writeXml(buffer, version, depth, options.tolerant === true) ?? overTree(buffer, version, options);
}

/** Content in octets is at most a third longer in BASE64, so that the limit is looked at afterwards. */
function overTree(bytes: Buffer, version: CspVersion, options: TranscodeOptions): Buffer {
  const xml = encodeDocument(decodeDocument(bytes, 'wbxml', version, options), 'xml', version);
  const { factor, extraBytes } = WBXML_EXPANSION;
  if (xml.length <= bytes.length * factor + extraBytes) return xml;
  throw new CspError('OVER_LIMIT', `the message is more than ${factor} times as long in XML`, 0, { version });
}
