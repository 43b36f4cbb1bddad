/**
 * Whether on-line messages concern a user who is logged in, what they would say and what each option does. Judged by the
 * code that judges live sessions, so that an explanation cannot disagree with the gateway.
 */
import { type ConditionVerdict, explainConditions } from './decide.ts';
import {
  describeEffects,
  describeNeed,
  describePersistence,
  describeSilence,
  describeTrigger,
} from './describe-on-line.ts';
import type { LoginFacts, OnLinePolicy, Texts } from './model.ts';
import { chooseLanguage, onLineTextValues, textFor } from './text.ts';

export interface OnLineExplained {
  readonly id: string;
  readonly version: number;
  readonly category: string;
  /** What it is sent for; reads on from `sent`. */
  readonly sent: string;
  readonly applies: boolean;
  readonly conditions: readonly ConditionVerdict[];
  readonly language: string;
  /** The other user whom it is about stands in it as `{otherUser}`. */
  readonly text: string;
  readonly options: readonly {
    /** Its number on the wire. */
    readonly number: number;
    readonly id: string;
    readonly text: string;
    readonly does: string;
  }[];
  /** Whether an answer is waited for. */
  readonly need: string;
  /** How often it is sent, and for how long. */
  readonly persistence: string;
  /** What follows when it is not answered in that time. */
  readonly silence: string;
}

/** @param now wall-clock milliseconds at which it would be sent */
export function explainOnLine(policy: OnLinePolicy, facts: LoginFacts, now: number): OnLineExplained {
  const conditions = explainConditions(policy, facts, now);
  const values = onLineTextValues(facts, '{otherUser}');
  const say = (texts: Texts): string => textFor(texts, [facts.language], values);
  return {
    id: policy.id,
    version: policy.version,
    category: policy.category,
    sent: describeTrigger(policy.trigger),
    applies: conditions.every(({ holds }) => holds),
    conditions,
    language: chooseLanguage(policy.message, [facts.language]),
    text: say(policy.message),
    options: policy.options.map(({ id, text, effects }, index) => ({
      number: index + 1,
      id,
      text: say(text),
      does: describeEffects(effects),
    })),
    need: describeNeed(policy),
    persistence: describePersistence(policy),
    silence: describeSilence(policy),
  };
}
