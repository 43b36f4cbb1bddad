/**
 * What the gateway remembers, in memory and for a time-out's length, of one user and client between logins: which policy
 * set the questions are of, how often each went out, how many answers were worthless, and answers that already count
 * [X13, X14, X18]. A window is data; every change gives a new one, and a part that is older than its time-out counts for
 * nothing.
 */

import type { WayOfAsking } from '../audit-ports.ts';
import type { OffLinePolicy, PolicyOption } from '../policy/model.ts';
import type { ChosenAnswer } from './answers.ts';

/** How often one policy's message was sent, since the first time. */
export interface AskedCount {
  readonly since: number;
  readonly times: number;
  /** The policy's time-out, kept so that the window can be read without the policy. */
  readonly timeoutMillis: number;
}

/** How an answer came about, for the record and for as long as it counts. */
export interface GivenAnswer {
  readonly token: string;
  readonly way: WayOfAsking;
  /** Tag of the language that the question was shown in. */
  readonly language: string;
  readonly presentedAt: number;
  readonly decidedAt: number;
  /** How often the question had been put, from 1. */
  readonly tries: number;
  /** When its token grows too old. */
  readonly until: number;
}

/** An answer that counts for the next login of the same user and client [X13, X21]. */
export interface HeldAnswer extends GivenAnswer {
  readonly policyId: string;
  readonly policyVersion: number;
  /** Undefined: acknowledged, the message has no options. */
  readonly optionId: string | undefined;
  /**
   * Short form of the cookie of the login that was asked, where whoever answers must log in under the same; undefined
   * where the answer came by a way on which a phone may well log in anew [X21].
   */
  readonly cookie: string | undefined;
}

export interface NegotiationWindow {
  /** Hash of the policy set that the negotiation began under; undefined when none is going on. */
  readonly set: string | undefined;
  readonly asked: ReadonlyMap<string, AskedCount>;
  readonly held: readonly HeldAnswer[];
  /** Questions that wait on the gateway's page, in order, for the user whom their texts may name. */
  readonly page?: { readonly userId: string; readonly tokens: readonly string[] };
  readonly worthless: {
    readonly since: number;
    readonly count: number;
    /** How long they are remembered: the longest time-out of the policies that they were given to. */
    readonly timeoutMillis: number;
  };
}

export const EMPTY_WINDOW: NegotiationWindow = {
  set: undefined,
  asked: new Map(),
  held: [],
  worthless: { since: 0, count: 0, timeoutMillis: 0 },
};

/** The fifth worthless answer within the time-out's window denies [X14]. */
export const WORTHLESS_ANSWERS_THAT_DENY = 5;

/** How often the policy's message was sent in its present window; 0 when none is open. */
export function timesAsked(window: NegotiationWindow, policy: OffLinePolicy, now: number): number {
  const asked = window.asked.get(policy.id);
  return asked === undefined || now - asked.since >= policy.timeoutMillis ? 0 : asked.times;
}

/** Hash of the set that the next login is decided under, while something that was asked or answered still counts. */
export function setUnderWay({ set, asked, held }: NegotiationWindow, now: number): string | undefined {
  const isUnderWay =
    [...asked.values()].some(({ since, timeoutMillis }) => now - since < timeoutMillis) ||
    held.some(({ until }) => now < until);
  return isUnderWay ? set : undefined;
}

/** The window after the messages of these policies, out of a set, went out once more. */
export function countAsked(
  window: NegotiationWindow,
  set: string,
  policies: readonly OffLinePolicy[],
  now: number,
): NegotiationWindow {
  const asked = new Map(window.asked);
  for (const policy of policies) {
    const times = timesAsked(window, policy, now);
    const since = times === 0 ? now : (asked.get(policy.id)?.since ?? now);
    asked.set(policy.id, { since, times: times + 1, timeoutMillis: policy.timeoutMillis });
  }
  return { ...window, set, asked };
}

/** How many worthless answers still count. */
export function worthlessAnswers({ worthless }: NegotiationWindow, now: number): number {
  return now - worthless.since >= worthless.timeoutMillis ? 0 : worthless.count;
}

