/**
 * Notices in what a client asks, and in how the VASP answers, what the operator may have a message for [policy-files §3]:
 * contacts added, presence shown, authorizations changed, errors. Only what was done counts; what the gateway does in a
 * session itself does not pass here.
 */
import { child, children, childText, childTexts, type Element } from '../../csp/element.ts';
import type { EnvelopeTransaction } from '../../csp/envelope.ts';
import { answerTo, type Transaction } from '../../csp/message.ts';
import { resultCode, STATUS } from '../../csp/status.ts';
import { readUserId } from '../../policy/user-id.ts';
import type { Addressee, Happening, Interests } from '../../system-message-ports.ts';
import { answerMessage, type Exchange, messageOf, type Reply } from '../exchange.ts';

/** Which interest a request may serve by its primitive alone; errors may come of any. */
const WATCHED: Readonly<Record<string, readonly ('contactLists' | 'presence' | 'authorizations')[]>> = {
  'ListManage-Request': ['contactLists', 'authorizations'],
  'CreateList-Request': ['contactLists'],
  'UpdatePresence-Request': ['presence'],
  'CreateAttributeList-Request': ['presence', 'authorizations'],
  'DeleteAttributeList-Request': ['authorizations'],
  'PresenceAuth-User': ['authorizations'],
  'CancelAuth-Request': ['authorizations'],
};

/** Whether the answers to a message may have to be looked at. */
export function isWatched({ envelope }: Exchange, interests: Interests): boolean {
  for (const transaction of envelope.transactions) {
    if (interests.errors && isRequest(transaction)) return true;
    if (mayTrigger(transaction, interests)) return true;
  }
  return false;
}

function mayTrigger({ primitive }: EnvelopeTransaction, interests: Interests): boolean {
  return WATCHED[primitive]?.some((kind) => interests[kind]) === true;
}

function isRequest({ mode, primitive }: EnvelopeTransaction): boolean {
  return mode === 'Request' && primitive !== 'Polling-Request';
}

/** What has happened, in the order of the message. */
export function happeningsIn(
  exchange: Exchange,
  reply: Reply,
  interests: Interests,
  addressee: Addressee,
): readonly Happening[] {
  const { transactions } = exchange.envelope;
  const errors = interests.errors ? errorsIn(transactions, reply, addressee) : [];
  if (!transactions.some((transaction) => mayTrigger(transaction, interests))) return errors;
  const answers = reply.envelope === undefined ? [] : answerMessage(exchange, reply).transactions;
  const done = messageOf(exchange).transactions.flatMap((transaction) => {
    const answer = answerTo(transaction.id, answers)?.primitive;
    return wasDone(transaction, answer) ? doneBy(transaction.primitive, answer, interests, addressee) : [];
  });
  return [...done, ...errors];
}

function errorsIn(
  asked: readonly EnvelopeTransaction[],
  { envelope }: Reply,
  addressee: Addressee,
): readonly Happening[] {
  return asked.filter(isRequest).flatMap(({ id }): readonly Happening[] => {
    const status = answerTo(id, envelope?.transactions ?? [])?.resultCode ?? STATUS.OK;
    return status >= STATUS.BAD_REQUEST ? [{ kind: 'error', addressee, status }] : [];
  });
}

/** An answer in its own form that says no code is a success; one to a Response may be missing [P8]. */
function wasDone({ mode }: Transaction, answer: Element | undefined): boolean {
  if (answer === undefined) return mode === 'Response';
  const code = resultCode(answer) ?? STATUS.OK;
  return code === STATUS.OK || code === STATUS.PARTIAL;
}

function doneBy(
  request: Element,
  answer: Element | undefined,
  { contactLists, presence, authorizations }: Interests,
  addressee: Addressee,
): readonly Happening[] {
  const found: Happening[] = [];
  const users = addedUsers(request, answer);
  if (contactLists && users.length > 0) found.push({ kind: 'added-to-contact-list', addressee, users });
  const attributes = exposedAttributes(request);
  if (presence && attributes.length > 0) found.push({ kind: 'presence-exposed', addressee, attributes });
  const concerned = authorizedUsers(request, users);
  if (authorizations && concerned !== undefined) {
    const otherUser = concerned.length === 1 ? concerned[0] : undefined;
    found.push({ kind: 'presence-authorization-changed', addressee, otherUser });
  }
  return found;
}

/** Those whom a request adds to a contact list, without those whom the answer says that it could not add. */
function addedUsers(request: Element, answer: Element | undefined): readonly string[] {
  const list =
    request.name === 'CreateList-Request'
      ? child(request, 'NickList')
      : request.name === 'ListManage-Request'
        ? child(request, 'AddNickList')
        : undefined;
  if (list === undefined) return [];
  const named = list.children.flatMap((entry) => {
    const user = entry.name === 'NickName' ? childText(entry, 'UserID') : entry.text.trim();
    return user === undefined || user === '' ? [] : [user];
  });
  const details = children(child(answer, 'Result'), 'DetailedResult');
  const failed = new Set(details.flatMap((detail) => childTexts(detail, 'UserID')).map((id) => readUserId(id).bare));
  return named.filter((user) => !failed.has(readUserId(user).bare));
}

/** Attributes that others may see from now on: published with a value that holds, or put on a list. */
function exposedAttributes(request: Element): readonly string[] {
  const attributes = child(request, 'PresenceSubList')?.children ?? [];
  if (request.name === 'CreateAttributeList-Request') return attributes.map(({ name }) => name);
  return request.name === 'UpdatePresence-Request' ? attributes.filter(hasValue).map(({ name }) => name) : [];
}

function hasValue(attribute: Element): boolean {
  if (childText(attribute, 'Qualifier') === 'F') return false;
  return attribute.children.some(({ name, text, children: parts }) => {
    const isAside = name === 'Qualifier' || name === 'ClientID';
    return !isAside && (parts.length > 0 || text.trim() !== '');
  });
}

/** Whose view of the user's presence is another one now; undefined: nobody's. */
function authorizedUsers(request: Element, added: readonly string[]): readonly string[] | undefined {
  switch (request.name) {
    case 'PresenceAuth-User':
    case 'CancelAuth-Request':
      return childTexts(request, 'UserID');
    case 'CreateAttributeList-Request':
    case 'DeleteAttributeList-Request':
      return [...childTexts(request, 'UserID'), ...childTexts(child(request, 'UserIDList'), 'UserID')];
    case 'ListManage-Request':
      return childText(request, 'AuthorizeAndGrant') === 'T' && added.length > 0 ? added : undefined;
    default:
      return undefined;
  }
}
