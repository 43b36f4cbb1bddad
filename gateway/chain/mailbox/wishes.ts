/**
 * Notices what a 1.3 client wishes for the time when its user is away [P4.3]: in its capabilities, in the services that it
 * asks for, or in a login that carries both. Nothing about a user is kept before that user has accepted something.
 */
import type { Element } from '../../csp/element.ts';
import { answerTo, type Transaction } from '../../csp/message.ts';
import type { Mailbox } from '../../mailbox-ports.ts';
import type { AcceptanceStore, LiveSession } from '../../ports.ts';
import { wishesIn } from '../../stored-message/wishes.ts';
import type { Exchange, Reply } from '../exchange.ts';

export interface WishParts {
  readonly mailbox: Pick<Mailbox, 'wishes'>;
  readonly acceptances: Pick<AcceptanceStore, 'of'>;
}

/** What answers a negotiation that came to something. */
const AGREED: ReadonlyMap<string, string> = new Map([
  ['ClientCapability-Request', 'ClientCapability-Response'],
  ['Service-Request', 'Service-Response'],
]);

/**
 * @param asked the client's transactions, which `reply` answers
 * @throws what the stores reject with
 */
export async function noticeWishes(
  parts: WishParts,
  exchange: Exchange,
  session: LiveSession,
  asked: readonly Transaction[],
  reply: Reply,
): Promise<void> {
  if (exchange.envelope.version !== '1.3') return;
  const answers = reply.envelope?.transactions ?? [];
  for (const { primitive, id } of asked) {
    const agreed = AGREED.get(primitive.name);
    if (agreed !== undefined && answerTo(id, answers)?.primitive === agreed)
      await keepWishes(parts, session, primitive);
  }
}

/**
 * Of a request that the VASP said yes to; a Login-Request of 1.3 among them.
 * @throws what the stores reject with
 */
export async function keepWishes(
  { mailbox, acceptances }: WishParts,
  { record }: LiveSession,
  request: Element,
): Promise<void> {
  const wishes = wishesIn(request, record.granted);
  if (wishes === undefined || (await acceptances.of(record.userKey)).length === 0) return;
  await mailbox.wishes(record.userKey, wishes);
}
