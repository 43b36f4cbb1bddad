/**
 * Whether the user of a live session is one whom a sending is for. Users are known by their sealed names; a session
 * without one, opened before there were on-line policies, is reached only where nothing asks for a name.
 */
import { appliesTo, matchesUser } from '../policy/decide.ts';
import type { Applies, Glob, LoginFacts, OnLinePolicy } from '../policy/model.ts';
import { readUserId } from '../policy/user-id.ts';
import type { Secrets, SessionRecord } from '../ports.ts';

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
  const name = nameOf(session, secrets);
  if (name === undefined) {
    const { users: _users, clients: _clients, when: _when, ...withoutName } = policy.applies;
    if (!appliesTo(withoutName, factsOf(session, NO_NAME), now)) return 'not-meant';
    return users === undefined && asksForNoName(policy.applies) ? 'reached' : 'nameless';
  }
  if (users !== undefined && !matchesUser(users, readUserId(name.userId))) return 'not-meant';
  return appliesTo(policy.applies, factsOf(session, name), now) ? 'reached' : 'not-meant';
}

type Name = Pick<LoginFacts, 'userId' | 'clientId' | 'language'>;

const NO_NAME: Name = { userId: '', clientId: '', language: undefined };

const asksForNoName = ({ users, clients, when }: Applies): boolean =>
  users === undefined && clients === undefined && when === undefined;

const factsOf = ({ vasp, version, encoding }: SessionRecord, name: Name): LoginFacts => ({
  vasp,
  version,
  encoding,
  ...name,
});

/** Undefined when it was not written, or by a key that is not live any more. */
function nameOf({ person }: SessionRecord, secrets: Pick<Secrets, 'unseal'>): Name | undefined {
  const text = person === undefined ? undefined : secrets.unseal('person', person);
  if (text === undefined) return undefined;
  const [userId, clientId, language]: readonly unknown[] = JSON.parse(text) as readonly unknown[];
  if (typeof userId !== 'string' || typeof clientId !== 'string') return undefined;
  return { userId, clientId, language: typeof language === 'string' ? language : undefined };
}
