/**
 * What a login means for messages that wait for the user: they are handed over when the session has agreed on its services,
 * and of a session that has done so with the login, the Login-Response says that something waits [X62]. Nothing of it can
 * make a login fail.
 */
import { setPoll } from '../../csp/splice.ts';
import type { Mailbox } from '../../mailbox-ports.ts';
import type { LiveSession, Log } from '../../ports.ts';
import { type Exchange, type Reply, scannedReply } from '../exchange.ts';
import { visitorOf } from './visitor.ts';

export interface MailGreetingParts {
  readonly mailbox?: Mailbox | undefined;
  readonly log: Log;
}

/** @returns the VASP's reply, with Poll as it is now */
export async function greetWithMail(
  { mailbox, log }: MailGreetingParts,
  exchange: Exchange,
  session: LiveSession,
  agreedOnServices: boolean,
  reply: Reply,
): Promise<Reply> {
  if (mailbox === undefined || !mailbox.isOpen() || !mailbox.concerns(session.record.userKey)) return reply;
  const visitor = visitorOf(session);
  try {
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
