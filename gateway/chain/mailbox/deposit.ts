/**
 * Keeps what a VASP could not deliver because recipients are away [X60]. The VASP is asked first, always: only what it says
 * of a SendMessage-Request decides whether there is anything to keep. Then the message is durable before its sender hears
 * 200, and where it cannot be kept the sender hears that, never the VASP's word about a message that may be kept.
 */
import { child, children, childText, type Element, element } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { result, STATUS } from '../../csp/status.ts';
import type { CspVersion } from '../../csp/versions.ts';
import type { DepositOrder, DepositRecipient, DepositResult, KeepRules } from '../../mailbox-ports.ts';
import { offLineUserPolicyFor } from '../../policy/decide.ts';
import type { OffLineUserPolicy } from '../../policy/model.ts';
import { inDomainOf } from '../../policy/user-id.ts';
import type { LiveSession } from '../../ports.ts';
import {
  type AwayRecipient,
  awayRecipients,
  isForUsers,
  readSending,
  type Sending,
} from '../../stored-message/sending.ts';
import { type Fate, sendingAnswer } from '../../stored-message/sending-answer.ts';
import { infoFrom } from '../../stored-message/sending-info.ts';
import type { Exchange, VaspFacts } from '../exchange.ts';
import { userKeyOf } from '../identity.ts';
import { keepRulesOf, keepsMessagesAt } from './deposit-policies.ts';
import { senderOf } from './deposit-sender.ts';
import type { MailboxParts, Rewriting } from './parts.ts';

/** Of a message that was kept before, so that nothing has to be decided about it. */
const NOT_KEPT: KeepRules = { policy: '', messages: 0, bytes: 0, keepMillis: 0, notify: undefined };

/** Undefined when nothing of this transaction could be kept, whatever the VASP says. */
export function depositOf(
  parts: MailboxParts,
  exchange: Exchange,
  { mode, id, primitive }: Transaction,
): Rewriting | undefined {
  const { session, vasp } = exchange;
  const { version } = exchange.envelope;
  if (session === undefined || mode !== 'Request' || primitive.name !== 'SendMessage-Request') return undefined;
  if (!keepsMessagesAt(parts.policies.current(), vasp.name) || !isForUsers(primitive)) return undefined;
  return {
    transactionId: id,
    async rewrite(answer) {
      const sending = answer === undefined ? undefined : readSending(primitive, answer);
      return sending === undefined ? undefined : keep(parts, vasp, session, { id, version, primitive, sending });
    },
  };
}

/**
 * What answers a message that its sender sends a second time, when the first try was kept for all its recipients: the same
 * as the first time, whoever is here by now, because the VASP would deliver it beside the copy that is kept. Undefined: it is
 * not known to be one.
 */
export async function answerOfRepeated(
  parts: MailboxParts,
  { session, vasp }: Exchange,
  { mode, id, primitive }: Transaction,
): Promise<Element | undefined> {
  if (session === undefined || mode !== 'Request' || primitive.name !== 'SendMessage-Request') return undefined;
  if (!parts.mailbox.mayRepeat(session.key, id)) return undefined;
  const info = child(primitive, 'MessageInfo');
  const to = child(info, 'Recipient')?.children ?? [];
  const users = children(child(info, 'Recipient'), 'User').map((user) => childText(user, 'UserID') ?? '');
  const sender = senderOf(parts.secrets, vasp, session, info);
  if (info === undefined || sender === undefined || users.length === 0 || users.length < to.length) return undefined;
  const recipients = users.map((userId) => ({
    userId,
    userKey: userKeyOf(parts.secrets, vasp, inDomainOf(sender, userId)),
    keep: NOT_KEPT,
  }));
  const order = orderOf(session, { id, primitive, messageId: undefined }, sender, info, recipients);
  const messageId = await parts.mailbox.repeated(order);
  if (messageId === undefined) return undefined;
  return element('SendMessage-Response', [
    result(STATUS.OK, 'Successfully completed.'),
    element('MessageID', messageId),
  ]);
}

/** A SendMessage-Request that did not reach everybody. */
interface Missed {
  readonly id: string;
  readonly version: CspVersion;
  readonly primitive: Element;
  readonly sending: Sending;
}

async function keep(
  parts: MailboxParts,
  place: VaspFacts,
  session: LiveSession,
  missed: Missed,
): Promise<Element | undefined> {
  const { name: vasp } = place;
  const { primitive, sending, version } = missed;
  const info = child(primitive, 'MessageInfo');
  const sender = senderOf(parts.secrets, place, session, info);
  const policyOf = policiesOf(parts, vasp, sender ?? '');
  const away = awayRecipients(sending, (userId, code) => policyOf(userId)?.storeOn.has(code) === true);
  if (away.length === 0) return undefined;
  if (sender === undefined || info === undefined) {
    parts.log.info('message not kept', { vasp, session: session.key, reason: 'sender' });
    return undefined;
  }
  const recipients = away.flatMap((one) => recipientOf(parts, place, sender, one, policyOf) ?? []);
  const result = await deposited(
    parts,
    orderOf(session, { ...missed, messageId: sending.messageId }, sender, info, recipients),
  );
  const fates = new Map(
    recipients.map(({ userId }, at): [string, Fate] => [userId, result?.recipients[at] ?? 'failed']),
  );
  return sendingAnswer(sending, fates, result?.sentId, version);
}

/** By user id, each looked for once. */
function policiesOf(
  { policies, clock }: MailboxParts,
  vasp: string,
  sender: string,
): (userId: string) => OffLineUserPolicy | undefined {
  const set = policies.current();
  const now = clock.wall();
  const found = new Map<string, OffLineUserPolicy | undefined>();
  return (userId) => {
    if (!found.has(userId)) {
      found.set(userId, offLineUserPolicyFor(set, { userId: inDomainOf(sender, userId), vasp }, now));
    }
    return found.get(userId);
  };
}

function recipientOf(
  { secrets }: MailboxParts,
  vasp: VaspFacts,
  sender: string,
  { userId }: AwayRecipient,
  policyOf: (userId: string) => OffLineUserPolicy | undefined,
): DepositRecipient | undefined {
  const policy = policyOf(userId);
  if (policy === undefined) return undefined;
  return { userId, userKey: userKeyOf(secrets, vasp, inDomainOf(sender, userId)), keep: keepRulesOf(policy) };
}

function orderOf(
  { key, record }: LiveSession,
  { id, primitive, messageId }: Pick<Missed, 'id' | 'primitive'> & { readonly messageId: string | undefined },
  sender: string,
  info: Element,
  recipients: readonly DepositRecipient[],
): DepositOrder {
  return {
    vasp: record.vasp,
    sessionKey: key,
    senderKey: record.userKey,
    sender,
    transactionId: id,
    info: infoFrom(info, sender),
    content: child(primitive, 'ContentData'),
    wantsReport: childText(primitive, 'DeliveryReport') === 'T',
    validitySeconds: secondsIn(childText(info, 'Validity')),
    vaspMessageId: messageId,
    recipients,
  };
}

/** What is no whole number says nothing. */
function secondsIn(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Undefined when the mailbox cannot be had. */
async function deposited(parts: MailboxParts, order: DepositOrder): Promise<DepositResult | undefined> {
  try {
    return await parts.mailbox.deposit(order);
  } catch {
    parts.log.error('a message cannot be kept', { vasp: order.vasp, session: order.sessionKey });
    for (const _ of order.recipients) parts.metrics.mailbox('failed');
    return undefined;
  }
}
