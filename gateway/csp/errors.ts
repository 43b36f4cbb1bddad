/**
 * The one error that the codec throws, whatever bytes it is given. It says what is wrong in a stable code and in
 * words, where, and what could still be read of the message, so that a client gets its answer under its own
 * TransactionID [X1].
 */
import type { CspVersion } from './versions.ts';

export type CspErrorCode =
  /** The bytes are no well-formed document of their encoding. */
  | 'NOT_WELL_FORMED'
  /** Text that is not UTF-8, or a declaration, byte-order mark or charset that says it is something else. */
  | 'NOT_UTF8'
  /** A document that is refused though well-formed: internal subset, processing instruction, entity, control character. */
  | 'NOT_ALLOWED'
  /** Larger, deeper or longer than the limits allow. */
  | 'OVER_LIMIT'
  /** Well-formed, but no CSP message: wrong root, an envelope element missing, twice or in the wrong place. */
  | 'NOT_CSP'
  /** The namespace belongs to no version that the gateway speaks [X24]. */
  | 'UNKNOWN_VERSION'
  /** A WBXML token that the tables do not know, or know for another version only. */
  | 'UNKNOWN_TOKEN';

/** What had been read of an envelope when reading stopped; anything may be missing. */
export interface PartialEnvelope {
  readonly version?: CspVersion;
  readonly sessionType?: 'Inband' | 'Outband';
  readonly sessionId?: string;
  readonly transactionMode?: 'Request' | 'Response';
  readonly transactionId?: string;
}

export class CspError extends Error {
  /** Stable; branch on this, never on the message. */
  readonly code: CspErrorCode;
  /** Bytes from the start of the message to the place of the fault. */
  readonly offset: number;
  readonly read: PartialEnvelope;

  /** `message` describes the fault without quoting the document: it may hold credentials. */
  constructor(code: CspErrorCode, message: string, offset: number, read: PartialEnvelope = {}) {
    super(message);
    this.name = 'CspError';
    this.code = code;
    this.offset = offset;
    this.read = read;
  }
}
