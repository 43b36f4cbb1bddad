/**
 * What a login means for messages to users in their sessions: the desk hears of it before the client does, and the
 * Login-Response says whether something waits [X42]. Nothing of it can make a login fail.
 */
import { setPoll } from '../../csp/splice.ts';
import type { LoginFacts } from '../../policy/model.ts';
import type { LiveSession, Log } from '../../ports.ts';
import type { SystemMessages } from '../../system-message-ports.ts';
import { type Exchange, type Reply, scannedReply } from '../exchange.ts';
import { addresseeOf, type ClientOverrides } from './addressee.ts';

export interface GreetingParts {
  readonly systemMessages?: SystemMessages | undefined;
  readonly clientOverrides: ClientOverrides;
  readonly log: Log;
}

/** @returns the VASP's reply, with Poll as it is now */
export async function greet(
  { systemMessages: desk, clientOverrides, log }: GreetingParts,
  { exchange, facts }: { readonly exchange: Exchange; readonly facts: LoginFacts },
  session: LiveSession,
  reply: Reply,
): Promise<Reply> {
  if (desk === undefined || !desk.interests().any) return reply;
  const { userId, vasp, clientId, version, encoding, language } = facts;
  const person = { userId, vasp, clientId, version, encoding, language };
  const addressee = addresseeOf(clientOverrides, session, person, exchange.vasp.language);
  try {
    if (desk.interests().logins) await desk.happened({ kind: 'login', addressee });
    if (!desk.concerns(addressee.userKey) || !(await desk.standing(addressee)).isWaiting) return reply;
  } catch {
    log.error('what happened in a session is lost', { vasp: facts.vasp, session: session.key });
    return reply;
  }
  const { envelope, body } = reply;
  return envelope === undefined ? reply : scannedReply(exchange, reply, setPoll(body, envelope, true));
}
