/**
 * Hands a session what its user is to be told, one primitive a poll [X40, X41, X43]: a SystemMessage-Request to a client
 * that knows it, else a NewMessage of the service contact with numbered options. The words that answer the user come first,
 * then what blocks, then the rest in its order.
 */

import { pagesOf } from '../conversation/question-text.ts';
import { serviceContactFor, withContent } from '../conversation/text-messages.ts';
import { wordsFor } from '../conversation/words.ts';
import { type Element, element } from '../csp/element.ts';
import { type SystemMessage, systemMessageList } from '../csp/system-message.ts';
import { appliesTo } from '../policy/decide.ts';
import {
  isAcknowledged,
  nextDueAt,
  notHanded,
  pageDue,
  pageOfTransaction,
  withAcknowledged,
  withSent,
} from '../system-message/handing.ts';
import { newId, transactionIdOf, wireId } from '../system-message/ids.ts';
import { languageOf, ownLanguageFor, shownTo, wantsAnswer } from '../system-message/question.ts';
import type { Addressee, OutgoingMessage } from '../system-message-ports.ts';
import type { DeskParts } from './parts.ts';
import type { Queues } from './queues.ts';
import { isShown, NOTE_RESEND, type Note, type OpenMessage, type SessionState, type UserQueue } from './user-queue.ts';

type Next =
  | { readonly kind: 'note'; readonly note: Note }
  | { readonly kind: 'message'; readonly message: OpenMessage };

const FIRST_NUMBER_BYTES = 4;

export class HandingOver {
  readonly #parts: DeskParts;
  readonly #queues: Queues;
  /** Of the next TransactionID; a random start keeps processes, and the times before and after a restart, apart. */
  #number: number;

  constructor(parts: DeskParts, queues: Queues) {
    this.#parts = parts;
    this.#queues = queues;
    this.#number = Buffer.from(parts.secrets.randomBytes(FIRST_NUMBER_BYTES)).readUInt32BE();
  }

