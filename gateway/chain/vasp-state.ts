/**
 * What a VASP's state, as the operator or its breaker set it, means for a message: nothing goes to a VASP that is
 * suspended, sessions or not; one that is draining takes no new logins; and nobody is asked anything for a login that
 * would not be sent. Always in a protocol answer, a login's with a time to try again [X24].
 */
import { child } from '../csp/element.ts';
import { loggedName } from '../csp/primitives.ts';
import { STATUS } from '../csp/status.ts';
import type { NegotiationWindow } from '../negotiation/window.ts';
import type { Log, VaspAvailability } from '../ports.ts';
import { type Exchange, firstTransaction, type Link, type Reply } from './exchange.ts';
import { type Login, type LoginParts, loginFields } from './login.ts';
import { refuseAll } from './refusal.ts';

const SENTENCES = {
  suspended: 'The service is closed for the moment. Please try again later.',
  draining: 'The service takes no new logins at the moment. Please try again later.',
  unreachable: 'The service cannot be reached at the moment. Please try again later.',
} as const;

export interface VaspStateParts {
  /** Absent: all VASPs serve. */
  readonly availability?: VaspAvailability | undefined;
  readonly log: Log;
}

/** Refuses what is for a suspended VASP. Logins go on to the login gate, which refuses them as logins. */
export function vaspStateLink({ availability, log }: VaspStateParts): Link {
  if (availability === undefined) return (exchange, next) => next(exchange);
  return (exchange, next) =>
    availability.stateOf(exchange.vasp.name) === 'suspended' && !isLogin(exchange)
      ? Promise.resolve(refuseMessage(log, exchange))
      : next(exchange);
}

function isLogin({ envelope }: Exchange): boolean {
  return envelope.transactions.some(({ primitive }) => primitive === 'Login-Request');
}

function refuseMessage(log: Log, exchange: Exchange): Reply {
  const { vasp, envelope } = exchange;
  log.info('message refused', {
    vasp: vasp.name,
    primitive: loggedName(firstTransaction(envelope).primitive),
    reason: 'suspended',
    code: STATUS.SERVICE_UNAVAILABLE,
  });
  return refuseAll(exchange, STATUS.SERVICE_UNAVAILABLE, SENTENCES.suspended);
}

/** Why no login can be sent to this VASP; undefined when one can. */
export function closedTo({ availability }: LoginParts, vasp: string): 'suspended' | 'unreachable' | undefined {
  if (availability === undefined) return undefined;
  if (availability.stateOf(vasp) === 'suspended') return 'suspended';
  return availability.isDown(vasp) ? 'unreachable' : undefined;
}

export function isDraining({ availability }: LoginParts, vasp: string): boolean {
  return availability?.stateOf(vasp) === 'draining';
}

/** Whether a login goes on with what began before: the second of four messages, or the answers to what was asked. */
export function goesOn({ primitive }: Login, window: NegotiationWindow): boolean {
  return (
    child(primitive, 'DigestBytes') !== undefined ||
    child(primitive, 'SystemMessageResponseList') !== undefined ||
    window.held.length > 0
  );
}

export function refuseLogin({ metrics, log }: LoginParts, login: Login, reason: keyof typeof SENTENCES): Reply {
  metrics.login(login.facts.vasp, 'vasp-unavailable');
  log.info('login denied', { ...loginFields(login), reason, code: STATUS.SERVICE_UNAVAILABLE });
  return refuseAll(login.exchange, STATUS.SERVICE_UNAVAILABLE, SENTENCES[reason], true);
}
