/**
 * One user's decision about one policy, as the negotiation saw it: what the audit chain is told of when the VASP has
 * accepted the login [X19]. Only acceptances become records; who declines or does not answer leaves nothing behind.
 */

import type { AuditCharge, AuditRecord, WayOfAsking } from '../audit-ports.ts';
import type { OffLinePolicy, PolicyOption } from '../policy/model.ts';
import { chooseLanguage } from '../policy/text.ts';
import { shownText } from './question.ts';
import type { LoginAttempt } from './verdict.ts';
import { type GivenAnswer, timesAsked } from './window.ts';

/** Plain data: it waits for the second phase of a login where other processes may come for it. */
export interface Decision {
  readonly policy: { readonly id: string; readonly version: number; readonly charge: AuditCharge | undefined };
  readonly outcome: AuditRecord['outcome'];
  /** Id of the option chosen. Undefined: the message has no options, or got no answer. */
  readonly option: string | undefined;
  /** The level that the option grants; undefined when it grants none in particular. */
  readonly level: string | undefined;
  readonly way: WayOfAsking;
  readonly language: string;
  /** The text as it was shown, but for the user's id. */
  readonly text: string;
  readonly presentedAt: number;
  readonly decidedAt: number;
  readonly tries: number;
  /** The token that was answered; undefined when the message was only shown. */
  readonly token: string | undefined;
}

export function acceptedDecision(
  attempt: LoginAttempt,
  policy: OffLinePolicy,
  option: PolicyOption | undefined,
  { way, language, presentedAt, decidedAt, tries, token }: GivenAnswer,
): Decision {
  const text = shownText(policy, attempt.facts.vasp, language);
  const level = option?.outcome.kind === 'grant' ? option.outcome.level.name : undefined;
  const given = { way, language, text, presentedAt, decidedAt, tries, token };
  return { policy: recorded(policy), outcome: 'accepted', option: option?.id, level, ...given };
}

/** A message that needed no answer: shown by the login before, seen to be so by this one. */
export function shownDecision(attempt: LoginAttempt, policy: OffLinePolicy): Decision {
  const { window, languages, facts, now } = attempt;
  const language = chooseLanguage(policy.message, languages);
  return {
    policy: recorded(policy),
    outcome: 'shown',
    option: undefined,
    level: undefined,
    way: attempt.knowsSystemMessages ? 'system-message' : 'conversation',
    language,
    text: shownText(policy, facts.vasp, language),
    presentedAt: window.asked.get(policy.id)?.since ?? now,
    decidedAt: now,
    tries: Math.max(1, timesAsked(window, policy, now)),
    token: undefined,
  };
}

function recorded({ id, version, charge }: OffLinePolicy): Decision['policy'] {
  if (charge === undefined) return { id, version, charge };
  const { amount, currency, per, estimate } = charge;
  return { id, version, charge: { amount, currency, per, estimate } };
}
