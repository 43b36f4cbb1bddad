/** How the gateway refuses: a Status for every transaction of the message, a Login-Response where a login waits for one. */
import { child, type Element, element } from '../csp/element.ts';
import type { EnvelopeTransaction } from '../csp/envelope.ts';
import { answerAll, result, STATUS, status } from '../csp/status.ts';
import type { CspVersion } from '../csp/versions.ts';
import { type Exchange, messageOf, type Reply, replyWith } from './exchange.ts';

/** A Login-Response that opens no session: the client's ClientID, the code, a sentence, and what else the Result holds. */
export function loginRefusal(
  loginRequest: Element,
  code: number,
  description: string,
  ...more: readonly (Element | undefined)[]
): Element {
  return element('Login-Response', [child(loginRequest, 'ClientID'), result(code, description, ...more)]);
}

/** How long a client is told to wait before it logs in again, in seconds; CSP 1.3 alone can say it [X24]. */
const TRY_AGAIN_SECONDS = 60;

function tryAgain(version: CspVersion): Element | undefined {
  return version === '1.3' ? element('TryAgainTimeout', TRY_AGAIN_SECONDS) : undefined;
}

/**
 * Answers every transaction of the message with the same code. A login gets it as a Login-Response, with a time to try
 * again where `temporary` [X24].
 */
export function refuseAll(exchange: Exchange, code: number, description: string, temporary = false): Reply {
  const { version } = exchange.envelope;
  return answerEach(exchange, code, ({ primitive }, index) =>
    primitive === 'Login-Request'
      ? loginRefusal(
          messageOf(exchange).transactions[index]?.primitive ?? element('Login-Request'),
          code,
          description,
          temporary ? tryAgain(version) : undefined,
        )
      : status(code, description),
  );
}

/** Answers every transaction with a Status, a login too: of a message that cannot be read nothing is repeated [X1]. */
export function refuseUnreadable(exchange: Exchange, description: string): Reply {
  return answerEach(exchange, STATUS.BAD_REQUEST, () => status(STATUS.BAD_REQUEST, description));
}

function answerEach(
  exchange: Exchange,
  code: number,
  primitiveFor: (transaction: EnvelopeTransaction, index: number) => Element,
): Reply {
  const { envelope } = exchange;
  const answers = envelope.transactions.map((transaction, index) => ({
    mode: 'Response' as const,
    id: transaction.id,
    primitive: primitiveFor(transaction, index),
  }));
  return replyWith(exchange, answerAll(envelope, answers), String(code));
}
