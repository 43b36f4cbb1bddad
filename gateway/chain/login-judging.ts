/** Gathers what `negotiation/login.ts` needs to decide about a login, and asks it. */
import { type SystemMessageAnswer, systemMessageAnswers } from '../csp/system-message.ts';
import { type JudgedAnswer, type JudgingContext, judgeAnswer } from '../negotiation/answers.ts';
import { judgeLogin } from '../negotiation/login.ts';
import { issueToken, readToken, shortForm } from '../negotiation/token.ts';
import type { LoginVerdict } from '../negotiation/verdict.ts';
import { withWaitingQuestion } from '../negotiation/waiting-messages.ts';
import { type NegotiationWindow, setUnderWay } from '../negotiation/window.ts';
import { stillCounts } from '../policy/ask-again.ts';
import { applicablePolicies, waitingQuestion } from '../policy/decide.ts';
import type { OffLinePolicy, PolicySet } from '../policy/model.ts';
import type { Acceptance, AcceptanceStore } from '../ports.ts';
import type { Login, LoginParts } from './login.ts';
import type { NegotiationMemory } from './negotiation-memory.ts';
import { knowsSystemMessages } from './system-messages/addressee.ts';

/** What judging asks of the store. */
export type JudgingParts = Omit<LoginParts, 'negotiations' | 'acceptances'> & {
  readonly negotiations: Pick<NegotiationMemory, 'spent'>;
  readonly acceptances: Pick<AcceptanceStore, 'of'>;
};

export async function judgeLoginOf(
  parts: JudgingParts,
  login: Login,
  window: NegotiationWindow,
): Promise<LoginVerdict> {
  const { facts, asked } = login;
  const now = parts.clock.wall();
  const answers = systemMessageAnswers(login.primitive) ?? [];
  const spent = await parts.negotiations.spent(answers.map(({ id }) => id));
  const unspent = answers.map(({ id }) => id).filter((id) => !spent.has(id));
  const set = setOf(parts, facts.vasp, window, unspent, now);
  const failed = ({ id }: OffLinePolicy): void => parts.metrics.negotiation(facts.vasp, id, 'condition-failed');
  const policies = applicablePolicies(set, facts, now, failed);
  const question = parts.mailbox === undefined ? undefined : waitingQuestion(set, facts, now, failed);
  const messagesWaiting = question === undefined ? 0 : await messagesFor(parts, login);
  const context = {
    secrets: parts.secrets,
    vasp: facts.vasp,
    sets: [set],
    user: shortForm('user', asked.userKey),
    isSpent: (token: string) => spent.has(token),
    now,
  };
  const standingFacts = {
    knowsSystemMessages: knowsSystemMessages(parts.clientOverrides, facts),
    accepted: await acceptedEarlier(parts, policies, login),
    answers: judgeInTurn(answers, context),
    window,
    cookie: shortForm('cookie', asked.cookieKey),
    now,
  };
  return judgeLogin({
    ...standingFacts,
    facts,
    set,
    policies:
      question === undefined ? policies : withWaitingQuestion(policies, question, messagesWaiting, standingFacts),
    messagesWaiting,
    languages: [facts.language, login.exchange.vasp.language],
    publicUrl: parts.publicUrl(),
    issue: (policy, languageIndex) => {
      const languageTold = facts.language !== undefined;
      return issueToken(parts.secrets, asked, { setHash: set.hash, policy, languageIndex, languageTold }, now);
    },
  });
}

/** Where nobody can tell, nobody is asked: what waits is handed over all the same [X61]. */
async function messagesFor({ mailbox, log }: JudgingParts, { asked: { userKey } }: Login): Promise<number> {
  try {
    return (await mailbox?.count(userKey)) ?? 0;
  } catch {
    log.error('waiting messages cannot be counted, not asking about them', { user: userKey });
    return 0;
  }
}

/** A wrong answer uses its token up, for the rest of the same login too: there are not many tries at one question. */
function judgeInTurn(answers: readonly SystemMessageAnswer[], context: JudgingContext): readonly JudgedAnswer[] {
  const usedUp = new Set<string>();
  return answers.map((answer) => {
    const isSpent = (token: string): boolean => usedUp.has(token) || context.isSpent(token);
    const judged = judgeAnswer(answer, { ...context, isSpent });
    if (judged.kind === 'worthless') usedUp.add(answer.id);
    return judged;
  });
}

/** A negotiation finishes under the set that it began with [policy-files §6]; a new one begins under the set in force. */
function setOf(
  parts: JudgingParts,
  vasp: string,
  window: NegotiationWindow,
  tokens: readonly string[],
  now: number,
): PolicySet {
  const live = parts.policies.live();
  const underWay = setUnderWay(window, now);
  const known = live.find(({ hash }) => hash === underWay);
  if (known !== undefined) return known;
  // Another process may have asked, or this one before it was started again: answers that may still count know what they
  // were asked under. Others must not call an old set back.
  for (const token of tokens) {
    const read = readToken(parts.secrets, vasp, live, token);
    if (read !== undefined && now - read.content.issuedAt < read.policy.timeoutMillis) return read.set;
  }
  return parts.policies.current();
}

/** One read, and none where every policy asks at every login. A store that fails means: ask again, never charge unasked. */
async function acceptedEarlier(
  parts: JudgingParts,
  policies: readonly OffLinePolicy[],
  { asked, facts }: Login,
): Promise<readonly Acceptance[]> {
  if (policies.every(({ ask }) => ask.mode === 'every-login')) return [];
  try {
    const accepted = await parts.acceptances.of(asked.userKey);
    const wishes = parts.askAgain.current();
    return wishes.length === 0 ? accepted : accepted.filter((acceptance) => stillCounts(wishes, acceptance, facts));
  } catch {
    parts.log.error('acceptances cannot be read, asking again', { user: asked.userKey });
    return [];
  }
}
