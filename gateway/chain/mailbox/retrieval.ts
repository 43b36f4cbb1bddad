/**
 * What a client says of kept messages, and asks for [X62, X63]: acknowledged, fetched, listed, refused and sent on here, by
 * the ids that are the gateway's; what concerns the VASP's messages goes on to it. A message stays until it is acknowledged,
 * however often it is fetched.
 */
import { childInteger, childText, childTexts, type Element, withChildren } from '../../csp/element.ts';
import type { Transaction } from '../../csp/message.ts';
import { resultCode, STATUS, status } from '../../csp/status.ts';
import type { Visitor } from '../../mailbox-ports.ts';
import { forwardAnswer, forwardedMessage } from '../../stored-message/forwarding.ts';
import {
  mailMessageId,
  ownsMailTransaction,
  readMailMessageId,
  readMailTransaction,
  wasAnnounced,
} from '../../stored-message/ids.ts';
import { mergedMessageList } from '../../stored-message/message-list.ts';
import { getMessageResponse } from '../../stored-message/primitives.ts';
import { type Rejected, rejectAnswer, rejectAnswerWith } from '../../stored-message/rejecting.ts';
import type { Exchange } from '../exchange.ts';
import type { AskInSession, MailboxParts, Rewriting } from './parts.ts';

export type Retrieved =
  /** It goes no further; undefined: nothing is to be said. */
  | { readonly kind: 'answered'; readonly primitive: Element | undefined }
  /** It goes to the VASP, in other words where there are any, and what the VASP says is rewritten. */
  | { readonly kind: 'passed'; readonly instead: Element | undefined; readonly rewriting: Rewriting };

type RetrievalParts = Pick<MailboxParts, 'mailbox' | 'log'>;

interface Asked {
  readonly exchange: Exchange;
  readonly transaction: Transaction;
  readonly visitor: Visitor;
  readonly ask: AskInSession;
}

type Answering = (parts: RetrievalParts, asked: Asked) => Promise<Retrieved | undefined>;

const ANSWERING: ReadonlyMap<string, Answering> = new Map<string, Answering>([
  ['MessageDelivered', acknowledge],
  ['GetMessage-Request', fetchMessage],
  ['GetMessageList-Request', listMessages],
  ['RejectMessage-Request', reject],
  ['ForwardMessage-Request', forward],
]);

/**
 * What becomes of one transaction of a client's; undefined: it is none of the mailbox's.
 * @param ask asks the VASP in the client's session
 * @throws what the mailbox rejects with; the client may say it again
 */
export async function answerRetrieval(
  parts: RetrievalParts,
  exchange: Exchange,
  transaction: Transaction,
  visitor: Visitor,
  ask: AskInSession,
): Promise<Retrieved | undefined> {
  const { primitive, mode, id } = transaction;
  const answering = ANSWERING.get(primitive.name);
  if (answering !== undefined) return answering(parts, { exchange, transaction, visitor, ask });
  if (mode !== 'Response' || !ownsMailTransaction(id)) return undefined;
  // What says no code has not said that it took anything.
  await parts.mailbox.answered(visitor, id, resultCode(primitive) ?? STATUS.BAD_REQUEST);
  return SAID_NOTHING;
}

const SAID_NOTHING: Retrieved = { kind: 'answered', primitive: undefined };

function answered(primitive: Element): Retrieved {
  return { kind: 'answered', primitive };
}

function noSuchMessage(): Retrieved {
  return answered(status(STATUS.INVALID_MESSAGE_ID, 'There is no such message.'));
}

/** The VASP does not say at the moment who may write to the user. */
function notNow(): Retrieved {
  return answered(
    status(STATUS.SERVICE_UNAVAILABLE, 'The message cannot be had at the moment. Please try again later.'),
  );
}

/** The MessageID that a request names; undefined where it is none of ours. */
function ownId(primitive: Element): string | undefined {
  const messageId = childText(primitive, 'MessageID') ?? '';
  return readMailMessageId(messageId) === undefined ? undefined : messageId;
}

/**
 * In answer to NewMessage it needs no answer itself; after GetMessage it stands alone, and a Status is waited for [P2.3]. Of
 * a message that was only announced it takes what it names, and nothing when it names nothing.
 */
