/**
 * Decides about one login: ask, deny, or let through, and with which level [X12, X14 to X18, X23]. A normal login goes:
 * nothing is settled, so all messages go out together; the client logs in again with the answers; every policy is
 * settled, so the login is forwarded with the meet of the levels. The VASP hears of it only then. The function is pure:
 * what it was told last time comes in as a window, what is to be told next time goes out as one.
 */
import type { ServiceSet } from '../csp/service-tree.ts';
import { STATUS } from '../csp/status.ts';
import type { SystemMessage } from '../csp/system-message.ts';
import type { Level, LoginFacts, OffLinePolicy } from '../policy/model.ts';
import { chooseLanguage, textFor, textValues } from '../policy/text.ts';
import type { Acceptance } from '../ports.ts';
import type { JudgedAnswer } from './answers.ts';
import { type How, type Standing, standingOf } from './standing.ts';
import {
  closed,
  countAsked,
  countWorthless,
  hold,
  type NegotiationWindow,
  timesAsked,
  WORTHLESS_ANSWERS_THAT_DENY,
  worthlessAnswers,
} from './window.ts';

export interface LoginAttempt {
  readonly facts: LoginFacts;
  /** The policies that concern this login, in order. */
  readonly policies: readonly OffLinePolicy[];
  readonly defaultLevel: Level;
  readonly knowsSystemMessages: boolean;
  /** What this user accepted earlier at this VASP. */
  readonly accepted: readonly Acceptance[];
  readonly answers: readonly JudgedAnswer[];
  readonly window: NegotiationWindow;
  /** Short form of the cookie's key. */
  readonly cookie: string;
  /** Preferred languages, best first. */
  readonly languages: readonly (string | undefined)[];
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** Makes the SystemMessageID for a policy's message in a language. */
  readonly issue: (policy: OffLinePolicy, languageIndex: number) => string;
}

/** What became of one policy in this login, for metrics and logs. */
export interface PolicyOutcome {
  readonly policy: string;
  readonly outcome: How | 'asked' | 'wrong-answers' | 'observed' | 'abandoned';
}

interface VerdictBase {
  /** Tokens that this verdict uses up; a forwarded login's only once the VASP accepted it. */
  readonly tokens: readonly string[];
  readonly outcomes: readonly PolicyOutcome[];
  /** What to remember of this user and client until the next login. */
  readonly window: NegotiationWindow;
}

export interface ForwardVerdict extends VerdictBase {
  readonly kind: 'forward';
  readonly granted: ServiceSet;
  /** Names of the levels that were granted, for logs. */
  readonly levels: readonly string[];
  /** To be recorded when, and only when, the VASP accepts the login [X19]. */
  readonly remember: readonly Acceptance[];
  /** How long a second phase passes on what was decided now [X17]; 0 when nothing was. */
  readonly passMillis: number;
}

export interface AskVerdict extends VerdictBase {
  readonly kind: 'ask';
  readonly description: string;
  readonly messages: readonly SystemMessage[];
}

export interface DenyVerdict extends VerdictBase {
  readonly kind: 'deny';
  readonly code: number;
  readonly description: string;
  /** The policy that denied. */
  readonly policy: string;
  readonly how: How | 'wrong-answers';
}

export type LoginVerdict = ForwardVerdict | AskVerdict | DenyVerdict;

interface Placed {
  readonly policy: OffLinePolicy;
  readonly standing: Standing;
}

export function judgeLogin(attempt: LoginAttempt): LoginVerdict {
  const placed = attempt.policies.map((policy): Placed => ({ policy, standing: standingOf(policy, attempt) }));
  const enforced = placed.filter(({ policy }) => policy.mode === 'enforce');
  const observed = placed
    .filter(({ policy, standing }) => policy.mode === 'observe' && standing.kind !== 'settled')
    .map(({ policy }): PolicyOutcome => ({ policy: policy.id, outcome: 'observed' }));

  for (const { policy, standing } of enforced) {
    if (standing.kind === 'refused') return refuse(attempt, policy, standing, observed);
  }
  const outstanding = enforced.filter(({ standing }) => standing.kind === 'outstanding').map(({ policy }) => policy);
  return outstanding.length === 0
    ? letThrough(attempt, enforced, observed)
    : ask(attempt, enforced, outstanding, observed);
}

function refuse(
  attempt: LoginAttempt,
  policy: OffLinePolicy,
  standing: Standing & { kind: 'refused' },
  observed: readonly PolicyOutcome[],
): DenyVerdict {
  // A login that was asked too often stays refused until the window ends [X18]; every other refusal ends it [X16].
  const staysOpen = standing.how === 'timed-out';
  const abandoned = attempt.policies
    .filter((other) => other !== policy && timesAsked(attempt.window, other, attempt.now) > 0)
    .map((other): PolicyOutcome => ({ policy: other.id, outcome: 'abandoned' }));
  return {
    kind: 'deny',
    code: standing.code,
    description: textFor(standing.texts, attempt.languages, textValues(policy, attempt.facts)),
    policy: policy.id,
    how: standing.how,
    tokens: tokensOf(attempt),
    outcomes: [...observed, { policy: policy.id, outcome: standing.how }, ...(staysOpen ? [] : abandoned)],
    window: staysOpen ? attempt.window : closed(attempt.window),
  };
}

