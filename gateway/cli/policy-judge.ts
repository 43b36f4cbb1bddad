/**
 * Judges the logins of policy tests by the code that judges real ones: real tokens under throw-away keys, answers that
 * are read from them, the same decision. Only the network and the store are missing.
 */
import { randomBytes } from 'node:crypto';
import { judgeAnswer } from '../negotiation/answers.ts';
import { judgeLogin } from '../negotiation/login.ts';
import { type Asked, issueToken, shortForm } from '../negotiation/token.ts';
import { EMPTY_WINDOW, type NegotiationWindow } from '../negotiation/window.ts';
import type { OffLinePolicy } from '../policy/model.ts';
import type { TestAnswer } from '../policy/test-file.ts';
import type { Judge, JudgeInput, JudgeOutcome, PolicyStanding } from '../policy/test-run.ts';
import type { Secrets } from '../ports.ts';
import { openSecrets } from '../secrets.ts';

export function createPolicyJudge(): Judge {
  const opened = openSecrets({ kind: 'keys', text: randomBytes(32).toString('hex') });
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { secrets } = opened;
  return (input) => judge(secrets, input);
}

function judge(secrets: Secrets, input: JudgeInput): JudgeOutcome {
  const { login, now, policies } = input;
  const asked: Asked = {
    vasp: login.vasp,
    userKey: secrets.keyedHash('user', login.vasp, login.userId),
    clientKey: secrets.keyedHash('client', login.clientId),
    cookieKey: secrets.keyedHash('cookie', ''),
  };
  const context = {
    secrets,
    vasp: login.vasp,
    policies: input.set.policies,
    user: shortForm('user', asked.userKey),
    isSpent: () => false,
    now,
  };
  const answers = policies.flatMap((policy) => {
    const answer = input.answers.get(policy.id);
    if (answer === undefined || answer.kind === 'never') return [];
    const issuedAt = answer.late ? now - policy.timeoutMillis : now;
    return judgeAnswer(
      {
        id: issueToken(secrets, asked, policy, 0, issuedAt),
        chosenOptionId: answer.option === undefined ? undefined : numberOf(policy, answer.option),
        verificationKey: answer.key,
      },
      context,
    );
  });
  const issued = new Map<string, string>();
  const verdict = judgeLogin({
    facts: login,
    policies,
    defaultLevel: input.set.defaultLevel,
    knowsSystemMessages: input.knowsSystemMessages,
    accepted: input.accepted,
    answers,
    window: windowBefore(policies, input.answers, now),
    cookie: shortForm('cookie', asked.cookieKey),
    languages: [login.language],
    now,
    issue: (policy, languageIndex) => {
      const token = issueToken(secrets, asked, policy, languageIndex, now);
      issued.set(token, policy.id);
      return token;
    },
  });
  const standings = verdict.outcomes.map(({ policy, outcome }) => ({ policy, how: outcome }));
  switch (verdict.kind) {
    case 'forward':
      return {
        kind: 'forward',
        granted: verdict.granted,
        remembered: verdict.remember.map(({ policy }) => policy),
        recorded: recordedOf(policies, standings),
        standings,
      };
    case 'deny':
      return { kind: 'deny', code: verdict.code, description: verdict.description, standings };
    case 'ask':
      return {
        kind: 'ask',
        standings,
        messages: verdict.messages.map(({ id, text, options }) => ({ policy: issued.get(id) ?? '', text, options })),
      };
  }
}

/** What was decided now goes to the record, where the policy keeps one. */
function recordedOf(policies: readonly OffLinePolicy[], standings: readonly PolicyStanding[]): readonly string[] {
  const decided = new Set(
    standings.filter(({ how }) => how === 'answered' || how === 'shown').map(({ policy }) => policy),
  );
  return policies.filter(({ id, record }) => record === 'keyed' && decided.has(id)).map(({ id }) => id);
}

/** Options stand on the wire as their place in the policy. */
function numberOf(policy: OffLinePolicy, option: string): string {
  return String(policy.options.findIndex(({ id }) => id === option) + 1);
}

/** The login that answers comes after one that asked; a message never answered was sent as often as it ever is. */
function windowBefore(
  policies: readonly OffLinePolicy[],
  answers: ReadonlyMap<string, TestAnswer>,
  now: number,
): NegotiationWindow {
  if (answers.size === 0) return EMPTY_WINDOW;
  return {
    ...EMPTY_WINDOW,
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
