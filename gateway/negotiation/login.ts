/**
 * Decides about one login: ask, converse, deny, or let through, and with which level [X12, X14 to X18, X21, X23]. A normal
 * login goes: nothing is settled, so all messages go out together; the client logs in again with the answers; every policy
 * is settled, so the login is forwarded with the meet of the levels. The VASP hears of it only then. The function is pure:
 * what it was told last time comes in as a window, what is to be told next time goes out as one.
 */
import { STATUS } from '../csp/status.ts';
import type { OffLinePolicy, Texts } from '../policy/model.ts';
import { consentUrl } from '../policy/page-urls.ts';
import { LONGEST_VALUE, type Reader, textFor, textValues } from '../policy/text.ts';
import { acceptedDecision, type Decision, shownDecision } from './decision.ts';
import { languageIndexFor, needsNoAnswer, questionFor } from './question.ts';
import { type Standing, standingOf } from './standing.ts';
import type {
  AskVerdict,
  ConverseVerdict,
  DenyVerdict,
  ForwardVerdict,
  LoginAttempt,
  LoginVerdict,
  PolicyStanding,
} from './verdict.ts';
import {
  askedInVain,
  closed,
  countAsked,
  countWorthless,
  endings,
  hold,
  type NegotiationWindow,
  timesAsked,
  WORTHLESS_ANSWERS_THAT_DENY,
  worthlessAnswers,
} from './window.ts';

/** UTF-16 units, twice as many as a text shows of an id. */
const KEPT_USER_ID_CHARACTERS = 2 * LONGEST_VALUE.user;

interface Placed {
  readonly policy: OffLinePolicy;
  readonly standing: Standing;
}

/** The policies that are enforced, and what is counted for those that are only observed. */
interface Sorted {
  readonly enforced: readonly Placed[];
  readonly observed: readonly (PolicyStanding & { readonly outcome: 'observed' })[];
}

export function judgeLogin(attempt: LoginAttempt): LoginVerdict {
  const placed = attempt.policies.map((policy): Placed => ({ policy, standing: standingOf(policy, attempt) }));
  const sorted: Sorted = {
    enforced: placed.filter(({ policy }) => policy.mode === 'enforce'),
    observed: placed
      .filter(({ policy, standing }) => policy.mode === 'observe' && standing.kind !== 'settled')
      .map(({ policy }) => ({ policy: policy.id, outcome: 'observed' as const })),
  };
  for (const { policy, standing } of sorted.enforced) {
    if (standing.kind === 'refused') return refuse(attempt, policy, standing, sorted.observed);
  }
  const outstanding = ofKind(sorted, 'outstanding');
  if (outstanding.length > 0) return ask(attempt, outstanding, sorted);
  // A page first: a login that it denies would end a conversation before it began.
  const onPage = ofKind(sorted, 'on-page');
  if (onPage.length > 0) return sendToPage(attempt, onPage, sorted);
  const inConversation = ofKind(sorted, 'in-conversation');
  if (inConversation.length > 0) return converse(attempt, inConversation, sorted);
  return letThrough(attempt, sorted);
}

function ofKind({ enforced }: Sorted, kind: Standing['kind']): readonly OffLinePolicy[] {
  return enforced.filter(({ standing }) => standing.kind === kind).map(({ policy }) => policy);
}

function refuse(
  attempt: LoginAttempt,
  policy: OffLinePolicy,
  standing: Standing & { kind: 'refused' },
  observed: Sorted['observed'],
): DenyVerdict {
  // A login that was asked too often stays refused until the window ends [X18]; every other refusal ends it [X16].
  const staysOpen = standing.how === 'timed-out';
  const ended = staysOpen ? [] : endings(attempt.window, new Map([[policy.id, standing.how]]), attempt.now);
  return {
    kind: 'deny',
    code: standing.code,
    description: textFor(standing.texts, attempt.languages, textValues(policy, readerOf(attempt))),
    policy: policy.id,
    how: standing.how,
    // An answer that led to a denial has done its work, however it was given [X14].
    tokens: [...tokensOf(attempt), ...(staysOpen ? [] : attempt.window.held.map(({ token }) => token))],
    outcomes: [...observed, { policy: policy.id, outcome: standing.how }],
    ended: [...observed, ...ended],
    window: staysOpen ? attempt.window : closed(attempt.window),
  };
}