async function acknowledge(
  { mailbox }: RetrievalParts,
  { transaction, visitor }: Asked,
): Promise<Retrieved | undefined> {
  const { primitive, mode, id } = transaction;
  // Only an answer bears an id of ours; who asks chooses its own.
  const handedOver = mode === 'Response' ? readMailTransaction(id) : undefined;
  const named = ownId(primitive);
  if (named !== undefined) await mailbox.delivered(visitor, named);
  else if (handedOver === undefined) return undefined;
  else if (wasAnnounced(id)) await mailbox.answered(visitor, id, STATUS.OK);
  else await mailbox.delivered(visitor, mailMessageId(handedOver));
  // Said once more of one that is gone, it is as true as before.
  return handedOver === undefined ? answered(status(STATUS.OK)) : SAID_NOTHING;
}

async function fetchMessage(
  { mailbox }: RetrievalParts,
  { transaction, visitor }: Asked,
): Promise<Retrieved | undefined> {
  const messageId = ownId(transaction.primitive);
  if (messageId === undefined) return undefined;
  const kept = await mailbox.fetch(visitor, messageId);
  if (kept === undefined) return noSuchMessage();
  return kept === 'later' ? notNow() : answered(getMessageResponse(kept.info, kept.content));
}

/** A group's messages are the VASP's alone. Ours that cannot be had do not keep the VASP's from the client. */
async function listMessages(
  { mailbox, log }: RetrievalParts,
  { exchange, transaction, visitor }: Asked,
): Promise<Retrieved | undefined> {
  const { primitive, id: transactionId } = transaction;
  const most = childInteger(primitive, 'MessageCount');
  if ((childText(primitive, 'GroupID') ?? '') !== '' || most === 0 || !mailbox.concerns(visitor.userKey))
    return undefined;
  let ours: readonly Element[];
  try {
    ours = await mailbox.list(visitor);
  } catch {
    log.error('kept messages cannot be had', { vasp: visitor.vasp, session: visitor.sessionKey });
    return undefined;
  }
  if (ours.length === 0) return undefined;
  const { version } = exchange.envelope;
  const rewrite = async (answer: Element | undefined): Promise<Element | undefined> =>
    mergedMessageList(answer, ours, most, version);
  return { kind: 'passed', instead: undefined, rewriting: { transactionId, rewrite } };
}

async function reject(
  { mailbox }: RetrievalParts,
  { exchange, transaction, visitor }: Asked,
): Promise<Retrieved | undefined> {
  const { primitive, id: transactionId } = transaction;
  const messageIds = [...new Set(childTexts(primitive, 'MessageID'))];
  const isOurs = (messageId: string): boolean => readMailMessageId(messageId) !== undefined;
  const ours = messageIds.filter(isOurs);
  if (ours.length === 0) return undefined;
  const rejected: Record<keyof Rejected, string[]> = { done: [], unknown: [] };
  for (const messageId of ours) {
    const isGone = await mailbox.settle(visitor, messageId, 'rejected');
    rejected[isGone ? 'done' : 'unknown'].push(messageId);
  }
  const { version } = exchange.envelope;
  const theirs = messageIds.filter((messageId) => !isOurs(messageId));
  if (theirs.length === 0) return answered(rejectAnswer(rejected, version));
  const rest = primitive.children.filter(({ name, text }) => name !== 'MessageID' || !isOurs(text.trim()));
  const rewrite = async (answer: Element | undefined): Promise<Element | undefined> =>
    rejectAnswerWith(rejected, theirs, answer, version);
  return { kind: 'passed', instead: withChildren(primitive, rest), rewriting: { transactionId, rewrite } };
}

/** Gone from the box only when somebody else has it: a refusal leaves it where it is. */
async function forward(
  { mailbox, log }: RetrievalParts,
  { exchange, transaction, visitor, ask }: Asked,
): Promise<Retrieved | undefined> {
  const { primitive } = transaction;
  const messageId = ownId(primitive);
  if (messageId === undefined) return undefined;
  const kept = await mailbox.fetch(visitor, messageId);
  if (kept === undefined) return noSuchMessage();
  if (kept === 'later') return notNow();
  const message = forwardedMessage(primitive, kept);
  if (message === undefined) {
    return answered(status(STATUS.BAD_PARAMETER, 'Say in Recipient to whom the message is to go.'));
  }
  const { code, primitive: answer } = await ask(message);
  if (code === STATUS.OK || code === STATUS.PARTIAL) {
    try {
      await mailbox.settle(visitor, messageId, 'forwarded');
    } catch {
      // It went out, and to say otherwise would have it go out twice.
      log.error('kept messages cannot be had', { vasp: visitor.vasp, session: visitor.sessionKey });
    }
  }
  return answered(forwardAnswer(answer, code, exchange.envelope.version));
}
