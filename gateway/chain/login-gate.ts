/**
 * Stops every login until the policies are settled [X10 to X23]. `negotiation/login.ts` decides; here stands what is done
 * about it: the reply that asks or denies, or the login handed to `login-forward.ts`. Nothing of a user is kept before
 * that user has accepted something, and no credential ever.
 */
import { STATUS, status } from '../csp/status.ts';
import { isStoreLoss } from '../errors.ts';
import type { ForwardVerdict } from '../negotiation/verdict.ts';
import { closed, endings, type NegotiationWindow } from '../negotiation/window.ts';
import { challenge, openConversation, wantsChallenge } from './conversation/opening.ts';
import { countOutcomes } from './counting.ts';
import { answerWith, type Exchange, firstTransaction, type Handler, type Link, type Reply } from './exchange.ts';
import { type Login, type LoginParts, readLogin } from './login.ts';
import { ask, deny } from './login-answers.ts';
import { forwardLogin } from './login-forward.ts';
import { judgeLoginOf } from './login-judging.ts';
import { loginWithoutStore } from './login-without-store.ts';
import { takeOutbandAnswers } from './outband-answers.ts';
import { refuseAll } from './refusal.ts';
import { closedTo, goesOn, isDraining, refuseLogin } from './vasp-state.ts';

export function loginGate(parts: LoginParts): Link {
  return (exchange, next) => {
    const { envelope } = exchange;
    const isLogin = envelope.transactions.some(({ primitive }) => primitive === 'Login-Request');
    return envelope.sessionType === 'Inband' && !isLogin ? next(exchange) : outsideSessions(exchange, isLogin, next);
  };

  async function outsideSessions(exchange: Exchange, isLogin: boolean, next: Handler): Promise<Reply> {
    if (isLogin) {
      return isLoginAlone(exchange)
        ? gate(parts, exchange, next)
        : refuseAll(
            exchange,
            STATUS.BAD_REQUEST,
            'A Login-Request stands alone in an Outband message, in mode Request.',
          );
    }
    return firstTransaction(exchange.envelope).primitive === 'SystemMessage-User'
      ? takeOutbandAnswers(parts, exchange)
      : refuseAll(exchange, STATUS.INVALID_SESSION, 'Please log in first: nothing else is served without a session.');
  }
}

function isLoginAlone({ envelope }: Exchange): boolean {
  const { sessionType, transactions } = envelope;
  return sessionType === 'Outband' && transactions.length === 1 && transactions[0]?.mode === 'Request';
}

async function gate(parts: LoginParts, exchange: Exchange, next: Handler): Promise<Reply> {
  const login = readLogin(parts.secrets, exchange);
  if (login === undefined) {
    return answerWith(exchange, status(STATUS.BAD_PARAMETER, 'The Login-Request has no UserID.'), '402');
  }
  const noWay = closedTo(parts, exchange.vasp.name);
  if (noWay !== undefined) return refuseLogin(parts, login, noWay);
  if (!(await parts.isProvisioned(login.facts.userId))) {
    const description = 'This service is not open to you. Please ask your operator.';
    return deny(parts, login, { code: STATUS.FORBIDDEN, description, reason: 'not-provisioned' });
  }
  try {
    return await gateWithStore(parts, login, next);
  } catch (error) {
    if (!isStoreLoss(error)) throw error;
    return loginWithoutStore(parts, login);
  }
}

async function gateWithStore(parts: LoginParts, login: Login, next: Handler): Promise<Reply> {
  const { exchange } = login;
  const [pass, window] = await Promise.all([
    parts.negotiations.pass(login.passKey),
    parts.negotiations.window(login.windowKey),
  ]);
  if (pass !== undefined) return forwardLogin(parts, login, pass, 0, next);
  const draining = isDraining(parts, exchange.vasp.name);
  if (draining && !goesOn(login, window)) return refuseLogin(parts, login, 'draining');
  const verdict = await judgeLoginOf(parts, login, window);
  // The question comes with the second phase: until then nothing was asked.
  if (verdict.kind === 'converse' && wantsChallenge(login.primitive) && !draining) return challenge(parts, login);
  countOutcomes(parts.metrics, login.facts.vasp, verdict.ended);
  await parts.waiting.end(login.windowKey);
  if (verdict.kind === 'forward') return letThrough(parts, login, verdict, window, next);
  await parts.negotiations.keepWindow(login.windowKey, exchange.vasp.name, verdict.window);
  await parts.negotiations.claim(verdict.tokens);
  // What began before goes on, but nothing more is asked.
  if (draining && verdict.kind !== 'deny') return refuseLogin(parts, login, 'draining');
  if (verdict.kind === 'ask') return ask(parts, login, verdict);
  if (verdict.kind === 'converse') return openConversation(parts, login, verdict);
  return deny(parts, login, { ...verdict, reason: verdict.how });
}

async function letThrough(
  parts: LoginParts,
  login: Login,
  verdict: ForwardVerdict,
  window: NegotiationWindow,
  next: Handler,
): Promise<Reply> {
  // Two logins at once with the same answers, or an answer that was held and given again: it has been used up.
  if (!(await parts.negotiations.claim(verdict.tokens))) {
    for (const token of verdict.tokens) await parts.negotiations.claim([token]);
    const over = await parts.negotiations.changeWindow(login.windowKey, login.facts.vasp, closed);
    countOutcomes(parts.metrics, login.facts.vasp, endings(over, new Map(), parts.clock.wall()));
    const description = 'These answers have been used already. Please log in again.';
    return deny(parts, login, { code: STATUS.FORBIDDEN, description, reason: 'spent' });
  }
  const asked = [...window.asked.values()].map(({ since }) => since);
  const pass = { ...verdict, askedAt: asked.length === 0 ? undefined : Math.min(...asked) };
  return forwardLogin(parts, login, pass, verdict.passMillis, next);
}
