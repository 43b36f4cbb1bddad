/**
 * The question that stands before a login while messages wait for its user [X61]. It is put while something waits, and
 * what became of it counts until the negotiation is over, also when the last message has left the box meanwhile: whoever
 * chose not to log in is not let in, and nobody is asked about nothing.
 */
import { inAskingOrder } from '../policy/decide.ts';
import type { OffLinePolicy } from '../policy/model.ts';
import { type StandingFacts, standingOf } from './standing.ts';

/** The questions of a login, in order, with the one about waiting messages where it has a place among them. */
export function withWaitingQuestion(
  policies: readonly OffLinePolicy[],
  question: OffLinePolicy,
  messagesWaiting: number,
  facts: StandingFacts,
): readonly OffLinePolicy[] {
  return messagesWaiting > 0 || isDecided(question, facts) ? inAskingOrder([...policies, question]) : policies;
}

function isDecided(question: OffLinePolicy, facts: StandingFacts): boolean {
  const standing = standingOf(question, facts);
  return standing.kind === 'refused' || (standing.kind === 'settled' && standing.how !== 'cannot-ask');
}
