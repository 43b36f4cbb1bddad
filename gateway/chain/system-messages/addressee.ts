/**
 * A live session as those see it who have something to say to its user. Names are not kept with a session but sealed, so
 * they are unsealed here, where a session that somebody has to do with comes by, and live in memory alone.
 */
import type { Glob, LoginFacts } from '../../policy/model.ts';
import type { LiveSession, Secrets, SessionRecord } from '../../ports.ts';
import { NOBODY, unsealPerson } from '../../system-message/person.ts';
import type { Addressee, PersonFacts } from '../../system-message-ports.ts';

/** Which clients know System Messages against what their version says; the first that matches decides [X11]. */
export type ClientOverrides = readonly { readonly client: Glob; readonly systemMessages: boolean }[];

export interface AddresseeParts {
  readonly secrets: Secrets;
  readonly clientOverrides: ClientOverrides;
  readonly vasps: readonly { readonly name: string; readonly language: string | undefined }[];
}

/** CSP 1.3 does, 1.1 and 1.2 do not, and the operator knows better [X11]. */
export function knowsSystemMessages(
  overrides: ClientOverrides,
  { clientId, version }: Pick<LoginFacts, 'clientId' | 'version'>,
): boolean {
  return overrides.find(({ client }) => client.matches(clientId))?.systemMessages ?? version === '1.3';
}

/** A session whose user's names are known. */
export function addresseeOf(
  overrides: ClientOverrides,
  { key, record }: LiveSession,
  facts: PersonFacts,
  languageOfVasp: string | undefined,
): Addressee {
  const { userKey, openedAt } = record;
  const knows = knowsSystemMessages(overrides, facts);
  return { sessionKey: key, userKey, openedAt, facts, languageOfVasp, knowsSystemMessages: knows };
}

/** Gives the addressee of a session; the same session gives the same one without unsealing it again. */
export function createAddressees(parts: AddresseeParts): (session: LiveSession) => Addressee {
  const known = new WeakMap<SessionRecord, Addressee>();
  const languages = new Map(parts.vasps.map(({ name, language }) => [name, language]));

  return (session) => {
    const { record } = session;
    const before = known.get(record);
    if (before !== undefined) return before;
    const facts = factsOf(parts.secrets, record);
    const addressee = addresseeOf(parts.clientOverrides, session, facts, languages.get(record.vasp));
    known.set(record, addressee);
    return addressee;
  };
}

function factsOf(secrets: Secrets, { vasp, version, encoding, person }: SessionRecord): PersonFacts {
  return { vasp, version, encoding, ...(unsealPerson(secrets, person) ?? NOBODY) };
}
