/**
 * A login while the store cannot be had: it reaches no VASP, because neither what the user accepted nor the session could be
 * kept [X19]. By default the user is asked all the same: a question needs no store, and its answer, signed and dated, counts
 * at the next login that finds the store there. Who cannot be asked so, or need not be, is told to come back later.
 */
import { STATUS } from '../csp/status.ts';
import { EMPTY_WINDOW } from '../negotiation/window.ts';
import type { Reply } from './exchange.ts';
import { type Login, type LoginParts, loginFields } from './login.ts';
import { ask, deny } from './login-answers.ts';
import { judgeLoginOf } from './login-judging.ts';
import { refuseAll } from './refusal.ts';

export async function loginWithoutStore(parts: LoginParts, login: Login): Promise<Reply> {
  if (parts.onStoreLoss === 'deny') return refuse(parts, login);
  const verdict = await judgeLoginOf({ ...parts, ...NOTHING_KNOWN }, login, EMPTY_WINDOW);
  switch (verdict.kind) {
    case 'ask':
      return ask(parts, login, verdict);
    case 'deny':
      return deny(parts, login, { ...verdict, reason: verdict.how });
    case 'forward':
    case 'converse':
      return refuse(parts, login);
  }
}

const NOTHING_KNOWN = {
  negotiations: { spent: async () => new Set<string>() },
  acceptances: { of: async () => [] },
  mailbox: undefined,
};

function refuse({ metrics, log }: LoginParts, login: Login): Reply {
  metrics.login(login.facts.vasp, 'store-unavailable');
  log.warn('login denied', {
    ...loginFields(login),
    reason: 'store-unavailable',
    code: STATUS.SERVICE_UNAVAILABLE,
  });
  const description = 'The service is busy. Please try again later.';
  return refuseAll(login.exchange, STATUS.SERVICE_UNAVAILABLE, description, true);
}