function letThrough(
  attempt: LoginAttempt,
  enforced: readonly Placed[],
  observed: readonly PolicyOutcome[],
): ForwardVerdict {
  const settled = enforced.flatMap(({ policy, standing }) =>
    standing.kind === 'settled' ? [{ policy, standing }] : [],
  );
  const levels = settled.flatMap(({ standing }) => (standing.level === undefined ? [] : [standing.level]));
  const asked = settled.filter(({ standing }) => standing.how === 'answered' || standing.how === 'shown');
  const decidedNow = settled.filter(({ standing }) => standing.how !== 'remembered' && standing.how !== 'cannot-ask');
  return {
    kind: 'forward',
    granted: levels.reduce((set, level) => set.meet(level.set), levels[0]?.set ?? attempt.defaultLevel.set),
    levels: levels.length === 0 ? [attempt.defaultLevel.name] : levels.map(({ name }) => name),
    remember: asked
      .filter(({ policy }) => policy.ask.mode !== 'every-login')
      .map(({ policy, standing }) => ({
        policy: policy.id,
        version: policy.version,
        option: standing.option?.id,
        acceptedAt: attempt.now,
      })),
    tokens: [...tokensOf(attempt), ...asked.flatMap(({ standing }) => standing.token ?? [])],
    passMillis: decidedNow.length === 0 ? 0 : Math.min(...decidedNow.map(({ policy }) => policy.timeoutMillis)),
    outcomes: [...observed, ...settled.map(({ policy, standing }) => ({ policy: policy.id, outcome: standing.how }))],
    window: attempt.window,
  };
}

function ask(
  attempt: LoginAttempt,
  enforced: readonly Placed[],
  outstanding: readonly OffLinePolicy[],
  observed: readonly PolicyOutcome[],
): AskVerdict | DenyVerdict {
  const worthless = attempt.answers.filter(({ kind }) => kind === 'worthless').length;
  const longest = Math.max(...outstanding.map(({ timeoutMillis }) => timeoutMillis));
  let window = worthless === 0 ? attempt.window : countWorthless(attempt.window, worthless, longest, attempt.now);
  if (worthless > 0 && worthlessAnswers(window, attempt.now) >= WORTHLESS_ANSWERS_THAT_DENY) {
    return tooManyWrongAnswers(attempt, outstanding, observed, window);
  }
  // A message that goes out again because its answer was worthless is bounded by the count of worthless answers.
  if (worthless === 0) window = countAsked(window, outstanding, attempt.now);
  for (const { policy, standing } of enforced) {
    if (standing.kind === 'settled' && standing.token !== undefined && standing.until !== undefined) {
      window = hold(window, {
        policyId: policy.id,
        policyVersion: policy.version,
        optionId: standing.option?.id,
        token: standing.token,
        cookie: attempt.cookie,
        until: standing.until,
      });
    }
  }
  const count = outstanding.length;
  return {
    kind: 'ask',
    description: `Please ${count === 1 ? 'answer the message' : `answer the ${count} messages`} to log in.`,
    messages: outstanding.map((policy) => messageFor(policy, attempt)),
    tokens: attempt.answers.flatMap((answer) => (answer.kind === 'worthless' ? (answer.token ?? []) : [])),
    outcomes: [...observed, ...outstanding.map((policy): PolicyOutcome => ({ policy: policy.id, outcome: 'asked' }))],
    window,
  };
}

function tooManyWrongAnswers(
  attempt: LoginAttempt,
  outstanding: readonly OffLinePolicy[],
  observed: readonly PolicyOutcome[],
  window: NegotiationWindow,
): DenyVerdict {
  return {
    kind: 'deny',
    code: STATUS.FORBIDDEN,
    description: 'Too many answers could not be used. Please log in again and answer the messages that you are shown.',
    policy: outstanding[0]?.id ?? '',
    how: 'wrong-answers',
    tokens: tokensOf(attempt),
    outcomes: [...observed, ...outstanding.map(({ id }): PolicyOutcome => ({ policy: id, outcome: 'wrong-answers' }))],
    window: closed(window),
  };
}

/** A policy's message as this client is to see it, under a fresh token [X12]. */
function messageFor(policy: OffLinePolicy, attempt: LoginAttempt): SystemMessage {
  const { languages, facts } = attempt;
  const values = textValues(policy, facts);
  return {
    id: attempt.issue(policy, [...policy.message.keys()].indexOf(chooseLanguage(policy.message, languages))),
    requiresResponse: policy.requiresResponse,
    text: textFor(policy.message, languages, values),
    options: policy.options.map(({ text }) => textFor(text, languages, values)),
    verificationInText:
      policy.verification === undefined ? undefined : textFor(policy.verification.inText, languages, values),
  };
}

function tokensOf(attempt: LoginAttempt): readonly string[] {
  return attempt.answers.flatMap(({ token }) => token ?? []);
}
