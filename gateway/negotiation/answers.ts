/**
 * Judges the answers that came with a login or outside of one, each by its token alone [X14]. What an answer is worth
 * does not depend on what else was answered; what follows from the answers together is decided in `login.ts`.
 */
import type { SystemMessageAnswer } from '../csp/system-message.ts';
import type { OffLinePolicy, PolicyOption, PolicySet } from '../policy/model.ts';
import type { Secrets } from '../ports.ts';
import { proofWord } from './proof.ts';
import { readToken, type TokenContent } from './token.ts';

/** What an authentic token asks for. */
export interface AuthenticAnswer {
  readonly set: PolicySet;
  readonly policy: OffLinePolicy;
  readonly token: string;
  readonly content: TokenContent;
}

export interface ChosenAnswer extends AuthenticAnswer {
  readonly kind: 'chosen';
  /** Undefined: the message has no options and was acknowledged. */
  readonly option: PolicyOption | undefined;
}

export type JudgedAnswer =
  | ChosenAnswer
  /** Older than the policy's time-out. */
  | (AuthenticAnswer & { readonly kind: 'late' })
  /** Worth nothing. What is known of the token, when it is ours and fresh: it is used up, a fresh one is sent instead. */
  | (Partial<AuthenticAnswer> & { readonly kind: 'worthless'; readonly reason: WorthlessReason });

/** `forged` also stands for foreign: a token of another VASP, or of a policy or version not in force. */
export type WorthlessReason = 'forged' | 'other-user' | 'spent' | 'no-such-option' | 'option-missing' | 'wrong-key';

export interface JudgingContext {
  readonly secrets: Secrets;
  readonly vasp: string;
  /** The sets that the question may have been asked under. */
  readonly sets: readonly PolicySet[];
  /** The short form of the user's key, when it is known who answers; an answer outside of a login does not tell. */
  readonly user: string | undefined;
  /** Whether a token has already led to an outcome. */
  readonly isSpent: (token: string) => boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

export function judgeAnswer(answer: SystemMessageAnswer, context: JudgingContext): JudgedAnswer {
  const read = readToken(context.secrets, context.vasp, context.sets, answer.id);
  if (read === undefined) return { kind: 'worthless', reason: 'forged' };
  const { policy, content } = read;
  const authentic: AuthenticAnswer = { ...read, token: answer.id };
  if (context.user !== undefined && content.user !== context.user) return { kind: 'worthless', reason: 'other-user' };
  if (context.isSpent(answer.id)) return { kind: 'worthless', reason: 'spent' };
  if (context.now - content.issuedAt >= policy.timeoutMillis) return { kind: 'late', ...authentic };
  const worthless = (reason: WorthlessReason): JudgedAnswer => ({ kind: 'worthless', reason, ...authentic });
  if (!hasRightKey(context.secrets, policy, answer)) return worthless('wrong-key');
  if (policy.options.length === 0) return { kind: 'chosen', ...authentic, option: undefined };
  if (answer.chosenOptionId === undefined) return worthless('option-missing');
  const option = optionNumbered(policy, answer.chosenOptionId);
  if (option === undefined) return worthless('no-such-option');
  return { kind: 'chosen', ...authentic, option };
}

/** Options are numbered from 1 in the policy's order, and a number has one spelling [X12]. */
function optionNumbered(policy: OffLinePolicy, number: string): PolicyOption | undefined {
  return /^[1-9][0-9]{0,8}$/.test(number) ? policy.options[Number(number) - 1] : undefined;
}

function hasRightKey(secrets: Secrets, policy: OffLinePolicy, { id, verificationKey }: SystemMessageAnswer): boolean {
  const right = proofWord(secrets, policy, id);
  if (right === undefined) return true;
  return verificationKey?.trim().toLowerCase() === right.trim().toLowerCase();
}
