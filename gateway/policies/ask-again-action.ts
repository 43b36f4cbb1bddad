/**
 * Asks users again by the operator's hand. One user's acceptances are known by the user's keyed hash and are removed at
 * once, so that no user id comes into the store; for a glob or everybody a wish is kept, since the store knows nobody by
 * name, and every acceptance older than the wish counts no longer.
 */
import { globProblem } from '../policy/glob.ts';
import type { PolicySet } from '../policy/model.ts';
import { readUserId } from '../policy/user-id.ts';
import type { AcceptanceStore, Clock, Log, StoredAskAgain } from '../ports.ts';
import type { AskedAgain } from './asked-again.ts';

export interface AskAgainOrder {
  /** Undefined: every policy. */
  readonly policy: string | undefined;
  /** Undefined: every VASP. */
  readonly vasp: string | undefined;
  /** A user id, or a glob over user ids; `*` is everybody. */
  readonly users: string;
}

export type AskAgainOutcome =
  /** One user, at once: how many acceptances were removed. */
  | { readonly kind: 'removed'; readonly acceptances: number }
  /** From now on, for whoever matches; how many those are nobody knows. */
  | { readonly kind: 'kept'; readonly wish: StoredAskAgain }
  /** A sentence that says what would be right. */
  | { readonly kind: 'refused'; readonly message: string };

export interface AskAgainParts {
  readonly acceptances: Pick<AcceptanceStore, 'forgetPolicies'>;
  readonly wishes: AskedAgain;
  readonly policies: { current(): PolicySet };
  readonly vasps: readonly string[];
  readonly userKey: (vasp: string, userId: string) => string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly log: Log;
}

/** @param by who orders it; a word for the log */
export async function askAgain(parts: AskAgainParts, order: AskAgainOrder, by: string): Promise<AskAgainOutcome> {
  const message = problemOf(parts, order);
  if (message !== undefined) return { kind: 'refused', message };
  const { policy, vasp, users } = order;
  const what = { by, policy: policy ?? 'all', vasp: vasp ?? 'all' };
  if (/[*?]/.test(users)) {
    const wish = { policy, vasp, users, at: parts.clock.wall() };
    await parts.wishes.add(wish);
    parts.log.info('users are asked again', { ...what, users: users === '*' ? 'everybody' : 'by a glob', at: wish.at });
    return { kind: 'kept', wish };
  }
  let acceptances = 0;
  for (const name of vasp === undefined ? parts.vasps : [vasp]) {
    for (const userKey of keysOf(parts, name, users)) {
      const removed = await parts.acceptances.forgetPolicies(userKey, policy);
      acceptances += removed;
      parts.log.info('a user is asked again', { ...what, vasp: name, user: userKey, acceptances: removed });
    }
  }
  return { kind: 'removed', acceptances };
}

/** Whoever logs in without a domain is known without one: the VASP fills it in, and policies that name one match too. */
function keysOf({ userKey }: AskAgainParts, vasp: string, userId: string): ReadonlySet<string> {
  const { bare, name } = readUserId(userId);
  return new Set([userKey(vasp, bare), userKey(vasp, name)]);
}

function problemOf({ policies, vasps }: AskAgainParts, { policy, vasp, users }: AskAgainOrder): string | undefined {
  const ids = policies.current().policies.map(({ id }) => id);
  if (policy !== undefined && !ids.includes(policy)) {
    return `No policy in force has the id ${JSON.stringify(policy)}; there are ${ids.join(', ') || 'none'}.`;
  }
  if (vasp !== undefined && !vasps.includes(vasp)) {
    return `No VASP is named ${JSON.stringify(vasp)}; there are ${vasps.join(', ')}.`;
  }
  const problem = globProblem(users);
  return problem === undefined ? undefined : `The users ${problem}.`;
}