function letThrough(attempt: LoginAttempt, { enforced, observed }: Sorted): ForwardVerdict {
  const settled = enforced.flatMap(({ policy, standing }) =>
    standing.kind === 'settled' ? [{ policy, standing }] : [],
  );
  const levels = settled.flatMap(({ standing }) => (standing.level === undefined ? [] : [standing.level]));
  const asked = settled.filter(({ standing }) => standing.how === 'answered' || standing.how === 'shown');
  const decidedNow = settled.filter(({ standing }) => standing.how !== 'remembered' && standing.how !== 'cannot-ask');
  const { defaultLevel } = attempt.set;
  return {
    kind: 'forward',
    granted: levels.reduce((set, level) => set.meet(level.set), levels[0]?.set ?? defaultLevel.set),
    levels: levels.length === 0 ? [defaultLevel.name] : [...new Set(levels.map(({ name }) => name))],
    remember: asked
      .filter(({ policy }) => policy.ask.mode !== 'every-login')
      .map(({ policy, standing }) => ({
        policy: policy.id,
        version: policy.version,
        option: standing.option?.id,
        acceptedAt: attempt.now,
      })),
    decisions: asked
      .filter(({ policy }) => policy.record === 'keyed')
      .map(
        ({ policy, standing: { option, given } }): Decision =>
          given === undefined ? shownDecision(attempt, policy) : acceptedDecision(attempt, policy, option, given),
      ),
    tokens: [...tokensOf(attempt), ...asked.flatMap(({ standing }) => standing.given?.token ?? [])],
    passMillis: decidedNow.length === 0 ? 0 : Math.min(...decidedNow.map(({ policy }) => policy.timeoutMillis)),
    outcomes: [...observed, ...settled.map(({ policy, standing }) => ({ policy: policy.id, outcome: standing.how }))],
    ended: observed,
    window: attempt.window,
  };
}

function ask(attempt: LoginAttempt, outstanding: readonly OffLinePolicy[], sorted: Sorted): AskVerdict | DenyVerdict {
  const { answers, set, languages, publicUrl, now } = attempt;
  const reader = readerOf(attempt);
  const worthless = answers.filter(({ kind }) => kind === 'worthless').length;
  const longest = Math.max(...outstanding.map(({ timeoutMillis }) => timeoutMillis));
  let window = worthless === 0 ? attempt.window : countWorthless(attempt.window, worthless, longest, now);
  if (worthless > 0 && worthlessAnswers(window, now) >= WORTHLESS_ANSWERS_THAT_DENY) {
    return tooManyWrongAnswers(attempt, outstanding, sorted.observed, window);
  }
  // A message that goes out again because its answer was worthless is bounded by the count of worthless answers.
  const counted = worthless === 0 ? outstanding : outstanding.filter((policy) => timesAsked(window, policy, now) === 0);
  window = countAsked(window, set.hash, counted, now);
  const count = outstanding.length;
  return {
    kind: 'ask',
    description: `Please ${count === 1 ? 'answer the message' : `answer the ${count} messages`} to log in.`,
    messages: outstanding.map((policy) => questionFor(policy, reader, languages, tokenFor(attempt, policy), publicUrl)),
    tokens: answers.flatMap((answer) => (answer.kind === 'worthless' ? (answer.token ?? []) : [])),
    outcomes: [...sorted.observed, ...standings(outstanding, 'asked')],
    ended: [...sorted.observed, ...askedInVain(attempt.window, counted, now)],
    window: holdSettled(window, attempt, sorted),
  };
}