/** The window after more worthless answers, to a policy with this time-out. */
export function countWorthless(
  window: NegotiationWindow,
  answers: number,
  timeoutMillis: number,
  now: number,
): NegotiationWindow {
  const before = worthlessAnswers(window, now);
  const { since, timeoutMillis: longest } = window.worthless;
  return {
    ...window,
    worthless:
      before === 0
        ? { since: now, count: answers, timeoutMillis }
        : { since, count: before + answers, timeoutMillis: Math.max(longest, timeoutMillis) },
  };
}

/** How an answer that came now was given. `language`: the one shown, when it is not the token's. */
export function given(
  window: NegotiationWindow,
  { policy, token, content }: ChosenAnswer,
  way: WayOfAsking,
  now: number,
  language?: string,
): GivenAnswer {
  const languages = [...policy.message.keys()];
  return {
    token,
    way,
    language: language ?? languages[content.languageIndex] ?? languages[0] ?? '',
    presentedAt: content.issuedAt,
    decidedAt: now,
    tries: Math.max(1, timesAsked(window, policy, now)),
    until: content.issuedAt + policy.timeoutMillis,
  };
}

/** The window with an answer held; it takes the place of an older one to the same policy, and of those to another set. */
export function hold(window: NegotiationWindow, set: string, answer: HeldAnswer): NegotiationWindow {
  const others = window.set === set ? window.held.filter(({ policyId }) => policyId !== answer.policyId) : [];
  return { ...window, set, held: [...others, answer] };
}

/** The answer held for a policy version and a cookie, with the option that it chose; undefined when there is none. */
export function heldChoice(
  window: NegotiationWindow,
  policy: OffLinePolicy,
  cookie: string,
  now: number,
): { readonly answer: HeldAnswer; readonly option: PolicyOption | undefined } | undefined {
  const answer = window.held.find(
    (candidate) =>
      candidate.policyId === policy.id &&
      candidate.policyVersion === policy.version &&
      (candidate.cookie === undefined || candidate.cookie === cookie) &&
      now < candidate.until,
  );
  if (answer === undefined) return undefined;
  const option = policy.options.find(({ id }) => id === answer.optionId);
  return option === undefined && policy.options.length > 0 ? undefined : { answer, option };
}

/** The window when its negotiation has come to an outcome: worthless answers stay counted, the rest is over. */
export function closed(window: NegotiationWindow): NegotiationWindow {
  return { ...EMPTY_WINDOW, worthless: window.worthless };
}

/** How a question ends that nothing else became of: nobody answered it in time, or no login followed that it counted in. */
export type Ending = 'timed-out' | 'abandoned';

/**
 * What becomes of every question of a window that is over, `decided` for some of them; of those alone where the window
 * never heard of them.
 */
export function endings<O extends string>(
  window: NegotiationWindow,
  decided: ReadonlyMap<string, O>,
  now: number,
): readonly { readonly policy: string; readonly outcome: O | Ending }[] {
  const answered = new Set(window.held.map(({ policyId }) => policyId));
  const policies = new Set([...decided.keys(), ...window.asked.keys(), ...answered]);
  return [...policies].map((policy) => {
    const outcome = decided.get(policy);
    if (outcome !== undefined) return { policy, outcome };
    return { policy, outcome: answered.has(policy) || isYoung(window, policy, now) ? 'abandoned' : 'timed-out' };
  });
}

/** Those of the policies whose question went out in a window of its own that is over. */
export function askedInVain(
  window: NegotiationWindow,
  policies: readonly OffLinePolicy[],
  now: number,
): readonly { readonly policy: string; readonly outcome: Ending }[] {
  return policies
    .filter(({ id }) => window.asked.has(id) && !isYoung(window, id, now))
    .map(({ id }) => ({ policy: id, outcome: 'timed-out' }));
}

function isYoung({ asked }: NegotiationWindow, policy: string, now: number): boolean {
  const part = asked.get(policy);
  return part !== undefined && now - part.since < part.timeoutMillis;
}

/** When the last part of the window grows too old. */
export function endOf(window: NegotiationWindow): number {
  return Math.max(
    window.worthless.since + window.worthless.timeoutMillis,
    ...[...window.asked.values()].map(({ since, timeoutMillis }) => since + timeoutMillis),
    ...window.held.map(({ until }) => until),
  );
}
