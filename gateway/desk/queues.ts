/**
 * The queues of all users with open messages, and their way into the store and out of it. A message is in the store before
 * it is in a queue, and what a user acknowledged or answered is in the store before the client hears of it [X40].
 */

import type { OnLinePolicy } from '../policy/model.ts';
import { slicesOf } from '../slices.ts';
import { timeoutEffect } from '../system-message/choice.ts';
import { isDoneWhenDelivered, wantsAnswer } from '../system-message/question.ts';
import type { MessageRecord, MessageState } from '../system-message-ports.ts';
import { Agenda } from './agenda.ts';
import { Definitions } from './definitions.ts';
import { Enqueuing } from './enqueuing.ts';
import type { DeskParts, EnqueueOutcome, EnqueueRequest } from './parts.ts';
import { type OpenMessage, UserQueue } from './user-queue.ts';

/** Records that are read at once at the start. */
const SLICE = 1_000;
/** How long sessions that were open when a time-out passed are held to it: longer than silent ones live. */
const RULING_MILLIS = 86_400_000;
/** A message that is just being answered is looked at again then. */
const BUSY_MILLIS = 5_000;
/** What `seal` is told that this is for. */
export const SEALED = 'message';

export class Queues {
  readonly definitions: Definitions;
  /** Messages whose answer is being carried out. */
  readonly busy = new Set<string>();
  /** Messages whose end is on its way into the store. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #parts: DeskParts;
  readonly #users = new Map<string, UserQueue>();
  /** Users by the ids of their open messages. */
  readonly #owners = new Map<string, string>();
  /** Whom others know to concern the desk. */
  readonly #told = new Set<string>();
  /** Ids of messages by wall clock, keys of users by the monotonic one. */
  readonly #expiries = new Agenda();
  readonly #rings = new Agenda();
  readonly #enqueuing: Enqueuing;
  #sequence = 0;

  private constructor(parts: DeskParts) {
    this.#parts = parts;
    this.definitions = new Definitions(parts.notes, parts.secrets);
    this.#enqueuing = new Enqueuing(parts, this);
  }

  /** Reads what the store has; rejects when it cannot be read. */
  static async open(parts: DeskParts): Promise<Queues> {
    const queues = new Queues(parts);
    await queues.#load();
    return queues;
  }

  /** How many messages are open. */
  get size(): number {
    return this.#owners.size;
  }

  concerns(userKey: string): boolean {
    return this.#users.get(userKey)?.concerns === true;
  }

  of(userKey: string): UserQueue | undefined {
    return this.#users.get(userKey);
  }

  ofOrNew(userKey: string): UserQueue {
    const known = this.#users.get(userKey);
    if (known !== undefined) return known;
    const queue = new UserQueue();
    this.#users.set(userKey, queue);
    return queue;
  }

  find(id: string): OpenMessage | undefined {
    return this.#users.get(this.#owners.get(id) ?? '')?.messages.get(id);
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Durable when resolved; outcomes in the order of the requests. */
  enqueue(requests: readonly EnqueueRequest[]): Promise<readonly EnqueueOutcome[]> {
    return this.#enqueuing.enqueue(requests);
  }

  /** Takes a message that is in the store into its user's queue. */
  take(message: OpenMessage): void {
    this.ofOrNew(message.record.userKey).put(message);
    this.#own(message);
  }

  #own({ record }: OpenMessage): void {
    this.#owners.set(record.id, record.userKey);
    this.#expiries.add(record.id, record.expiresAt);
  }

