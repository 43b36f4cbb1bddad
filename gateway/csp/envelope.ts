/**
 * The envelope of a message as the scan finds it: version, session, and for every transaction its mode, id, primitive
 * and where each stands in the bytes. It is all that the hot path looks at: a message that needs no change is judged by
 * this and passed on as it came, one that needs a single value changed has bytes spliced at these ranges.
 */

import { scanWbxmlEnvelope } from './envelope-wbxml.ts';
import { scanXmlEnvelope } from './envelope-xml.ts';
import { CspError } from './errors.ts';
import { type CodecLimits, DEFAULT_LIMITS } from './limits.ts';
import type { CspVersion, Encoding } from './versions.ts';

/** A half-open range of byte offsets into the message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
  /**
   * WBXML: the tag code page in force at `start` and at `end`. What is spliced in must be written for the first and
   * must leave the second in force. 0 in XML.
   */
  readonly pageAtStart: number;
  readonly pageAtEnd: number;
}

export interface EnvelopeTransaction {
  /** The whole Transaction element, tags included. */
  readonly range: ByteRange;
  readonly mode: 'Request' | 'Response';
  /** Empty when the element is empty or missing (a Polling-Request [P1.2]). */
  readonly id: string;
  /** The whole TransactionID element, tags included; undefined when it is missing. */
  readonly idRange: ByteRange | undefined;
  /** The name of the primitive as this version spells it, for example `Login-Request`. */
  readonly primitive: string;
  /** The whole element of the primitive, tags included. */
  readonly primitiveRange: ByteRange;
  /** The code of the primitive's own Result, when it has one: 200, 604 …; undefined otherwise. */
  readonly resultCode: number | undefined;
}

export interface Envelope {
  readonly encoding: Encoding;
  readonly version: CspVersion;
  /** `version-discovery` is the one message that has no session and no transactions [P1.4]. */
  readonly kind: 'message' | 'version-discovery';
  readonly sessionType: 'Inband' | 'Outband';
  readonly sessionId: string | undefined;
  /** In the order of the message; at least one, unless `kind` is `version-discovery`. */
  readonly transactions: readonly EnvelopeTransaction[];
  /** Where to put a Poll element when there is none: after the last Transaction, or in 1.1 before the last </TransactionDescriptor>. */
  readonly pollInsertAt: ByteRange;
  readonly poll: { readonly value: boolean; readonly range: ByteRange } | undefined;
}

export interface ScanOptions {
  readonly limits?: CodecLimits;
  /**
   * For answers of VASPs [X5]: a DOCTYPE is skipped whatever it says short of an internal subset, the text of leaves is
   * trimmed before it is understood, and a missing CSP namespace is read as version `assumedVersion`.
   */
  readonly tolerant?: boolean;
  /** The version of a message that names none, neither by namespace nor by public id. Default 1.2 (as Baraza [P1.1]). */
  readonly assumedVersion?: CspVersion;
}

/**
 * Reads a message's envelope in one strict pass over all of its bytes: what it accepts is well-formed and within the
 * limits to the last byte.
 * @throws {CspError} for every input that it does not accept, and for nothing else.
 */
export function scanEnvelope(bytes: Uint8Array, encoding: Encoding, options: ScanOptions = {}): Envelope {
  const limits = options.limits ?? DEFAULT_LIMITS;
  if (bytes.length > limits.bodyBytes) {
    throw new CspError(
      'OVER_LIMIT',
      `the message has ${bytes.length} bytes, ${limits.bodyBytes} are allowed`,
      limits.bodyBytes,
    );
  }
  return encoding === 'xml' ? scanXmlEnvelope(bytes, limits, options) : scanWbxmlEnvelope(bytes, limits, options);
}
