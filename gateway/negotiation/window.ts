/**
 * What the gateway remembers, in memory and for a time-out's length, of one user and client between logins: how often
 * each question went out, how many answers were worthless, and answers that already count [X13, X14, X18]. A window is
 * data; every change gives a new one, and a part that is older than its time-out counts for nothing.
 */
import type { OffLinePolicy, PolicyOption } from '../policy/model.ts';

/** How often one policy's message was sent, since the first time. */
export interface AskedCount {
  readonly since: number;
  readonly times: number;
  /** The policy's time-out, kept so that the window can be read without the policy. */
  readonly timeoutMillis: number;
}

/** An answer that counts for the next login of the same user, client and cookie [X13]. */
export interface HeldAnswer {
  readonly policyId: string;
  readonly policyVersion: number;
  /** Undefined: acknowledged, the message has no options. */
  readonly optionId: string | undefined;
  readonly token: string;
  /** Short form of the cookie of the login that was asked: whoever answers must log in as the one who was asked. */
  readonly cookie: string;
  /** When its token grows too old. */
  readonly until: number;
}

export interface NegotiationWindow {
  readonly asked: ReadonlyMap<string, AskedCount>;
  readonly held: readonly HeldAnswer[];
  readonly worthless: {
    readonly since: number;
    readonly count: number;
    /** How long they are remembered: the longest time-out of the policies that they were given to. */
    readonly timeoutMillis: number;
  };
}

export const EMPTY_WINDOW: NegotiationWindow = {
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

/** The window after the messages of these policies went out once more. */
export function countAsked(
  window: NegotiationWindow,
  policies: readonly OffLinePolicy[],
  now: number,
): NegotiationWindow {
  const asked = new Map(window.asked);
  for (const policy of policies) {
    const times = timesAsked(window, policy, now);
    const since = times === 0 ? now : (asked.get(policy.id)?.since ?? now);
    asked.set(policy.id, { since, times: times + 1, timeoutMillis: policy.timeoutMillis });
  }
  return { ...window, asked };
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

/** The window with an answer held; it takes the place of an older one to the same policy. */
export function hold(window: NegotiationWindow, answer: HeldAnswer): NegotiationWindow {
  return { ...window, held: [...window.held.filter(({ policyId }) => policyId !== answer.policyId), answer] };
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
      candidate.cookie === cookie &&
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

/** When the last part of the window grows too old. */
export function endOf(window: NegotiationWindow): number {
  return Math.max(
    window.worthless.since + window.worthless.timeoutMillis,
    ...[...window.asked.values()].map(({ since, timeoutMillis }) => since + timeoutMillis),
    ...window.held.map(({ until }) => until),
  );
}