  /** Changes an open message; `isDurable`: resolved when the store has it. */
  async change(message: OpenMessage, changes: Partial<MessageRecord>, isDurable: boolean): Promise<OpenMessage> {
    const changed = { ...message, record: { ...message.record, ...changes } };
    this.of(message.record.userKey)?.messages.set(message.record.id, changed);
    const written = this.#parts.store.put([changed.record]);
    if (isDurable) await written;
    else written.catch(() => this.#parts.log.error('a message cannot be stored', { policy: message.policy.id }));
    this.#parts.events.changed(changed.record, message.record);
    return changed;
  }

  /** Brings a message to its end, once; durable when resolved. Until then it is not handed over, changed or ended otherwise. */
  finish(
    message: OpenMessage,
    state: Exclude<MessageState, 'open'>,
    changes: Partial<MessageRecord> = {},
  ): Promise<void> {
    const { id } = message.record;
    const underWay = this.#ending.get(id);
    if (underWay !== undefined) return underWay;
    const ending = this.#end(this.find(id) ?? message, state, changes).finally(() => this.#ending.delete(id));
    this.#ending.set(id, ending);
    return ending;
  }

  /** Resolves when a message that is coming to its end has come to it; undefined when it is not. */
  ending(id: string): Promise<void> | undefined {
    return this.#ending.get(id);
  }

  async #end(
    message: OpenMessage,
    state: Exclude<MessageState, 'open'>,
    changes: Partial<MessageRecord>,
  ): Promise<void> {
    const { store, clock, events, metrics } = this.#parts;
    const { record, policy } = message;
    // What is in the inbox waits for its reader.
    const endedAt = state === 'inbox' ? undefined : clock.wall();
    const ended = { ...record, ...changes, state, endedAt };
    if (policy.trigger.on === 'first-login' && hasDoneItsWork(policy, state, ended.option)) {
      const settings = await store.settings(record.userKey);
      await store.set(record.userKey, { ...settings, seen: new Map([...settings.seen, [policy.id, policy.version]]) });
    }
    await store.put([ended]);
    this.#owners.delete(record.id);
    this.of(record.userKey)?.remove(record.id);
    if (state !== 'delivered' && state !== 'read') metrics.systemMessage(policy.id, state);
    metrics.systemMessagesOpen(this.size);
    events.changed(ended, record);
  }

