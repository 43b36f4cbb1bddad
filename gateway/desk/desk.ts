/**
 * The desk: what the gateway says to users in their sessions, and what it hears from them [X40 to X46]. One a machine; the
 * chain asks it through {@link SystemMessages}, the admin listener and the self-care page by the rest. What it promises
 * about a message is in the store; how far it has come in which session is in memory, and begins anew after a restart.
 */

import { childText, type Element } from '../csp/element.ts';
import { resultCode, STATUS } from '../csp/status.ts';
import { type SystemMessageAnswer, systemMessageAnswers } from '../csp/system-message.ts';
import { messageOfTransaction, readWireId } from '../system-message/ids.ts';
import type {
  Addressee,
  FailedEffect,
  Happening,
  Interests,
  Judged,
  OutgoingMessage,
  Standing,
  SystemMessages,
} from '../system-message-ports.ts';
import { Answers } from './answers.ts';
import { HandingOver } from './handing-over.ts';
import { interestsInForce } from './interests.ts';
import { Outcomes } from './outcomes.ts';
import type { DeskParts, EnqueueOutcome, EnqueueRequest } from './parts.ts';
import { Preferences } from './preferences.ts';
import { Queues } from './queues.ts';
import { DeskSelfCare, type SelfCare } from './self-care.ts';
import { ServiceContact } from './service-contact.ts';
import { Triggers } from './triggers.ts';
import { Webhooks } from './webhooks.ts';

export class Desk implements SystemMessages {
  readonly preferences: Preferences;
  readonly selfCare: SelfCare;
  readonly #queues: Queues;
  readonly #handing: HandingOver;
  readonly #answers: Answers;
  readonly #contact: ServiceContact;
  readonly #triggers: Triggers;
  readonly #webhooks: Webhooks;
  readonly #interests: () => Interests;

  private constructor(parts: DeskParts, queues: Queues) {
    this.#queues = queues;
    this.#handing = new HandingOver(parts, queues);
    this.preferences = new Preferences(parts, queues);
    this.selfCare = new DeskSelfCare(this.preferences, queues);
    this.#webhooks = new Webhooks(parts);
    const outcomes = new Outcomes(parts, queues, this.#handing, this.preferences, this.#webhooks);
    this.#answers = new Answers(parts, queues, this.#handing, outcomes);
    this.#contact = new ServiceContact(parts, this.#handing, this.#answers, this.preferences);
    this.#triggers = new Triggers(parts, queues);
    this.#interests = interestsInForce(parts.policies, () => queues.size > 0);
  }

  /** Reads what the store has; rejects when it cannot be read. */
  static async open(parts: DeskParts): Promise<Desk> {
    const desk = new Desk(parts, await Queues.open(parts));
    await desk.#webhooks.load();
    return desk;
  }

  concerns(userKey: string): boolean {
    return this.#queues.concerns(userKey);
  }

  /** Whether anything is open. */
  get hasMessages(): boolean {
    return this.#queues.size > 0;
  }

  interests(): Interests {
    return this.#interests();
  }

  async standing(addressee: Addressee): Promise<Standing> {
    const { userKey, sessionKey, openedAt } = addressee;
    return {
      isEmpty: !this.#queues.concerns(userKey),
      isWaiting: this.#handing.isWaiting(addressee),
      blocking: this.#handing.blocking(addressee),
      timedOut: this.#queues.of(userKey)?.timedOut(sessionKey, openedAt) ?? [],
    };
  }

  take(addressee: Addressee): Promise<OutgoingMessage | undefined> {
    return this.#handing.take(addressee);
  }

  async answered(addressee: Addressee, transactionId: string, answer: Element): Promise<Judged | undefined> {
    const id = messageOfTransaction(transactionId);
    if (id === undefined) return undefined;
    const code = answer.name === 'Status' ? resultCode(answer) : undefined;
    if (code !== undefined && code >= STATUS.BAD_REQUEST && !this.#handing.isConversation(addressee)) {
      this.#handing.notUnderstood(addressee, id);
      return undefined;
    }
    const named = readWireId(childText(answer, 'MessageID') ?? '');
    const page = named?.id === id ? { page: named.page } : {};
    await this.#handing.acknowledged(addressee, id, { transactionId, ...page });
    return answer.name === 'SystemMessage-User'
      ? this.chosen(addressee, systemMessageAnswers(answer) ?? [])
      : undefined;
  }

  async delivered(addressee: Addressee, messageId: string): Promise<void> {
    const named = readWireId(messageId);
    if (named !== undefined) await this.#handing.acknowledged(addressee, named.id, { page: named.page });
  }

  async chosen(addressee: Addressee, answers: readonly SystemMessageAnswer[]): Promise<Judged> {
    return this.#answers.take(addressee, answers, 'system-message');
  }

  wrote(addressee: Addressee, text: string): Promise<Judged> {
    return this.#contact.wrote(addressee, text).finally(() => this.#queues.settled([addressee.userKey]));
  }

  done(addressee: Addressee, claim: string, failed: readonly FailedEffect[]): Promise<void> {
    return this.#answers.done(addressee, claim, failed);
  }

  happened(happening: Happening): Promise<void> {
    return this.#triggers.happened(happening);
  }

  async ended(sessionKey: string, userKey: string): Promise<void> {
    this.#queues.of(userKey)?.sessions.delete(sessionKey);
    await this.#queues.settled([userKey]);
  }

  /** Durable when resolved; outcomes in the order of the requests. */
  enqueue(requests: readonly EnqueueRequest[]): Promise<readonly EnqueueOutcome[]> {
    return this.#queues.enqueue(requests);
  }

  /** Takes back what nobody has answered yet of a broadcast; resolves with how many there were. */
  withdraw(broadcast: string): Promise<number> {
    return this.#queues.withdraw(({ record }) => record.broadcast === broadcast);
  }

  /** Takes back everything that is open for a user whose data is erased; the store is the caller's matter. */
  forget(userKey: string): Promise<number> {
    return this.#queues.withdraw(({ record }) => record.userKey === userKey);
  }

  /** To be called about once a second. */
  async sweep(): Promise<void> {
    this.#answers.sweep();
    await this.#queues.sweep();
    await this.#webhooks.sweep();
  }
}
