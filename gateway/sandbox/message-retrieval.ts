/** Messages that a client fetches, refuses or forwards by their MessageID, after a MessageNotification or a list [P4.4]. */
import { child, childInteger, childText, childTexts, type Element, element } from '../csp/element.ts';
import { STATUS, status } from '../csp/status.ts';
import { type Call, CODE, type Failure, ok, resultOf, statusOf } from './call.ts';
import { deliver, findMessage, messageInfo, settle } from './messages.ts';

export function setDeliveryMethod({ session, request }: Call): Element {
  if (child(request, 'GroupID') !== undefined) return status(CODE.NO_SUCH_GROUP, 'There is no such group.');
  const method = childText(request, 'DeliveryMethod');
  if (method !== 'P' && method !== 'N')
    return status(STATUS.BAD_PARAMETER, 'DeliveryMethod is P (push) or N (notify).');
  session.deliveryMethod = method;
  session.pushLimitBytes = childInteger(request, 'AcceptedContentLength') ?? session.pushLimitBytes;
  return ok();
}

export function getMessageList({ state, session, request, version }: Call): Element {
  if (child(request, 'GroupID') !== undefined) return status(CODE.NO_SUCH_GROUP, 'There is no such group.');
  const { user } = session;
  const all = [...user.messages.keys()]
    .map((id) => findMessage(state, user, id))
    .filter((message) => message !== undefined);
  const shown = all.slice(0, childInteger(request, 'MessageCount') ?? all.length);
  const infos = shown.map((message) => messageInfo(message, state.now()));
  return element(
    'GetMessageList-Response',
    version === '1.3' ? [element('MessageInfoList', infos), element('MessageTotalCount', all.length)] : infos,
  );
}

export function getMessage({ state, session, request }: Call): Element {
  const message = findMessage(state, session.user, childText(request, 'MessageID'));
  if (message === undefined) return status(STATUS.INVALID_MESSAGE_ID, 'There is no such message.');
  return element('GetMessage-Response', [messageInfo(message, state.now()), message.content]);
}

export function rejectMessage({ state, session, request, version }: Call): Element {
  const ids = childTexts(request, 'MessageID');
  const failures: Failure[] = [];
  for (const id of ids) {
    const message = findMessage(state, session.user, id);
    if (message === undefined) {
      const entity = element('MessageID', id);
      failures.push({ code: STATUS.INVALID_MESSAGE_ID, description: 'There is no such message.', entity });
    } else settle(state, message, CODE.MESSAGE_REJECTED, 'The message was rejected.');
  }
  return ids.length === 0
    ? status(STATUS.BAD_REQUEST, 'RejectMessage-Request needs a MessageID.')
    : statusOf(ids.length, failures, version);
}

export function forwardMessage(call: Call): Element {
  const { state, session, request, version } = call;
  const message = findMessage(state, session.user, childText(request, 'MessageID'));
  if (message === undefined) return status(STATUS.INVALID_MESSAGE_ID, 'There is no such message.');
  const { id: _, recipient: __, ...content } = message;
  const draft = {
    ...content,
    sender: session.user,
    senderSessionId: session.id,
    senderClientId: session.clientId,
    reportWanted: false,
    sentAt: state.now(),
  };
  const sent = deliver(call, draft, child(request, 'Recipient'));
  if (sent.total === 0) return status(STATUS.BAD_PARAMETER, 'The message has no recipient.');
  if (sent.messageId !== undefined) settle(state, message, CODE.MESSAGE_FORWARDED, 'The message was forwarded.');
  return version === '1.3' && sent.failures.length === 0 && sent.messageId !== undefined
    ? element('ForwardMessage-Response', [element('MessageID', sent.messageId)])
    : element('Status', [resultOf(sent.total, sent.failures, version)]);
}
