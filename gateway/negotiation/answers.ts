/**
 * Judges the answers that came with a login or outside of one, each by its token alone [X14]. What an answer is worth
 * does not depend on what else was answered; what follows from the answers together is decided in `login.ts`.
 */
import type { SystemMessageAnswer } from '../csp/system-message.ts';
import type { OffLinePolicy, PolicyOption } from '../policy/model.ts';
import type { Secrets } from '../ports.ts';
import { readToken, type TokenContent } from './token.ts';

export type JudgedAnswer =
  | {
      readonly kind: 'chosen';
      readonly policy: OffLinePolicy;
      /** Undefined: the message has no options and was acknowledged. */
      readonly option: PolicyOption | undefined;
      readonly token: string;
      readonly content: TokenContent;
    }
  /** Authentic, but older than the policy's time-out. */
  | { readonly kind: 'late'; readonly policy: OffLinePolicy; readonly token: string; readonly content: TokenContent }
  /** Worth nothing. What is known of the token, when it is ours and fresh: it is used up, a fresh one is sent instead. */
  | {
      readonly kind: 'worthless';
      readonly reason: WorthlessReason;
      readonly policy?: OffLinePolicy;
      readonly token?: string;
      readonly content?: TokenContent;
    };

/** `forged` also stands for foreign: a token of another VASP, or of a policy or version not in force. */
export type WorthlessReason = 'forged' | 'other-user' | 'spent' | 'no-such-option' | 'option-missing' | 'wrong-key';

export interface JudgingContext {
  readonly secrets: Secrets;
  readonly vasp: string;
  /** The policies in force. */
  readonly policies: readonly OffLinePolicy[];
  /** The short form of the user's key, when it is known who answers; an answer outside of a login does not tell. */
  readonly user: string | undefined;
  /** Whether a token has already led to an outcome. */
  readonly isSpent: (token: string) => boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

export function judgeAnswer(answer: SystemMessageAnswer, context: JudgingContext): JudgedAnswer {
  const read = readToken(context.secrets, context.vasp, context.policies, answer.id);
  if (read === undefined) return { kind: 'worthless', reason: 'forged' };
  const { policy, content } = read;
  if (context.user !== undefined && content.user !== context.user) return { kind: 'worthless', reason: 'other-user' };
  if (context.isSpent(answer.id)) return { kind: 'worthless', reason: 'spent' };
  if (context.now - content.issuedAt >= policy.timeoutMillis)
    return { kind: 'late', policy, token: answer.id, content };
  const worthless = (reason: WorthlessReason): JudgedAnswer => ({
    kind: 'worthless',
    reason,
    policy,
    token: answer.id,
    content,
  });
  if (!hasRightKey(policy, answer.verificationKey)) return worthless('wrong-key');
  if (policy.options.length === 0) return { kind: 'chosen', policy, option: undefined, token: answer.id, content };
  if (answer.chosenOptionId === undefined) return worthless('option-missing');
  const option = optionNumbered(policy, answer.chosenOptionId);
  if (option === undefined) return worthless('no-such-option');
  return { kind: 'chosen', policy, option, token: answer.id, content };
}

/** Options are numbered from 1 in the policy's order [X12]. */
function optionNumbered(policy: OffLinePolicy, number: string): PolicyOption | undefined {
  return /^[0-9]{1,9}$/.test(number) ? policy.options[Number(number) - 1] : undefined;
}

function hasRightKey(policy: OffLinePolicy, key: string | undefined): boolean {
  if (policy.verification === undefined) return true;
  return key !== undefined && key.trim().toLowerCase() === policy.verification.key.trim().toLowerCase();
}