  #queueOf({ userKey, sessionKey, openedAt }: Addressee): UserQueue | undefined {
    const queue = this.#queues.of(userKey);
    queue?.recollect(sessionKey, openedAt);
    return queue;
  }

  isWaiting(addressee: Addressee): boolean {
    const queue = this.#queueOf(addressee);
    return queue !== undefined && this.#next(queue, addressee) !== undefined;
  }

  /** The message that has to be answered before anything else is served, as the user reads it [X44]. */
  blocking(addressee: Addressee): SystemMessage | undefined {
    const queue = this.#queueOf(addressee);
    if (queue === undefined) return undefined;
    const message = [...queue.messages.values()].find((one) => one.policy.block && this.#concerns(one, addressee));
    return message && shownTo(addressee, message.policy, message.record.id, message.about).message;
  }

  async take(addressee: Addressee): Promise<OutgoingMessage | undefined> {
    const queue = this.#queueOf(addressee);
    const next = queue && this.#next(queue, addressee);
    if (queue === undefined || next === undefined) return undefined;
    return next.kind === 'note'
      ? this.#sendNote(queue, addressee, next.note)
      : this.#sendMessage(queue, addressee, next.message);
  }

  /** Whether this session is spoken to by text messages. */
  isConversation(addressee: Addressee): boolean {
    const state = this.#queueOf(addressee)?.sessions.get(addressee.sessionKey);
    return !addressee.knowsSystemMessages || state?.isConversational === true;
  }

  #next(queue: UserQueue, addressee: Addressee): Next | undefined {
    const now = this.#parts.clock.monotonic();
    const state = queue.sessions.get(addressee.sessionKey);
    const note = state?.notes.find(({ id }) => isNoteDue(state, id, now));
    if (note !== undefined) return { kind: 'note', note };
    const due = [...queue.messages.values()].filter(
      (message) => this.#concerns(message, addressee) && queue.isDue(message, addressee.sessionKey, now),
    );
    const held = this.isConversation(addressee) && state !== undefined ? unansweredIn(queue, state) : undefined;
    // Two questions at once, and nobody could tell which of them a number answers.
    const message = due
      .toSorted((a, b) => Number(b.policy.block) - Number(a.policy.block))
      .find((one) => held === undefined || one.record.id === held.record.id || !canBeAnswered(one));
    return message && { kind: 'message', message };
  }

  #concerns({ record, policy }: OpenMessage, { facts }: Addressee): boolean {
    const now = this.#parts.clock.wall();
    if (this.#queues.ending(record.id) !== undefined) return false;
    return now < record.expiresAt && record.vasp === facts.vasp && appliesTo(policy.applies, facts, now);
  }

  #sendNote(queue: UserQueue, addressee: Addressee, { id, text }: Note): OutgoingMessage {
    const now = this.#parts.clock.monotonic();
    const transactionId = this.#transactionId(id);
    const state = queue.session(addressee.sessionKey);
    const handed = withSent(state.handed.get(id) ?? notHanded(1), 0, transactionId, now);
    state.handed.set(id, handed);
    this.#queues.lookAt(addressee.userKey, now + NOTE_RESEND.everyMillis);
    const primitive = this.isConversation(addressee)
      ? this.#newMessage(addressee, wireId(id), text, this.#parts.clock.wall())
      : systemMessageRequest({ id: wireId(id), requiresResponse: false, text, options: [] });
    return { transactionId, primitive };
  }

  async #sendMessage(queue: UserQueue, addressee: Addressee, message: OpenMessage): Promise<OutgoingMessage> {
    const { clock, metrics } = this.#parts;
    const { record, policy } = message;
    const now = clock.monotonic();
    const texts = this.#textsOf(message, addressee);
    const state = queue.session(addressee.sessionKey);
    const before = state.handed.get(record.id) ?? notHanded(texts?.length ?? 1);
    const page = pageDue(before, policy.resend, now) ?? 0;
    const transactionId = this.#transactionId(record.id);
    const handed = withSent(before, page, transactionId, now);
    state.handed.set(record.id, handed);
    const again = nextDueAt(handed, policy.resend);
    if (again !== undefined) this.#queues.lookAt(addressee.userKey, again);
    metrics.systemMessage(policy.id, (handed[page]?.sends ?? 0) > 1 ? 'resent' : 'sent');
    // Whatever is lost of this is sent again, which is what happens to a message of which nobody knows.
    await this.#queues.change(message, { sentAt: record.sentAt ?? clock.wall(), tries: record.tries + 1 }, false);
    const primitive =
      texts === undefined
        ? systemMessageRequest(shownTo(addressee, policy, record.id, message.about).message)
        : this.#newMessage(addressee, wireId(record.id, page), texts[page] ?? '', record.createdAt);
    return { transactionId, primitive };
  }

  /** The message as text messages; undefined in a session that is sent System Messages. */
  #textsOf({ record, policy, about }: OpenMessage, addressee: Addressee): readonly string[] | undefined {
    if (!this.isConversation(addressee)) return undefined;
    const { message, language } = shownTo(addressee, policy, record.id, about);
    return pagesOf('question', message, wordsFor(language));
  }

  #newMessage({ facts }: Addressee, messageId: string, text: string, at: number): Element {
    const from = serviceContactFor(this.#parts.serviceContact, facts.userId);
    return withContent('NewMessage', { messageId, from, to: facts.userId, text, at });
  }

  #transactionId(id: string): string {
    this.#number += 1;
    return transactionIdOf(id, this.#number);
  }

  /**
   * The client has a message, or words; durable when resolved. What is not known is no harm: it may be of before a restart.
   * @param transactionId under which it was acknowledged; undefined: by its MessageID alone
   */
  async acknowledged(
    addressee: Addressee,
    id: string,
    { transactionId, page }: { readonly transactionId?: string; readonly page?: number },
  ): Promise<void> {
    const { userKey, sessionKey } = addressee;
    const queue = this.#queueOf(addressee);
    if (queue?.sessions.get(sessionKey)?.dropNote(id) === true) return this.#queues.settled([userKey]);
    // An end that is on its way into the store is not to be overtaken by a change of what was before.
    await this.#queues.ending(id);
    const message = queue?.messages.get(id);
    if (queue === undefined || message === undefined) return this.#queues.deliveredLate(id, userKey);
    const state = queue.session(sessionKey);
    const before = state.handed.get(id) ?? notHanded(this.#textsOf(message, addressee)?.length ?? 1);
    const which = page ?? (transactionId === undefined ? undefined : pageOfTransaction(before, transactionId));
    const handed = withAcknowledged(before, which);
    if (isAcknowledged(handed) && message.record.deliveredAt === undefined) await this.#queues.delivered(message);
    state.handed.set(id, handed);
    await this.#queues.settled([userKey]);
  }

  /** The client does not know System Messages, whatever its version says: it is spoken to by text messages now. */
  notUnderstood(addressee: Addressee, id: string): void {
    const { userKey, sessionKey } = addressee;
    const queue = this.#queueOf(addressee);
    const state = queue?.sessions.get(sessionKey);
    if (queue === undefined || state === undefined || state.isConversational) return;
    state.isConversational = true;
    state.handed.delete(id);
    queue.forgetDelivery(id);
    const policy = queue.messages.get(id)?.policy.id;
    if (policy !== undefined) this.#parts.metrics.systemMessage(policy, 'not-understood');
    this.#parts.events.ring(userKey);
  }

  /** Words to the user in this session. */
  tell({ userKey, sessionKey }: Addressee, text: string): void {
    const id = newId((count) => this.#parts.secrets.randomBytes(count));
    this.#queues.ofOrNew(userKey).session(sessionKey).tell({ id, text });
    this.#parts.events.ring(userKey);
  }

  /** The language in which the user was last spoken to, or is to be. */
  languageFor(addressee: Addressee): string {
    const last = this.questionsIn(addressee)[0];
    return last === undefined ? ownLanguageFor(addressee) : languageOf(last.policy, addressee);
  }

  /** The questions that were shown in this session and can still be answered, the latest first. */
  questionsIn(addressee: Addressee): readonly OpenMessage[] {
    const queue = this.#queueOf(addressee);
    const state = queue?.sessions.get(addressee.sessionKey);
    if (queue === undefined || state === undefined) return [];
    const lastAt = ({ record }: OpenMessage): number =>
      Math.max(...(state.handed.get(record.id) ?? []).map(({ at }) => at));
    return [...queue.messages.values()]
      .filter((message) => isShown(state.handed.get(message.record.id)) && canBeAnswered(message))
      .toSorted((a, b) => lastAt(b) - lastAt(a) || b.record.sequence - a.record.sequence);
  }
}

function systemMessageRequest(message: SystemMessage): Element {
  return element('SystemMessage-Request', [systemMessageList([message])]);
}

function isNoteDue(state: SessionState, id: string, now: number): boolean {
  return pageDue(state.handed.get(id) ?? notHanded(1), NOTE_RESEND, now) !== undefined;
}

function canBeAnswered({ policy }: OpenMessage): boolean {
  return wantsAnswer(policy) || policy.options.length > 0;
}

/** The question in this session that has to be answered before the next one is put. */
function unansweredIn(queue: UserQueue, state: SessionState): OpenMessage | undefined {
  return [...queue.messages.values()].find(
    ({ record, policy }) => wantsAnswer(policy) && isShown(state.handed.get(record.id)),
  );
}
