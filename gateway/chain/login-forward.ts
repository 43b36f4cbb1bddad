/**
 * Forwards a login that the policies let through, once and never again [X15], and does what follows from the VASP's
 * answer: a session and the acceptances when it says yes [X19], a pass for the second phase when it challenges [X17],
 * nothing at all when it refuses, because an answer given by somebody who does not know the password is worth nothing.
 */

import type { CirAgreement } from '../cir-ports.ts';
import { childInteger, childText, type Element, withoutChild } from '../csp/element.ts';
import { locateChild } from '../csp/locate.ts';
import { removeRange } from '../csp/splice.ts';
import { resultCode, STATUS } from '../csp/status.ts';
import { closed, EMPTY_WINDOW, endings } from '../negotiation/window.ts';
import { wishedDelivery } from '../stored-message/delivery.ts';
import { sealPerson } from '../system-message/person.ts';
import { acceptedBy } from './acceptance-records.ts';
import { askOfVasp } from './capability-negotiation.ts';
import { countOutcomes, outcomesOfForwarded, type VaspSaid } from './counting.ts';
import { answerMessage, type Exchange, firstTransaction, type Handler, type Reply, withBody } from './exchange.ts';
import { type Login, type LoginParts, loginFields } from './login.ts';
import { agreedAtLogin, announce, openLoginCapabilities, tellAtLogin } from './login-capabilities.ts';
import { keepsMessagesAt } from './mailbox/deposit-policies.ts';
import { greetWithMail } from './mailbox/greeting.ts';
import type { KeptPass, Pass } from './negotiation-memory.ts';
import { refuseAll } from './refusal.ts';
import { carriesFunctions, narrowExchange, narrowReply, openNegotiation } from './service-negotiation.ts';
import type { Session } from './sessions.ts';
import { greet } from './system-messages/greeting.ts';

/** Answers are between the client and the gateway: no VASP hears them [X15]. */
const ANSWERS = 'SystemMessageResponseList';

/** @param passMillis how long the answers of this login let a second phase through; 0 when they came with none. */
export async function forwardLogin(
  parts: LoginParts,
  login: Login,
  pass: Pass | KeptPass,
  passMillis: number,
  next: Handler,
): Promise<Reply> {
  const stripped = withoutAnswers(login.exchange);
  const negotiation = carriesFunctions(login.primitive)
    ? openNegotiation(stripped, 0, withoutChild(login.primitive, ANSWERS), pass.granted)
    : undefined;
  const capabilities = openLoginCapabilities(parts.cir, stripped, login.primitive);
  const narrowed = negotiation === undefined ? stripped : narrowExchange(stripped, negotiation);
  const reply = await next(capabilities === undefined ? narrowed : askOfVasp(narrowed, capabilities));
  const response = loginResponse(login.exchange, reply);
  const outcome = outcomeOf(response);
  switch (outcome.kind) {
    case 'challenge':
      if (passMillis > 0 && !(await keepForSecondPhase(parts, login, pass, passMillis))) {
        return notKept(parts, login, pass);
      }
      parts.metrics.login(login.facts.vasp, 'challenged');
      return reply;
    case 'refused':
      return refused(parts, login, pass, reply);
    case 'opened': {
      const agreement = agreedAtLogin(parts.cir, login.exchange, reply, capabilities);
      const session = await open(parts, login, pass, outcome, agreement);
      if (session === undefined) return notKept(parts, login, pass);
      await announce(parts.cir, login, outcome.sessionId, session);
      const narrow = negotiation === undefined ? reply : narrowReply(login.exchange, reply, negotiation, pass.granted);
      const told = tellAtLogin(parts, login.exchange, narrow, capabilities, { sessionKey: session.key, agreement });
      const greeted = await greet(parts, login, session, told);
      return greetWithMail(parts, login, session, negotiation !== undefined, greeted);
    }
  }
}

/** The login without the answers, which are the gateway's; every other byte as the client sent it. */
function withoutAnswers(exchange: Exchange): Exchange {
  const { encoding, version } = exchange.envelope;
  const { primitiveRange } = firstTransaction(exchange.envelope);
  const list = locateChild(exchange.body, encoding, version, primitiveRange, ANSWERS);
  return list === undefined ? exchange : withoutAnswers(withBody(exchange, removeRange(exchange.body, encoding, list)));
}

/**
 * The pass takes the window along: whether the second phase comes or not, each of its questions has one outcome. Without it
 * the second phase would be asked again, with answers that are claimed: whether it is kept.
 */
async function keepForSecondPhase(
  { negotiations, log }: LoginParts,
  login: Login,
  pass: Pass,
  millis: number,
): Promise<boolean> {
  const { passKey, windowKey, facts } = login;
  try {
    const askedIn = await negotiations.changeWindow(windowKey, facts.vasp, closed);
    await negotiations.keepPass(passKey, facts.vasp, { ...pass, askedIn }, millis);
    return true;
  } catch {
    log.error('the first phase of a login cannot be stored', loginFields(login));
    return false;
  }
}

type LoginOutcome =
  | { readonly kind: 'opened'; readonly sessionId: string; readonly keepAliveSeconds: number | undefined }
  | { readonly kind: 'challenge' }
  | { readonly kind: 'refused' };

