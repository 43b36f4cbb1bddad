/**
 * Where one policy stands for one login: settled with a level, refused, or still to be asked. The rows below are tried
 * from top to bottom and the first that applies decides, so the whole of [X14] to [X21] can be read here as a list.
 */
import { STATUS } from '../csp/status.ts';
import type { Level, OffLinePolicy, PolicyOption, Ruling, Texts } from '../policy/model.ts';
import { mentions } from '../policy/text.ts';
import type { Acceptance } from '../ports.ts';
import type { JudgedAnswer } from './answers.ts';
import { type GivenAnswer, given, heldChoice, type NegotiationWindow, timesAsked } from './window.ts';

/** How a policy came to where it stands; also the `outcome` that is counted for it. */
export type How = 'remembered' | 'answered' | 'declined' | 'timed-out' | 'cannot-ask' | 'shown';

export type Standing =
  | {
      readonly kind: 'settled';
      readonly how: How;
      /** The granted level; undefined when the policy grants none in particular. */
      readonly level: Level | undefined;
      /** The option that was chosen now, for the record. */
      readonly option?: PolicyOption | undefined;
      /** How it was answered, where it was answered in this negotiation. */
      readonly given?: GivenAnswer;
    }
  | { readonly kind: 'refused'; readonly how: How; readonly code: number; readonly texts: Texts }
  | { readonly kind: 'outstanding' }
  /** To be answered on the gateway's page, whose address these texts hold [X21]. */
  | { readonly kind: 'on-page'; readonly texts: Texts }
  /** To be answered in a conversation with the service contact [X21]. */
  | { readonly kind: 'in-conversation' };

/** What is known when a policy is looked at. */
export interface StandingFacts {
  readonly knowsSystemMessages: boolean;
  readonly accepted: readonly Acceptance[];
  /** The answers of this login, judged. */
  readonly answers: readonly JudgedAnswer[];
  readonly window: NegotiationWindow;
  /** Short form of the login's cookie: held answers of another cookie do not count. */
  readonly cookie: string;
  readonly now: number;
}

type Row = (policy: OffLinePolicy, facts: StandingFacts) => Standing | undefined;

const ROWS: readonly Row[] = [
  declinedNow,
  chosenNow,
  remembered,
  answeredBefore,
  cannotBeAsked,
  late,
  askedTooOften,
  shown,
  askedInConversation,
];

export function standingOf(policy: OffLinePolicy, facts: StandingFacts): Standing {
  for (const row of ROWS) {
    const standing = row(policy, facts);
    if (standing !== undefined) return standing;
  }
  return { kind: 'outstanding' };
}

/** A deny among the answers denies, whatever else was answered [X15]. */
function declinedNow(policy: OffLinePolicy, { answers }: StandingFacts): Standing | undefined {
  for (const answer of answers) {
    if (answer.kind !== 'chosen' || answer.policy.id !== policy.id) continue;
    if (answer.option?.outcome.kind === 'deny') return byRuling(answer.option.outcome, 'declined', STATUS.FORBIDDEN);
  }
  return undefined;
}

function chosenNow(policy: OffLinePolicy, { answers, window, now }: StandingFacts): Standing | undefined {
  for (const answer of answers) {
    if (answer.kind !== 'chosen' || answer.policy.id !== policy.id) continue;
    return {
      kind: 'settled',
      how: 'answered',
      level: grantOf(answer.option),
      option: answer.option,
      given: given(window, answer, 'system-message', now),
    };
  }
  return undefined;
}

function remembered(policy: OffLinePolicy, { accepted, now }: StandingFacts): Standing | undefined {
  const acceptance = accepted.find((candidate) => candidate.policy === policy.id);
  if (acceptance === undefined || !stillCounts(policy, acceptance, now)) return undefined;
  const option = policy.options.find(({ id }) => id === acceptance.option);
  // An option that is gone, or that denies by now, was never accepted as it stands: ask again.
  if (option?.outcome.kind === 'deny') return undefined;
  if (option === undefined && acceptance.option !== undefined) return undefined;
  return { kind: 'settled', how: 'remembered', level: grantOf(option) };
}

function stillCounts(policy: OffLinePolicy, acceptance: Acceptance, now: number): boolean {
  switch (policy.ask.mode) {
    case 'every-login':
      return false;
    case 'once':
      return true;
    case 'on-change':
      return acceptance.version === policy.version;
    case 'every':
      return acceptance.version === policy.version && now - acceptance.acceptedAt < policy.ask.everyMillis;
  }
}

function cannotBeAsked(policy: OffLinePolicy, { knowsSystemMessages }: StandingFacts): Standing | undefined {
  if (knowsSystemMessages) return undefined;
  const { withoutSystemMessages: ruling } = policy;
  if (ruling.kind === 'converse') return undefined;
  // A text that names the page is no refusal: it tells where the question is answered.
  if (ruling.kind === 'deny' && mentions(ruling.texts, 'consentUrl')) return { kind: 'on-page', texts: ruling.texts };
  return byRuling(ruling, 'cannot-ask', STATUS.FORBIDDEN);
}

/** An answer that came outside of a login, or with a login that left other messages outstanding [X13]. */
function answeredBefore(policy: OffLinePolicy, { window, cookie, now }: StandingFacts): Standing | undefined {
  const held = heldChoice(window, policy, cookie, now);
  if (held === undefined) return undefined;
  if (held.option?.outcome.kind === 'deny') return byRuling(held.option.outcome, 'declined', STATUS.FORBIDDEN);
  return {
    kind: 'settled',
    how: 'answered',
    level: grantOf(held.option),
    option: held.option,
    given: held.answer,
  };
}

function late(policy: OffLinePolicy, { answers }: StandingFacts): Standing | undefined {
  const isLate = answers.some((answer) => answer.kind === 'late' && answer.policy.id === policy.id);
  return isLate ? byRuling(policy.onTimeout, 'timed-out', STATUS.REQUEST_TIMEOUT) : undefined;
}

/** Sent once and `resend` times more without an answer: the time-out's outcome for the rest of the window [X18]. */
function askedTooOften(policy: OffLinePolicy, { window, now }: StandingFacts): Standing | undefined {
  if (!policy.requiresResponse || timesAsked(window, policy, now) <= policy.resend) return undefined;
  return byRuling(policy.onTimeout, 'timed-out', STATUS.REQUEST_TIMEOUT);
}

/** A message that needs no answer has done its work when it was shown [policy-files §2]. */
function shown(policy: OffLinePolicy, { window, now }: StandingFacts): Standing | undefined {
  if (policy.requiresResponse || timesAsked(window, policy, now) === 0) return undefined;
  return { kind: 'settled', how: 'shown', level: undefined };
}

/** Below the rows that bound how often a question is put: a conversation is bounded like any other way of asking. */
function askedInConversation(policy: OffLinePolicy, { knowsSystemMessages }: StandingFacts): Standing | undefined {
  const converses = !knowsSystemMessages && policy.withoutSystemMessages.kind === 'converse';
  return converses ? { kind: 'in-conversation' } : undefined;
}

function byRuling(ruling: Ruling, how: How, code: number): Standing {
  if (ruling.kind === 'deny') return { kind: 'refused', how, code, texts: ruling.texts };
  return { kind: 'settled', how, level: ruling.kind === 'grant' ? ruling.level : undefined };
}

function grantOf(option: PolicyOption | undefined): Level | undefined {
  return option?.outcome.kind === 'grant' ? option.outcome.level : undefined;
}
