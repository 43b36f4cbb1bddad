/**
 * Messages and documents to bytes and back, in either encoding. Reading is strict: the scan has the first word about
 * every document, so that what reaches a tree is well-formed and within the limits.
 */
import type { Element } from './element.ts';
import { type ScanOptions, scanEnvelope } from './envelope.ts';
import { type CspMessage, fromDocument, toDocument } from './message.ts';
import type { CspVersion, Encoding } from './versions.ts';
import { decodeWbxmlDocument, encodeWbxmlDocument } from './wbxml/codec.ts';
import { decodeXmlDocument, encodeXmlDocument } from './xml.ts';

/** @throws {CspError} */
export function decodeMessage(bytes: Uint8Array, encoding: Encoding, options: ScanOptions = {}): CspMessage {
  const { version } = scanEnvelope(bytes, encoding, options);
  return fromDocument(decodeDocument(bytes, encoding, version, options), version);
}

/** The element tree of a document that the scan has accepted with the same options. */
export function decodeDocument(
  bytes: Uint8Array,
  encoding: Encoding,
  version: CspVersion,
  options: ScanOptions = {},
): Element {
  return encoding === 'xml' ? decodeXmlDocument(bytes) : decodeWbxmlDocument(bytes, version, options);
}

/** The bytes of a message; XML with its declaration, never with a DOCTYPE [X5]. */
export function encodeMessage(message: CspMessage, encoding: Encoding): Buffer {
  return encodeDocument(toDocument(message), encoding, message.version);
}

/** The bytes of a document. What the version's token tables do not know is spelled out literally in WBXML. */
export function encodeDocument(root: Element, encoding: Encoding, version: CspVersion): Buffer {
  return encoding === 'xml' ? encodeXmlDocument(root) : encodeWbxmlDocument(root, version);
}