function loginResponse(exchange: Exchange, reply: Reply): Element | undefined {
  if (reply.origin !== 'vasp' || reply.envelope === undefined) return undefined;
  return answerMessage(exchange, reply).transactions.find(({ primitive }) => primitive.name === 'Login-Response')
    ?.primitive;
}

/** 200 with a SessionID opens; 200 or 401 without one is the challenge of a four-way login [P7.2]. */
function outcomeOf(response: Element | undefined): LoginOutcome {
  const code = resultCode(response);
  const sessionId = childText(response, 'SessionID') ?? '';
  if (code === STATUS.OK && sessionId !== '') {
    return { kind: 'opened', sessionId, keepAliveSeconds: childInteger(response, 'KeepAliveTime') };
  }
  return code === STATUS.OK || code === STATUS.UNAUTHORIZED ? { kind: 'challenge' } : { kind: 'refused' };
}

/** Records the session and what was accepted; both are durable before the client hears of the session. */
async function open(
  parts: LoginParts,
  login: Login,
  pass: Pass,
  { sessionId, keepAliveSeconds }: Extract<LoginOutcome, { kind: 'opened' }>,
  cir: CirAgreement | undefined,
): Promise<Session | undefined> {
  const { facts, asked } = login;
  const keepsNames =
    parts.systemMessages?.interests().any === true || keepsMessagesAt(parts.policies.current(), facts.vasp);
  const person = keepsNames ? sealPerson(parts.secrets, facts) : undefined;
  const delivery = parts.mailbox?.isOpen() === true ? wishedDelivery(login.primitive) : undefined;
  let session: Session;
  try {
    const accepted = acceptedBy(parts.secrets, login, pass);
    if (accepted.remember.length + accepted.records.length > 0) await parts.acceptances.accept(asked.userKey, accepted);
    session = await parts.sessions.open(facts.vasp, sessionId, {
      userKey: asked.userKey,
      clientKey: asked.clientKey,
      granted: pass.granted,
      version: facts.version,
      encoding: facts.encoding,
      // Without a KeepAliveTime in the answer the time that the client asked for holds [P4.2].
      keepAliveSeconds: keepAliveSeconds ?? childInteger(login.primitive, 'TimeToLive'),
      ...(cir === undefined ? {} : { cir }),
      ...(person === undefined ? {} : { person }),
      ...(delivery === undefined ? {} : { delivery }),
    });
  } catch {
    parts.log.error('the session cannot be stored', loginFields(login));
    return undefined;
  }
  await endNegotiation(parts, login, pass, 'yes');
  if (pass.askedAt !== undefined) parts.metrics.negotiationDuration((parts.clock.wall() - pass.askedAt) / 1000);
  parts.metrics.login(facts.vasp, 'accepted');
  parts.log.info('login accepted', { ...loginFields(login), levels: pass.levels.join(',') });
  return session;
}

async function refused(parts: LoginParts, login: Login, pass: Pass, reply: Reply): Promise<Reply> {
  const failed = reply.origin === 'gateway';
  parts.metrics.login(login.facts.vasp, failed ? 'vasp-unavailable' : 'vasp-refused');
  await forget(parts, login, pass);
  parts.log.info(failed ? 'login not answered by the VASP' : 'login refused by the VASP', loginFields(login));
  return reply;
}

/** What the VASP said could not be kept, and the client does not hear of it: it may come again with the same answers. */
async function notKept(parts: LoginParts, login: Login, pass: Pass): Promise<Reply> {
  parts.metrics.login(login.facts.vasp, 'store-unavailable');
  await forget(parts, login, pass);
  const description = 'The service is busy. Please try again later.';
  return refuseAll(login.exchange, STATUS.SERVICE_UNAVAILABLE, description, true);
}

/** The answers did not lead to a session: they were worth nothing, and may be given again with the right password. */
async function forget(parts: LoginParts, login: Login, pass: Pass): Promise<void> {
  await Promise.all([
    parts.negotiations.release(pass.tokens).catch(() => undefined),
    endNegotiation(parts, login, pass, 'no'),
  ]);
}

/**
 * Whatever came of it, the next login starts anew. What the VASP has decided stands, whether or not this can be kept: what is
 * left ends by its time.
 */
async function endNegotiation(
  { negotiations, metrics, clock, log }: LoginParts,
  login: Login,
  pass: Pass | KeptPass,
  said: VaspSaid,
): Promise<void> {
  const { facts, passKey, windowKey } = login;
  const now = clock.wall();
  const [window] = await Promise.all([
    negotiations.changeWindow(windowKey, facts.vasp, closed),
    negotiations.dropPass(passKey),
  ]).catch(() => {
    log.error('the end of a negotiation cannot be kept', loginFields(login));
    return [EMPTY_WINDOW] as const;
  });
  if (!('askedIn' in pass)) {
    countOutcomes(metrics, facts.vasp, outcomesOfForwarded(window, pass.outcomes, said, now));
    return;
  }
  countOutcomes(metrics, facts.vasp, outcomesOfForwarded(pass.askedIn, pass.outcomes, said, now));
  // What was asked between the phases, of another login of this user and client.
  countOutcomes(metrics, facts.vasp, endings(window, new Map(), now));
}
