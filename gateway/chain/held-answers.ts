/**
 * Takes an answer that comes otherwise than with a login: in an Outband SystemMessage-User [X13], on the gateway's page, in
 * a conversation [X21]. The token's own hashes tell whose negotiation it belongs to; there it counts for the next login
 * of that user and client.
 */

import type { WayOfAsking } from '../audit-ports.ts';
import type { SystemMessageAnswer } from '../csp/system-message.ts';
import { type JudgedAnswer, judgeAnswer } from '../negotiation/answers.ts';
import {
  countWorthless,
  given,
  hold,
  type NegotiationWindow,
  WORTHLESS_ANSWERS_THAT_DENY,
  worthlessAnswers,
} from '../negotiation/window.ts';
import { type LoginParts, windowKey } from './login.ts';

export type HeldAnswerParts = Pick<LoginParts, 'policies' | 'negotiations' | 'secrets' | 'clock'>;

/** What became of an answer; `too-many`: right or wrong, it comes after too many wrong ones [X14]. */
export type Taken =
  | Extract<JudgedAnswer, { kind: 'chosen' | 'late' }>
  | (Extract<JudgedAnswer, { kind: 'worthless' }> & { readonly wrongAnswers: number })
  | { readonly kind: 'too-many' };

/**
 * Judges one answer and holds it for the next login.
 * @param language the one that the question was shown in, when it is not the token's
 */
export async function takeAnswer(
  parts: HeldAnswerParts,
  vasp: string,
  answer: SystemMessageAnswer,
  way: WayOfAsking,
  language?: string,
): Promise<Taken> {
  const { negotiations, clock, secrets, policies } = parts;
  const spent = await negotiations.spent([answer.id]);
  const now = clock.wall();
  const judged = judgeAnswer(answer, {
    secrets,
    vasp,
    sets: policies.live(),
    user: undefined,
    isSpent: (token) => spent.has(token),
    now,
  });
  if (judged.kind === 'worthless') {
    // On the wire every message goes out under a fresh token; a page or a conversation asks on under the same.
    if (way === 'system-message-user' && judged.token !== undefined) await negotiations.claim([judged.token]);
    return { ...judged, wrongAnswers: await countWrong(parts, vasp, judged, now) };
  }
  const key = windowKey(vasp, judged.content.user, judged.content.client);
  if (judged.kind === 'late')
    return guessedTooOften(await negotiations.window(key), now) ? { kind: 'too-many' } : judged;
  const { policy, option, content, set } = judged;
  const before = await negotiations.changeWindow(key, vasp, (window) =>
    guessedTooOften(window, now)
      ? window
      : hold(window, set.hash, {
          ...given(window, judged, way, now, language),
          policyId: policy.id,
          policyVersion: policy.version,
          optionId: option?.id,
          cookie: way === 'system-message-user' ? content.cookie : undefined,
        }),
  );
  return guessedTooOften(before, now) ? { kind: 'too-many' } : judged;
}

function guessedTooOften(window: NegotiationWindow, now: number): boolean {
  return worthlessAnswers(window, now) >= WORTHLESS_ANSWERS_THAT_DENY;
}

/** Counts a wrong answer against whoever was asked; gives how many have been given. */
async function countWrong(
  { negotiations }: HeldAnswerParts,
  vasp: string,
  { content, policy }: Extract<JudgedAnswer, { kind: 'worthless' }>,
  now: number,
): Promise<number> {
  if (content === undefined || policy === undefined) return 0;
  const key = windowKey(vasp, content.user, content.client);
  const count = (window: NegotiationWindow): NegotiationWindow => countWorthless(window, 1, policy.timeoutMillis, now);
  return worthlessAnswers(count(await negotiations.changeWindow(key, vasp, count)), now);
}
