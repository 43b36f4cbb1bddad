/** The status codes that the gateway itself sends or understands, and how it builds the answers that carry them [P6]. */
import { child, childInteger, type Element, element } from './element.ts';
import type { CspMessage, Transaction } from './message.ts';
import type { CspVersion } from './versions.ts';

export const STATUS = {
  OK: 200,
  PARTIAL: 201,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  BAD_PARAMETER: 402,
  FORBIDDEN: 403,
  REQUEST_TIMEOUT: 408,
  CLIENT_MISMATCH: 422,
  INVALID_MESSAGE_ID: 426,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  SERVICE_UNAVAILABLE: 503,
  TIMEOUT: 504,
  VERSION_NOT_SUPPORTED: 505,
  SERVICE_NOT_AGREED: 506,
  QUEUE_FULL: 507,
  SESSION_EXPIRED: 600,
  FORCED_LOGOUT: 601,
  INVALID_SESSION: 604,
  MULTIPLE_ERRORS: 900,
} as const;

/** The codes after which a session is gone, whoever says them [X33]. */
export function endsSession(code: number | undefined): boolean {
  return code === STATUS.SESSION_EXPIRED || code === STATUS.FORCED_LOGOUT || code === STATUS.INVALID_SESSION;
}

/** A Result; further children (a SystemMessageList, a TryAgainTimeout) go behind the Description [P4.1]. */
export function result(code: number, description?: string, ...more: readonly (Element | undefined)[]): Element {
  return element('Result', [
    element('Code', code),
    description === undefined ? undefined : element('Description', description),
    ...more,
  ]);
}

export function status(code: number, description?: string): Element {
  return element('Status', [result(code, description)]);
}

/** The code that an answer's Result says; undefined when it has no Result, or one without a code. */
export function resultCode(primitive: Element | undefined): number | undefined {
  return childInteger(child(primitive, 'Result'), 'Code');
}

/** Where an answer belongs: the version and session of the message that it answers, and its transaction. */
export interface AnswerTo {
  readonly version: CspVersion;
  readonly sessionType: 'Inband' | 'Outband';
  readonly sessionId?: string | undefined;
  readonly transactionId: string;
}

/** The message that answers one transaction with one primitive, in mode Response under the client's TransactionID [X2]. */
export function answer(to: AnswerTo, primitive: Element): CspMessage {
  return answerAll(to, [{ mode: 'Response', id: to.transactionId, primitive }]);
}

/** The message that answers several transactions together, in order [X32]. */
export function answerAll(to: Omit<AnswerTo, 'transactionId'>, transactions: readonly Transaction[]): CspMessage {
  return {
    version: to.version,
    sessionType: to.sessionType,
    ...(to.sessionId === undefined ? {} : { sessionId: to.sessionId }),
    transactions,
  };
}
