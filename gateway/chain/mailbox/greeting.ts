/**
 * What a login means for messages that wait for the user: they are handed over when the session has agreed on its services,
 * and of a session that has done so with the login, the Login-Response says that something waits [X62]. Nothing of it can
 * make a login fail.
 */
import { setPoll } from '../../csp/splice.ts';
import type { Mailbox } from '../../mailbox-ports.ts';
import type { AcceptanceStore, LiveSession, Log } from '../../ports.ts';
import { type Reply, scannedReply } from '../exchange.ts';
import type { Login } from '../login.ts';
import { visitorOf } from './visitor.ts';
import { keepWishes } from './wishes.ts';

export interface MailGreetingParts {
  readonly mailbox?: Mailbox | undefined;
  readonly acceptances: Pick<AcceptanceStore, 'of'>;
  readonly log: Log;
}

/** @returns the VASP's reply, with Poll as it is now */
export async function greetWithMail(
  { mailbox, acceptances, log }: MailGreetingParts,
  { exchange, primitive }: Pick<Login, 'exchange' | 'primitive'>,
  session: LiveSession,
  agreedOnServices: boolean,
  reply: Reply,
): Promise<Reply> {
  if (mailbox === undefined || !mailbox.isOpen()) return reply;
  const visitor = visitorOf(session);
  try {
    // A login of 1.3 may carry what others say in the session [P4.2].
    if (session.record.version === '1.3') await keepWishes({ mailbox, acceptances }, session, primitive);
    if (!mailbox.concerns(visitor.userKey)) return reply;
    await mailbox.arrived(visitor, agreedOnServices);
    const { isWaiting, wantsBlockList } = await mailbox.standing(visitor, false);
    const { envelope, body } = reply;
    if (envelope === undefined || !(isWaiting || wantsBlockList)) return reply;
    return scannedReply(exchange, reply, setPoll(body, envelope, true));
  } catch {
    log.error('kept messages cannot be had', { vasp: session.record.vasp, session: session.key });
    return reply;
  }
}
