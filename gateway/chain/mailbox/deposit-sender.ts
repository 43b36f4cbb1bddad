/**
 * Whose name a kept message bears. The VASP cannot vouch for a Sender any more when the message is handed over, so only the
 * session's own user is one: as the client writes it, or as it logged in [X60].
 */
import type { Element } from '../../csp/element.ts';
import { mayBeSameUser, readUserId } from '../../policy/user-id.ts';
import type { LiveSession, Secrets } from '../../ports.ts';
import { writtenSender } from '../../stored-message/sending-info.ts';
import { unsealPerson } from '../../system-message/person.ts';
import type { VaspFacts } from '../exchange.ts';
import { userKeyOf } from '../identity.ts';

/** @returns the user id; undefined when it is not known, or the message says to be from somebody else */
export function senderOf(
  secrets: Secrets,
  vasp: VaspFacts,
  { record }: LiveSession,
  info: Element | undefined,
): string | undefined {
  const written = writtenSender(info);
  // Whoever writes under a screen name is not to be known by another one.
  if (written === 'group') return undefined;
  if (written !== undefined && userKeyOf(secrets, vasp, written) === record.userKey) return written;
  const person = unsealPerson(secrets, record.person);
  if (person === undefined) return undefined;
  // The VASP fills in a domain; which one, only the login says.
  const isOwn = written === undefined || mayBeSameUser(readUserId(written), readUserId(person.userId));
  return isOwn ? person.userId : undefined;
}
