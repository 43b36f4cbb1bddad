/**
 * What an address of the gateway's pages leads to: the question of its token, those that wait together with it, and how
 * far they have come. The token's signature tells whose it is; the negotiation's window tells the rest while it is in
 * memory, and after a restart the question of the address still stands by itself [X20, X21].
 */
import type { HeldAnswerParts } from '../chain/held-answers.ts';
import { windowKey } from '../chain/login.ts';
import { readToken, type TokenContent } from '../negotiation/token.ts';
import {
  heldChoice,
  type NegotiationWindow,
  WORTHLESS_ANSWERS_THAT_DENY,
  worthlessAnswers,
} from '../negotiation/window.ts';
import type { OffLinePolicy, PolicyOption } from '../policy/model.ts';

export interface PageQuestion {
  readonly token: string;
  readonly policy: OffLinePolicy;
  readonly content: TokenContent;
  /** The answer that counts for the next login, if one was given; `option` undefined: confirmed. */
  readonly held: { readonly option: PolicyOption | undefined; readonly language: string } | undefined;
}

export interface Visit {
  readonly vasp: string;
  /** The user's id for texts that name it; empty when it is not known any more. */
  readonly userId: string;
  /** That of the address and those that wait with it, in the order in which they are asked. */
  readonly questions: readonly [PageQuestion, ...PageQuestion[]];
  readonly state: VisitState;
  /** How long the questions can be answered and the answers used, in milliseconds. */
  readonly leftMillis: number;
  /** How long no answer is taken after too many wrong ones, in milliseconds. */
  readonly blockedMillis: number;
}

export type VisitState =
  /** Waits for answers. */
  | 'open'
  /** Everything is answered, and the next login goes on. */
  | 'accepted'
  /** One answer declines: the next login is denied [X15]. */
  | 'declined'
  /** The time-out of one of them has passed. */
  | 'late'
  /** A login has gone through with the answers. */
  | 'used'
  /** Too many wrong answers [X14]. */
  | 'too-many';

/** Questions on one page. */
const MOST_QUESTIONS = 64;

/**
 * @param together the tokens that the visitor's form was made of, when there is one
 * @returns undefined for a token that is not ours, or of policies that are no longer known
 */
export async function visit(
  parts: HeldAnswerParts,
  vasps: readonly string[],
  token: string,
  together: readonly string[] = [],
): Promise<Visit | undefined> {
  const { negotiations, policies, secrets, clock } = parts;
  const sets = policies.live();
  for (const vasp of vasps) {
    const first = readToken(secrets, vasp, sets, token);
    if (first === undefined) continue;
    const { user, client } = first.content;
    const window = await negotiations.window(windowKey(vasp, user, client));
    const now = clock.wall();
    const read = (one: string): PageQuestion | undefined => {
      const known = readToken(secrets, vasp, sets, one);
      if (known === undefined || known.content.user !== user || known.content.client !== client) return undefined;
      return { token: one, policy: known.policy, content: known.content, held: heldOf(window, known, now) };
    };
    const questions = questionsOf(token, together, window, read);
    const [own] = questions;
    if (own === undefined) return undefined;
    const ends = questions.map(({ policy, content }) => content.issuedAt + policy.timeoutMillis);
    const leftMillis = Math.min(...ends) - now;
    const isUsed = (await negotiations.spent(questions.map((one) => one.token))).size > 0;
    return {
      vasp,
      userId: window.page?.userId ?? '',
      questions: [own, ...questions.slice(1)],
      state: isUsed ? 'used' : stateOf(window, questions, leftMillis, now),
      leftMillis,
      blockedMillis: window.worthless.since + window.worthless.timeoutMillis - now,
    };
  }
  return undefined;
}

/**
 * Those of the form, when there is one; else those of the window, where a later login may have put a fresh token in the
 * place of the address's; else that of the address alone.
 */
function questionsOf(
  token: string,
  together: readonly string[],
  { page }: NegotiationWindow,
  read: (token: string) => PageQuestion | undefined,
): readonly PageQuestion[] {
  const own = read(token);
  if (own === undefined) return [];
  const all = (tokens: readonly string[]): readonly PageQuestion[] =>
    [...new Set(tokens)].slice(0, MOST_QUESTIONS).flatMap((one) => read(one) ?? []);
  const ofForm = all(together);
  if (ofForm.length > 0) return ofForm;
  const waiting = all(page?.tokens ?? []);
  return waiting.some(({ policy }) => policy === own.policy)
    ? waiting.map((question) => (question.policy === own.policy ? own : question))
    : [own];
}

function heldOf(
  window: NegotiationWindow,
  { policy, content }: { readonly policy: OffLinePolicy; readonly content: TokenContent },
  now: number,
): PageQuestion['held'] {
  const held = heldChoice(window, policy, content.cookie, now);
  return held === undefined ? undefined : { option: held.option, language: held.answer.language };
}

function stateOf(
  window: NegotiationWindow,
  questions: readonly PageQuestion[],
  leftMillis: number,
  now: number,
): VisitState {
  if (worthlessAnswers(window, now) >= WORTHLESS_ANSWERS_THAT_DENY) return 'too-many';
  if (leftMillis <= 0) return 'late';
  if (questions.some(({ held }) => held?.option?.outcome.kind === 'deny')) return 'declined';
  return questions.every(({ held }) => held !== undefined) ? 'accepted' : 'open';
}
