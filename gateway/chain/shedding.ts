/**
 * What is refused when more runs than there is room for [reliability §6]: new logins first, while sessions go on, and
 * everything from a second mark on. Counted for the process as a whole and for each VASP, so that one that is slow takes no
 * room from the others. On the way of every message this is two counters and a comparison.
 */
import type { Envelope } from '../csp/envelope.ts';
import { STATUS } from '../csp/status.ts';
import type { Metrics } from '../ports.ts';
import type { Handler } from './exchange.ts';
import { refuseAll } from './refusal.ts';

/** Requests that run, and how many may. */
export interface Load {
  running: number;
  /** Above it new logins are refused. */
  readonly mostForLogins: number;
  /** Above it everything is. */
  readonly most: number;
}

/** A quarter of the room is kept for sessions alone. */
export function loadOf(mostForLogins: number): Load {
  return { running: 0, mostForLogins, most: mostForLogins + Math.ceil(mostForLogins / 4) };
}

/** Why this message is refused, itself counted among what runs; undefined: it goes on. */
export function overload(all: Load, ofVasp: Load, envelope: Envelope): 'logins' | 'requests' | undefined {
  if (all.running <= all.mostForLogins && ofVasp.running <= ofVasp.mostForLogins) return undefined;
  if (all.running > all.most || ofVasp.running > ofVasp.most) return 'requests';
  return envelope.transactions.some(({ primitive }) => primitive === 'Login-Request') ? 'logins' : undefined;
}

const SENTENCE = 'Too many users are busy here at the moment. Please try again later.';

/** Answers in the place of the chain; a login is told when to try again where its version can [X24]. */
export function shed(metrics: Pick<Metrics, 'reject' | 'login'>, reason: 'logins' | 'requests'): Handler {
  return async (exchange) => {
    metrics.reject('overload', reason);
    if (exchange.envelope.transactions.some(({ primitive }) => primitive === 'Login-Request')) {
      metrics.login(exchange.vasp.name, 'shed');
    }
    return refuseAll(exchange, STATUS.SERVICE_UNAVAILABLE, SENTENCE, true);
  };
}
