/**
 * What a client is told whose message cannot be read [X1]: a Status with the reason under its own TransactionID where
 * that could still be found, else HTTP 400 with one line of text. An unknown version gets 505, for a login as a
 * Login-Response [X24].
 */
import { decodeDocument, encodeMessage } from '../csp/codec.ts';
import { child, type Element } from '../csp/element.ts';
import { CspError } from '../csp/errors.ts';
import { answer, STATUS, status } from '../csp/status.ts';
import type { CspVersion, Encoding } from '../csp/versions.ts';
import type { ClientReply } from '../ports.ts';
import { loginRefusal } from './refusal.ts';

/** The version of an answer to a message whose own version nobody knows: the one that servers assume [P1.1]. */
const ASSUMED_VERSION: CspVersion = '1.2';

export function unreadable(error: CspError, body: Uint8Array, encoding: Encoding, contentType: string): ClientReply {
  const { transactionId, transactionMode, sessionType, sessionId, version } = error.read;
  const reason = `${error.message}, at byte ${error.offset}.`;
  if (
    transactionId === undefined ||
    transactionId === '' ||
    transactionMode !== 'Request' ||
    sessionType === undefined
  ) {
    return plainText(400, `The message cannot be read: ${reason}`);
  }
  const to = { version: version ?? ASSUMED_VERSION, sessionType, sessionId, transactionId };
  const primitive =
    error.code === 'UNKNOWN_VERSION' ? versionNotSupported(body, encoding) : status(STATUS.BAD_REQUEST, reason);
  return {
    statusCode: 200,
    headers: ['Content-Type', contentType],
    body: encodeMessage(answer(to, primitive), encoding),
  };
}

function versionNotSupported(body: Uint8Array, encoding: Encoding): Element {
  const description = 'The versions 1.1, 1.2 and 1.3 of CSP are served here, and no others.';
  const login = loginOf(body, encoding);
  return login === undefined
    ? status(STATUS.VERSION_NOT_SUPPORTED, description)
    : loginRefusal(login, STATUS.VERSION_NOT_SUPPORTED, description);
}

/** The Login-Request of a message in an unknown version, if it can be made out. */
function loginOf(body: Uint8Array, encoding: Encoding): Element | undefined {
  try {
    const session = child(decodeDocument(body, encoding, '1.3'), 'Session');
    return child(child(child(session, 'Transaction'), 'TransactionContent'), 'Login-Request');
  } catch (error) {
    if (error instanceof CspError) return undefined;
    throw error;
  }
}

/** One line of plain text, for whoever did not send a message. */
export function plainText(statusCode: number, line: string): ClientReply {
  return {
    statusCode,
    headers: ['Content-Type', 'text/plain; charset=utf-8'],
    body: Buffer.from(`${line}\n`),
  };
}