/** Denies for now and says where the questions are answered; all that wait there are shown together [X21]. */
function sendToPage(attempt: LoginAttempt, policies: readonly OffLinePolicy[], sorted: Sorted): DenyVerdict {
  const { facts, languages, publicUrl, set, now } = attempt;
  if (worthlessAnswers(attempt.window, now) >= WORTHLESS_ANSWERS_THAT_DENY) {
    return tooManyWrongAnswers(attempt, policies, sorted.observed, attempt.window);
  }
  const first = sorted.enforced.find(({ standing }) => standing.kind === 'on-page');
  const texts: Texts = first?.standing.kind === 'on-page' ? first.standing.texts : new Map();
  const tokens = policies.map((policy) => tokenFor(attempt, policy));
  const [policy] = policies;
  const values = policy === undefined ? {} : textValues(policy, readerOf(attempt));
  return {
    kind: 'deny',
    code: STATUS.FORBIDDEN,
    description: textFor(texts, languages, { ...values, consentUrl: consentUrl(publicUrl, tokens[0] ?? '') }),
    policy: policy?.id ?? '',
    how: 'on-page',
    tokens: [],
    outcomes: [...sorted.observed, ...standings(policies, 'asked')],
    ended: [...sorted.observed, ...askedInVain(attempt.window, policies, now)],
    window: {
      ...holdSettled(countAsked(attempt.window, set.hash, policies, now), attempt, sorted),
      // Texts show less of it; nothing of a stranger is kept that has no bound.
      page: { userId: facts.userId.slice(0, KEPT_USER_ID_CHARACTERS), tokens },
    },
  };
}

function converse(attempt: LoginAttempt, policies: readonly OffLinePolicy[], sorted: Sorted): LoginVerdict {
  const { window, set, now } = attempt;
  if (worthlessAnswers(window, now) >= WORTHLESS_ANSWERS_THAT_DENY) {
    return tooManyWrongAnswers(attempt, policies, sorted.observed, window);
  }
  // A message that needs no answer counts when the client has it, so that a login in between does not skip it.
  const counted = policies.filter((policy) => !needsNoAnswer(policy));
  const verdict: ConverseVerdict = {
    kind: 'converse',
    set,
    policies,
    tokens: [],
    outcomes: [...sorted.observed, ...standings(policies, 'asked')],
    ended: [...sorted.observed, ...askedInVain(window, policies, now)],
    window: holdSettled(countAsked(window, set.hash, counted, now), attempt, sorted),
  };
  return verdict;
}

/** The window with the answers held that count already although others are still missing. */
function holdSettled(window: NegotiationWindow, attempt: LoginAttempt, { enforced }: Sorted): NegotiationWindow {
  let held = window;
  for (const { policy, standing } of enforced) {
    if (standing.kind !== 'settled' || standing.given === undefined) continue;
    const { given, option } = standing;
    if (window.held.some(({ token }) => token === given.token)) continue;
    held = hold(held, attempt.set.hash, {
      ...given,
      policyId: policy.id,
      policyVersion: policy.version,
      optionId: option?.id,
      cookie: attempt.cookie,
    });
  }
  return held;
}

function tooManyWrongAnswers(
  attempt: LoginAttempt,
  outstanding: readonly OffLinePolicy[],
  observed: Sorted['observed'],
  window: NegotiationWindow,
): DenyVerdict {
  const asked = outstanding.filter(({ id }) => window.asked.has(id));
  const decided = new Map(asked.map(({ id }) => [id, 'wrong-answers'] as const));
  return {
    kind: 'deny',
    code: STATUS.FORBIDDEN,
    description: 'Too many answers could not be used. Please log in again and answer the messages that you are shown.',
    policy: outstanding[0]?.id ?? '',
    how: 'wrong-answers',
    tokens: tokensOf(attempt),
    outcomes: [...observed, ...standings(outstanding, 'wrong-answers')],
    ended: [...observed, ...endings(window, decided, attempt.now)],
    window: closed(window),
  };
}

function readerOf({ facts: { userId, vasp }, messagesWaiting }: LoginAttempt): Reader {
  return { userId, vasp, messagesWaiting };
}

function tokenFor(attempt: LoginAttempt, policy: OffLinePolicy): string {
  return attempt.issue(policy, languageIndexFor(policy, attempt.languages));
}

function tokensOf(attempt: LoginAttempt): readonly string[] {
  return attempt.answers.flatMap(({ token }) => token ?? []);
}

const standings = (policies: readonly OffLinePolicy[], outcome: PolicyStanding['outcome']): readonly PolicyStanding[] =>
  policies.map(({ id }) => ({ policy: id, outcome }));
