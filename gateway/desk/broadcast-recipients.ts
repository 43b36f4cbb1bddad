/**
 * Whether the user of a live session is one whom a sending is for. Users are known by their sealed names; a session
 * without one, opened before there were on-line policies, is reached only where nothing asks for a name.
 */
import { appliesTo, matchesUser } from '../policy/decide.ts';
import type { Applies, Glob, LoginFacts, OnLinePolicy } from '../policy/model.ts';
import { readUserId } from '../policy/user-id.ts';
import type { Secrets, SessionRecord } from '../ports.ts';
import { NOBODY, type Person, unsealPerson } from '../system-message/person.ts';

export interface Recipients {
  readonly policy: OnLinePolicy;
  /** Undefined: everybody. */
  readonly users: Glob | undefined;
  /** Undefined: every VASP. */
  readonly vasp: string | undefined;
}

/** `nameless`: it cannot be said whether the user is one of them. */
export type Reach = 'reached' | 'not-meant' | 'nameless';

/** @param now wall-clock milliseconds */
export function reachOf(
  { policy, users, vasp }: Recipients,
  session: SessionRecord,
  secrets: Pick<Secrets, 'unseal'>,
  now: number,
): Reach {
  if (session.expiresAt <= now || (vasp !== undefined && session.vasp !== vasp)) return 'not-meant';
  const name = unsealPerson(secrets, session.person);
  if (name === undefined) {
    const { users: _users, clients: _clients, when: _when, ...withoutName } = policy.applies;
    if (!appliesTo(withoutName, factsOf(session, NOBODY), now)) return 'not-meant';
    return users === undefined && asksForNoName(policy.applies) ? 'reached' : 'nameless';
  }
  if (users !== undefined && !matchesUser(users, readUserId(name.userId))) return 'not-meant';
  return appliesTo(policy.applies, factsOf(session, name), now) ? 'reached' : 'not-meant';
}

const asksForNoName = ({ users, clients, when }: Applies): boolean =>
  users === undefined && clients === undefined && when === undefined;

const factsOf = ({ vasp, version, encoding }: SessionRecord, name: Person): LoginFacts => ({
  vasp,
  version,
  encoding,
  ...name,
});
