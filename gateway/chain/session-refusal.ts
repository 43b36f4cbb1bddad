/** How a message is refused whose session is not there, or another client's [X33], whoever holds the session. */
import { loggedName } from '../csp/primitives.ts';
import { STATUS } from '../csp/status.ts';
import type { Log, Metrics, Secrets } from '../ports.ts';
import { type Exchange, firstTransaction, type Reply } from './exchange.ts';
import { refuseAll } from './refusal.ts';

export const NO_SUCH_SESSION = 'This session does not exist, or no longer. Please log in.';

const REFUSALS = {
  unknown: { code: STATUS.INVALID_SESSION, sentence: NO_SUCH_SESSION },
  'other-client': {
    code: STATUS.CLIENT_MISMATCH,
    sentence: 'The ClientID is not that of the client that logged in.',
  },
} as const;

export interface SessionRefusalParts {
  readonly metrics: Metrics;
  readonly log: Log;
  readonly secrets: Secrets;
}

/** Counts and logs the refusal, and answers every transaction with it. */
export function refuseSession(
  { metrics, log, secrets }: SessionRefusalParts,
  exchange: Exchange,
  reason: keyof typeof REFUSALS,
): Reply {
  const { vasp, envelope } = exchange;
  const { code, sentence } = REFUSALS[reason];
  const { sessionId } = envelope;
  metrics.reject('session', reason);
  log.info('message refused', {
    vasp: vasp.name,
    session: sessionId === undefined ? undefined : secrets.keyedHash('session', vasp.name, sessionId),
    primitive: loggedName(firstTransaction(envelope).primitive),
    reason,
    code,
  });
  return refuseAll(exchange, code, sentence);
}
