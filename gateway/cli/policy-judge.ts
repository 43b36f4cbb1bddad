/**
 * Judges the logins of policy tests by the code that judges real ones: real tokens under throw-away keys, answers that
 * are read from them, the same decision. Only the network and the store are missing.
 */
import { randomBytes } from 'node:crypto';
import { judgeAnswer } from '../negotiation/answers.ts';
import { judgeLogin } from '../negotiation/login.ts';
import { proofWord } from '../negotiation/proof.ts';
import { questionFor } from '../negotiation/question.ts';
import { type Asked, issueToken, type Question, shortForm } from '../negotiation/token.ts';
import { EMPTY_WINDOW, type NegotiationWindow } from '../negotiation/window.ts';
import { SAMPLE_PUBLIC_URL } from '../policy/describe.ts';
import type { OffLinePolicy, PolicySet } from '../policy/model.ts';
import { consentUrl } from '../policy/page-urls.ts';
import type { AskedMessage, Judge, JudgeInput, JudgeOutcome, PolicyStanding } from '../policy/test-run.ts';
import type { Secrets } from '../ports.ts';
import { openSecrets } from '../secrets.ts';

export function createPolicyJudge(): Judge {
  const opened = openSecrets({ kind: 'keys', text: randomBytes(32).toString('hex') });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { secrets } = opened;
  return (input) => judge(secrets, input);
}

function judge(secrets: Secrets, input: JudgeInput): JudgeOutcome {
  const { login, now, policies, messagesWaiting } = input;
  const asked: Asked = {
    vasp: login.vasp,
    userKey: secrets.keyedHash('user', login.vasp, login.userId),
    clientKey: secrets.keyedHash('client', login.clientId),
    cookieKey: secrets.keyedHash('cookie', ''),
  };
  const context = {
    secrets,
    vasp: login.vasp,
    sets: [input.set],
    user: shortForm('user', asked.userKey),
    isSpent: () => false,
    now,
  };
  const answers = policies.flatMap((policy) => {
    const answer = input.answers.get(policy.id);
    if (answer === undefined || answer.kind === 'never') return [];
    const issuedAt = answer.late ? now - policy.timeoutMillis : now;
    const id = issueToken(secrets, asked, questionOf(input.set, policy, 0), issuedAt);
    return judgeAnswer(
      {
        id,
        chosenOptionId: answer.option === undefined ? undefined : numberOf(policy, answer.option),
        verificationKey: answer.key ?? wordOnPage(secrets, policy, id),
      },
      context,
    );
  });
  const issued = new Map<string, string>();
  const languages = [login.language];
  const verdict = judgeLogin({
    facts: login,
    set: input.set,
    policies,
    knowsSystemMessages: input.knowsSystemMessages,
    accepted: input.accepted,
    answers,
    messagesWaiting,
    window: windowBefore(input),
    cookie: shortForm('cookie', asked.cookieKey),
    languages,
    publicUrl: SAMPLE_PUBLIC_URL,
    now,
    issue: (policy, languageIndex) => {
      const token = issueToken(secrets, asked, questionOf(input.set, policy, languageIndex), now);
      issued.set(token, policy.id);
      return token;
    },
  });
  const standings = verdict.outcomes.map(({ policy, outcome }) => ({ policy, how: outcome }));
  const asking = (how: string): readonly PolicyStanding[] =>
    standings.map((standing) => (standing.how === 'asked' ? { ...standing, how } : standing));
  const messageOf = (policy: OffLinePolicy): AskedMessage => {
    const { text, options } = questionFor(policy, { ...login, messagesWaiting }, languages, '', SAMPLE_PUBLIC_URL);
    return { policy: policy.id, text, options };
  };
  switch (verdict.kind) {
    case 'forward':
      return {
        kind: 'forward',
        granted: verdict.granted,
        remembered: verdict.remember.map(({ policy }) => policy),
        recorded: verdict.decisions.map(({ policy }) => policy.id),
        standings,
      };
    case 'deny': {
      const address = (token: string): string => consentUrl(SAMPLE_PUBLIC_URL, token);
      const denial = {
        kind: 'deny',
        code: verdict.code,
        description: [...issued.keys()].reduce(
          (text, token) => text.replaceAll(address(token), '{consentUrl}'),
          verdict.description,
        ),
      } as const;
      if (verdict.how !== 'on-page') return { ...denial, onPage: [], standings };
      const waiting = policies.filter(({ id }) =>
        standings.some(({ policy, how }) => policy === id && how === 'asked'),
      );
      return { ...denial, onPage: waiting.map(messageOf), standings: asking('on-page') };
    }
    case 'converse':
      return {
        kind: 'ask',
        way: 'conversation',
        messages: verdict.policies.map(messageOf),
        standings: asking('in-conversation'),
      };
    case 'ask':
      return {
        kind: 'ask',
        way: 'system-message',
        messages: verdict.messages.map(({ id, text, options }) => ({ policy: issued.get(id) ?? '', text, options })),
        standings,
      };
  }
}

function questionOf({ hash }: PolicySet, policy: OffLinePolicy, languageIndex: number): Question {
  return { setHash: hash, policy, languageIndex, languageTold: true };
}

/** A word that is new for every question is taken as read, because no test could know it. */
function wordOnPage(secrets: Secrets, policy: OffLinePolicy, token: string): string | undefined {
  return policy.verification?.kind === 'url' ? proofWord(secrets, policy, token) : undefined;
}

/** Options stand on the wire as their place in the policy. */
function numberOf(policy: OffLinePolicy, option: string): string {
  return String(policy.options.findIndex(({ id }) => id === option) + 1);
}

/** The login that answers comes after one that asked; a message never answered was sent as often as it ever is. */
function windowBefore({ policies, answers, set, now }: JudgeInput): NegotiationWindow {
  if (answers.size === 0) return EMPTY_WINDOW;
  return {
    ...EMPTY_WINDOW,
    set: set.hash,
    asked: new Map(
      policies.map((policy) => [
        policy.id,
        {
          since: now,
          times: answers.get(policy.id)?.kind === 'never' ? policy.resend + 1 : 1,
          timeoutMillis: policy.timeoutMillis,
        },
      ]),
    ),
  };
}
