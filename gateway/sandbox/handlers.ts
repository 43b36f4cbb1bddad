/**
 * Which handler answers which primitive. What is not in these tables is not implemented and is answered so (501): groups,
 * invitations and the additions of 1.3 that no client sends.
 */
import { createAttributeList, deleteAttributeList, getAttributeList } from './attribute-lists.ts';
import { blockEntity, getBlockedList } from './blocking.ts';
import type { Handler, OutbandHandler } from './call.ts';
import { createList, deleteList, getList, listManage } from './contacts.ts';
import { getSpInfo, search, stopSearch, verifyId } from './directory.ts';
import { login } from './login.ts';
import { forwardMessage, getMessage, getMessageList, rejectMessage, setDeliveryMethod } from './message-retrieval.ts';
import { messageDelivered, sendMessage } from './messages.ts';
import { clientCapability, serviceRequest } from './negotiation.ts';
import { getPresence, getWatcherList, subscribePresence, unsubscribePresence, updatePresence } from './presence.ts';
import { cancelAuth, presenceAuthUser } from './presence-authorization.ts';
import { keepAlive, logout } from './sessions.ts';

/** Answered without a session. */
export const OUTBAND_HANDLERS: ReadonlyMap<string, OutbandHandler> = new Map([
  ['Login-Request', login],
  ['GetSPInfo-Request', getSpInfo],
]);

/** Answered in a session. Polling-Request and Status are no requests in this sense; the exchange itself treats them. */
export const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['GetSPInfo-Request', getSpInfo],
  ['Logout-Request', logout],
  ['KeepAlive-Request', keepAlive],
  ['Service-Request', serviceRequest],
  ['ClientCapability-Request', clientCapability],
  ['Search-Request', search],
  ['StopSearch-Request', stopSearch],
  ['VerifyID-Request', verifyId],
  ['GetList-Request', getList],
  ['CreateList-Request', createList],
  ['DeleteList-Request', deleteList],
  ['ListManage-Request', listManage],
  ['CreateAttributeList-Request', createAttributeList],
  ['DeleteAttributeList-Request', deleteAttributeList],
  ['GetAttributeList-Request', getAttributeList],
  ['PresenceAuth-User', presenceAuthUser],
  ['CancelAuth-Request', cancelAuth],
  ['SubscribePresence-Request', subscribePresence],
  ['UnsubscribePresence-Request', unsubscribePresence],
  ['GetPresence-Request', getPresence],
  ['UpdatePresence-Request', updatePresence],
  ['GetWatcherList-Request', getWatcherList],
  ['SendMessage-Request', sendMessage],
  ['SetDeliveryMethod-Request', setDeliveryMethod],
  ['GetMessageList-Request', getMessageList],
  ['GetMessage-Request', getMessage],
  ['RejectMessage-Request', rejectMessage],
  ['ForwardMessage-Request', forwardMessage],
  ['MessageDelivered', messageDelivered],
  ['GetBlockedList-Request', getBlockedList],
  ['BlockUser-Request', blockEntity],
  ['BlockEntity-Request', blockEntity],
]);
