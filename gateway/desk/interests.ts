/**
 * What policies wait for in sessions, so that whoever sees messages looks for nothing else. Asked with every message of a
 * client: worked out once for each set of policies.
 */
import type { PolicySets } from '../policy/live-sets.ts';
import type { PolicySet, Trigger } from '../policy/model.ts';
import type { Interests } from '../system-message-ports.ts';

export const NO_INTERESTS: Interests = {
  any: false,
  logins: false,
  contactLists: false,
  presence: false,
  authorizations: false,
  errors: false,
};

function interestsOf({ onLine }: PolicySet): Interests {
  const on = (...kinds: readonly Trigger['on'][]): boolean => onLine.some(({ trigger }) => kinds.includes(trigger.on));
  return {
    any: onLine.length > 0,
    logins: on('login', 'first-login'),
    contactLists: on('added-to-contact-list'),
    presence: on('presence-exposed'),
    authorizations: on('presence-authorization-changed'),
    errors: on('repeated-errors'),
  };
}

/**
 * The interests of the policies that are in force whenever it is called.
 * @param hasMessages whether messages are open, be it of policies that are gone: those are still answered
 */
export function interestsInForce(policies: Pick<PolicySets, 'current'>, hasMessages: () => boolean): () => Interests {
  let of: PolicySet | undefined;
  let interests = NO_INTERESTS;
  let withMessages = NO_INTERESTS;
  return () => {
    const set = policies.current();
    if (of !== set) {
      of = set;
      interests = interestsOf(set);
      withMessages = { ...interests, any: true };
    }
    return hasMessages() ? withMessages : interests;
  };
}
