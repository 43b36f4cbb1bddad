/**
 * Messages between users [P4.4]: taken from the sender, kept until the recipient has them, reported on when the sender
 * wanted that. A recipient without a session gets nothing: the sender is told 533, because keeping messages for off-line
 * users is the gateway's business here.
 */
import { child, childInteger, children, childText, type Element, element } from '../csp/element.ts';
import { result, STATUS, status } from '../csp/status.ts';
import { isBlocked } from './blocking.ts';
import { type Call, CODE, clientKey, dateTime, type Failure, namedUsers, ok, resultOf } from './call.ts';
import { userElement } from './elements.ts';
import { enqueue, type SandboxState, type SandboxUser, type StoredMessage } from './state.ts';

type Draft = Omit<StoredMessage, 'recipient' | 'id'>;

export function sendMessage(call: Call): Element {
  const { state, session, request, version } = call;
  const info = child(request, 'MessageInfo');
  if (info === undefined) return status(STATUS.BAD_REQUEST, 'SendMessage-Request needs MessageInfo.');
  if (!isOwnSender(call, child(info, 'Sender'))) {
    return status(STATUS.CLIENT_MISMATCH, 'The Sender is not the user and client of this session.');
  }
  const content = child(request, 'ContentData');
  const contentEncoding = childText(info, 'ContentEncoding');
  const validity = childInteger(info, 'Validity');
  const draft: Draft = {
    sender: session.user,
    senderSessionId: session.id,
    senderClientId: session.clientId,
    contentType: childText(info, 'ContentType') ?? 'text/plain',
    contentEncoding,
    contentBytes: sizeOf(content, contentEncoding),
    content,
    reportWanted: childText(request, 'DeliveryReport') === 'T',
    sentAt: state.now(),
    expiresAt: validity === undefined ? undefined : state.now() + validity * 1000,
  };
  const sent = deliver(call, draft, child(info, 'Recipient'));
  if (sent.total === 0) return status(STATUS.BAD_PARAMETER, 'The message has no recipient.');
  return element('SendMessage-Response', [
    resultOf(sent.total, sent.failures, version),
    sent.messageId === undefined ? undefined : element('MessageID', sent.messageId),
  ]);
}

/** A missing Sender, or a part of it that is missing, is the session's own. */
function isOwnSender({ state, session }: Call, sender: Element | undefined): boolean {
  const user = child(sender, 'User');
  if (user === undefined) return true;
  const clientId = child(user, 'ClientID');
  return (
    state.userOf(childText(user, 'UserID')) === session.user &&
    (clientId === undefined || clientKey(clientId) === clientKey(session.clientId))
  );
}

/** The real size: what clients put into ContentSize cannot be relied on [P4.4]. */
function sizeOf(content: Element | undefined, encoding: string | undefined): number {
  const text = content?.text ?? '';
  return encoding === 'BASE64' ? Buffer.from(text, 'base64').length : Buffer.byteLength(text);
}

interface Delivered {
  /** Undefined when nobody gets the message. */
  readonly messageId: string | undefined;
  readonly total: number;
  readonly failures: readonly Failure[];
}

/** Stores a message for every recipient who may and can have it. */
export function deliver(call: Call, draft: Draft, recipient: Element | undefined): Delivered {
  const { state } = call;
  const { users, failures, total } = namedUsers(call, recipient);
  const groups = children(recipient, 'Group').map((group) => childText(group, 'GroupID') ?? '');
  failures.push(...groups.map(unknownGroup));
  const id = state.nextMessageId();
  let reached = 0;
  for (const user of users) {
    const failure = refusal(user, draft.sender);
    if (failure !== undefined) failures.push(failure);
    else {
      reached += 1;
      keep({ ...draft, id, recipient: user });
    }
  }
  return {
    messageId: reached === 0 ? undefined : id,
    total: Math.max(total + groups.length, failures.length),
    failures,
  };
}

function unknownGroup(address: string): Failure {
  return { code: CODE.NO_SUCH_GROUP, description: 'There is no such group.', entity: element('GroupID', address) };
}

function refusal(user: SandboxUser, sender: SandboxUser): Failure | undefined {
  const entity = element('UserID', user.id);
  if (isBlocked(user, sender)) return { code: CODE.BLOCKED, description: 'The recipient has blocked you.', entity };
  if (user.sessions.size > 0) return undefined;
  return { code: CODE.NOT_LOGGED_IN, description: 'The recipient is not logged in.', entity };
}

/** Every session of the recipient is told; the first to say that it has the message has it for all. */
function keep(message: StoredMessage): void {
  message.recipient.messages.set(message.id, message);
  for (const session of message.recipient.sessions) enqueue(session, { kind: 'message', messageId: message.id });
}

/** Takes a message out of the recipient's store and reports on it. */
export function settle(state: SandboxState, message: StoredMessage, code: number, description: string): void {
  message.recipient.messages.delete(message.id);
  for (const session of message.recipient.sessions) {
    session.waiting = session.waiting.filter((entry) => entry.kind !== 'message' || entry.messageId !== message.id);
    for (const [id, { waiting }] of session.outstanding) {
      if (waiting.kind === 'message' && waiting.messageId === message.id) session.outstanding.delete(id);
    }
  }
  if (message.reportWanted) report(state, message, code, description);
}

/** To the session that sent the message, else to another one of its user; nobody is told when there is none. */
function report(state: SandboxState, message: StoredMessage, code: number, description: string): void {
  const session = state.sessions.get(message.senderSessionId) ?? [...message.sender.sessions][0];
  const at = state.now();
  if (session === undefined) return;
  enqueue(session, {
    kind: 'primitive',
    build: (version) =>
      element('DeliveryReport-Request', [
        result(code, description),
        version === '1.1' ? undefined : element('DeliveryTime', dateTime(at)),
        messageInfo(message, at),
      ]),
  });
}

/** A message that is still to be had; one whose Validity has passed is settled as expired. */
export function findMessage(state: SandboxState, user: SandboxUser, id: string | undefined): StoredMessage | undefined {
  const message = id === undefined ? undefined : user.messages.get(id);
  if (message?.expiresAt === undefined || message.expiresAt >= state.now()) return message;
  settle(state, message, CODE.MESSAGE_EXPIRED, 'The message has expired.');
  return undefined;
}

/** In the order of the content model; sender and recipient as in the original, for this one recipient. */
export function messageInfo(message: StoredMessage, now: number): Element {
  const seconds = message.expiresAt === undefined ? undefined : Math.ceil((message.expiresAt - now) / 1000);
  return element('MessageInfo', [
    element('MessageID', message.id),
    element('ContentType', message.contentType),
    message.contentEncoding === undefined ? undefined : element('ContentEncoding', message.contentEncoding),
    element('ContentSize', message.contentBytes),
    element('Recipient', [userElement(message.recipient.id)]),
    element('Sender', [userElement(message.sender.id, message.senderClientId)]),
    element('DateTime', dateTime(message.sentAt)),
    seconds === undefined ? undefined : element('Validity', Math.max(0, seconds)),
  ]);
}

export function messageDelivered({ state, session, request }: Call): Element {
  const message = findMessage(state, session.user, childText(request, 'MessageID'));
  if (message === undefined) return status(STATUS.INVALID_MESSAGE_ID, 'There is no such message.');
  settle(state, message, STATUS.OK, 'The message was delivered.');
  return ok();
}