  /** Takes open messages back; resolves with how many. */
  async withdraw(isMeant: (message: OpenMessage) => boolean): Promise<number> {
    const meant = [...this.#owners.keys()].flatMap((id) => this.find(id) ?? []).filter(isMeant);
    const free = meant.filter(({ record }) => !this.busy.has(record.id));
    for (const message of free) {
      await this.finish(message, 'withdrawn');
    }
    await this.settled(free.map(({ record }) => record.userKey));
    return free.length;
  }

  /** The client has the message; durable when resolved. */
  async delivered(message: OpenMessage): Promise<void> {
    const { clock, metrics } = this.#parts;
    metrics.systemMessage(message.policy.id, 'delivered');
    const deliveredAt = clock.wall();
    // Whoever has it was sent it, whatever a crash has kept from being written.
    const proven = { deliveredAt, ...sentBefore(message.record, deliveredAt) };
    if (isDoneWhenDelivered(message.policy)) await this.finish(message, 'delivered', proven);
    else await this.change(message, proven, true);
  }

  /** The client has a message that has come to its end before it said so: that is proven all the same. Durable when resolved. */
  async deliveredLate(id: string, userKey: string): Promise<void> {
    const { store, clock, events, metrics } = this.#parts;
    const record = await store.get(id);
    if (record === undefined || record.userKey !== userKey || record.deliveredAt !== undefined) return;
    const deliveredAt = clock.wall();
    const proven = { ...record, deliveredAt, ...sentBefore(record, deliveredAt) };
    await store.put([proven]);
    metrics.systemMessage(record.policy, 'delivered');
    events.changed(proven, record);
  }

  /** To be called when anything about these users was changed: others are told what has become of it. */
  async settled(userKeys: Iterable<string>): Promise<void> {
    const changes: [string, boolean][] = [];
    for (const userKey of new Set(userKeys)) {
      const queue = this.#users.get(userKey);
      const concerns = queue?.concerns === true;
      if (queue?.isEmpty === true) this.#users.delete(userKey);
      if (concerns === this.#told.has(userKey)) continue;
      if (concerns) this.#told.add(userKey);
      else this.#told.delete(userKey);
      changes.push([userKey, concerns]);
    }
    if (changes.length > 0) await this.#parts.events.concern(changes);
  }

  /** The user's queue is looked at then, and the clients called if something is due again. In monotonic milliseconds. */
  lookAt(userKey: string, at: number): void {
    this.#rings.add(userKey, at);
  }

  /** Ends what nobody answered in time, and calls for what goes out again. To be called about once a second. */
  async sweep(): Promise<void> {
    const { clock, events } = this.#parts;
    const touched: string[] = [];
    for (const userKey of this.#rings.take(clock.monotonic())) {
      const queue = this.of(userKey);
      queue?.dropOldNotes(clock.monotonic());
      if (queue?.isDueAgain(clock.monotonic()) === true) events.ring(userKey);
      touched.push(userKey);
    }
    for (const id of this.#expiries.take(clock.wall())) {
      const message = this.find(id);
      if (message === undefined) {
        if (this.#users.has(id)) touched.push(this.#dropRulings(id));
      } else if (this.busy.has(id)) this.#expiries.add(id, clock.wall() + BUSY_MILLIS);
      else touched.push(await this.#expire(message));
    }
    await this.settled(touched);
  }

  async #expire(message: OpenMessage): Promise<string> {
    const { clock, log } = this.#parts;
    const { record, policy } = message;
    const isDelivered = record.deliveredAt !== undefined && !policy.requiresResponse && !policy.block;
    try {
      await this.finish(message, isDelivered ? 'delivered' : 'expired');
    } catch {
      log.error('a message cannot be stored', { policy: policy.id });
      this.#expiries.add(record.id, clock.wall() + BUSY_MILLIS);
      return record.userKey;
    }
    if (!isDelivered) this.#rule(message, clock.wall());
    return record.userKey;
  }

  /** What silence leads to holds for sessions that were open at `at`. */
  #rule({ record, policy }: Pick<OpenMessage, 'record' | 'policy'>, at: number): void {
    const effect = timeoutEffect(policy);
    if (effect === undefined) return;
    const queue = this.ofOrNew(record.userKey);
    queue.rulings = [...queue.rulings, { at, effect }];
    // Under the user's key, which is no message's id.
    this.#expiries.add(record.userKey, at + RULING_MILLIS);
    this.#parts.events.ring(record.userKey);
  }

  #dropRulings(userKey: string): string {
    const queue = this.of(userKey);
    const oldest = this.#parts.clock.wall() - RULING_MILLIS;
    if (queue !== undefined) queue.rulings = queue.rulings.filter(({ at }) => at > oldest);
    return userKey;
  }

  async #load(): Promise<void> {
    const { store, clock, log, metrics } = this.#parts;
    const now = clock.wall();
    for await (const records of slicesOf(store, SLICE, ({ id }) => id)) {
      for (const record of records) {
        this.#sequence = Math.max(this.#sequence, record.sequence);
        const rules = record.state === 'expired' && (record.endedAt ?? 0) > now - RULING_MILLIS;
        if (record.state !== 'open' && !rules) continue;
        const policy = await this.definitions.find(record.definition);
        if (policy === undefined) {
          log.error('a message has lost its policy', { policy: record.policy });
          await store.put([{ ...record, state: 'withdrawn', endedAt: now }]);
        } else if (rules) this.#rule({ record, policy }, record.endedAt ?? now);
        else {
          const message = { record, policy, about: this.about(record) };
          this.ofOrNew(record.userKey).recall(message);
          this.#own(message);
        }
      }
    }
    metrics.systemMessagesOpen(this.size);
    await this.settled(this.#users.keys());
  }

  /** The other user that a message is about; undefined when nobody is, or the key that sealed the name is gone. */
  about({ about }: MessageRecord): string | undefined {
    return about === undefined ? undefined : this.#parts.secrets.unseal(SEALED, about);
  }
}

/**
 * Whether a message for the first login need not be said at the next one. Where acceptance is asked for, nothing but that will
 * do; else an answer, or where none is wanted, that the client has it.
 */
function hasDoneItsWork(policy: OnLinePolicy, state: MessageState, chosen: string | undefined): boolean {
  if (state === 'delivered') return !wantsAnswer(policy);
  if (state !== 'answered') return false;
  const accepting = policy.options.filter(({ effects }) => effects.some(({ kind }) => kind === 'accept'));
  return accepting.length === 0 || accepting.some(({ id }) => id === chosen);
}

/** That a message was sent, of one of which this was not written. */
export function sentBefore({ sentAt, tries }: MessageRecord, at: number): Pick<MessageRecord, 'sentAt' | 'tries'> {
  return { sentAt: sentAt ?? at, tries: Math.max(1, tries) };
}
