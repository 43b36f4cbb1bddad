/** Gathers what `negotiation/login.ts` needs to decide about a login, and asks it. */
import { systemMessageAnswers } from '../csp/system-message.ts';
import { judgeAnswer } from '../negotiation/answers.ts';
import { judgeLogin, type LoginVerdict } from '../negotiation/login.ts';
import { issueToken, shortForm } from '../negotiation/token.ts';
import type { NegotiationWindow } from '../negotiation/window.ts';
import { applicablePolicies } from '../policy/decide.ts';
import type { LoginFacts, OffLinePolicy } from '../policy/model.ts';
import type { Acceptance } from '../ports.ts';
import type { Login, LoginParts } from './login.ts';

export async function judgeLoginOf(parts: LoginParts, login: Login, window: NegotiationWindow): Promise<LoginVerdict> {
  const { facts, asked } = login;
  const set = parts.policies.current();
  const now = parts.clock.wall();
  const policies = applicablePolicies(set, facts, now);
  const answers = systemMessageAnswers(login.primitive) ?? [];
  const spent = await parts.negotiations.spent(answers.map(({ id }) => id));
  const context = {
    secrets: parts.secrets,
    vasp: facts.vasp,
    policies: set.policies,
    user: shortForm('user', asked.userKey),
    isSpent: (token: string) => spent.has(token),
    now,
  };
  return judgeLogin({
    facts,
    policies,
    defaultLevel: set.defaultLevel,
    knowsSystemMessages: knowsSystemMessages(parts, facts),
    accepted: await acceptedEarlier(parts, policies, asked.userKey),
    answers: answers.map((answer) => judgeAnswer(answer, context)),
    window,
    cookie: shortForm('cookie', asked.cookieKey),
    languages: [facts.language, login.exchange.vasp.language],
    now,
    issue: (policy, languageIndex) => issueToken(parts.secrets, asked, policy, languageIndex, now),
  });
}

/** One read, and none where every policy asks at every login. A store that fails means: ask again, never charge unasked. */
async function acceptedEarlier(
  parts: LoginParts,
  policies: readonly OffLinePolicy[],
  userKey: string,
): Promise<readonly Acceptance[]> {
  if (policies.every(({ ask }) => ask.mode === 'every-login')) return [];
  try {
    return await parts.acceptances.of(userKey);
  } catch {
    parts.log.error('acceptances cannot be read, asking again', { user: userKey });
    return [];
  }
}

/** CSP 1.3 does, 1.1 and 1.2 do not, and the operator knows better [X11]. */
function knowsSystemMessages(parts: LoginParts, facts: LoginFacts): boolean {
  const override = parts.clientOverrides.find(({ client }) => client.matches(facts.clientId));
  return override?.systemMessages ?? facts.version === '1.3';
}
