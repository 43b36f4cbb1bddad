/** Counts what questions came to: each that went out has one outcome, whichever way its negotiation ends. */
import type { PolicyOutcome, PolicyStanding } from '../negotiation/verdict.ts';
import { endings, type NegotiationWindow } from '../negotiation/window.ts';
import type { Metrics } from '../ports.ts';

export function countOutcomes(metrics: Metrics, vasp: string, outcomes: readonly PolicyOutcome[]): void {
  for (const { policy, outcome } of outcomes) metrics.negotiation(vasp, policy, outcome);
}

/** What the VASP said to a login: let in, not let in, or nothing because the second phase never came. */
export type VaspSaid = 'yes' | 'no' | 'nothing';

const OF_ANSWERED = { yes: 'accepted', no: 'login-refused', nothing: 'abandoned' } as const;

/**
 * What the questions of a login came to that was forwarded.
 * @param window as it was until now; it is over
 */
export function outcomesOfForwarded(
  window: NegotiationWindow,
  standings: readonly PolicyStanding[],
  said: VaspSaid,
  now: number,
): readonly PolicyOutcome[] {
  const decided = new Map<string, PolicyOutcome['outcome']>();
  for (const { policy, outcome } of standings) {
    if (outcome === 'answered') decided.set(policy, OF_ANSWERED[said]);
    else if (outcome === 'shown' || outcome === 'cannot-ask') decided.set(policy, outcome);
    // A time-out that grants: counted by the clock already, unless its window was still open.
    else if (outcome === 'timed-out' && window.asked.has(policy)) decided.set(policy, outcome);
  }
  return endings(window, decided, now);
}
