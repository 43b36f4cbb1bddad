/**
 * How messages come into being: once each, within the limits, help messages only to those who want them. A message is in
 * the store before anybody can be handed it.
 */
import type { OnLinePolicy } from '../policy/model.ts';
import { newId } from '../system-message/ids.ts';
import type { MessageRecord } from '../system-message-ports.ts';
import { type DeskParts, type EnqueueOutcome, type EnqueueRequest, INBOX_MILLIS } from './parts.ts';
import { type Queues, SEALED } from './queues.ts';
import { isAtRest, type OpenMessage } from './user-queue.ts';

/** A request with what stands in the record for it. */
interface Wanted {
  readonly request: EnqueueRequest;
  readonly id: string;
  readonly aboutKey: string | undefined;
  /** Two of the same are one message. */
  readonly sameness: string;
}

export class Enqueuing {
  readonly #parts: DeskParts;
  readonly #queues: Queues;
  /** What is on its way into the store. */
  readonly #underWay = new Set<string>();

  constructor(parts: DeskParts, queues: Queues) {
    this.#parts = parts;
    this.#queues = queues;
  }

  async enqueue(requests: readonly EnqueueRequest[]): Promise<readonly EnqueueOutcome[]> {
    const outcomes: EnqueueOutcome[] = [];
    const records: MessageRecord[] = [];
    const messages: OpenMessage[] = [];
    const reserved: string[] = [];
    const replaced: OpenMessage[] = [];
    try {
      for (const request of requests) {
        const wanted = this.#wanted(request);
        const outcome = await this.#outcome(wanted, messages);
        outcomes.push(outcome);
        if (outcome === 'known') continue;
        this.#parts.metrics.systemMessage(request.policy.id, outcome);
        if (outcome === 'full') continue;
        this.#underWay.add(wanted.sameness);
        reserved.push(wanted.sameness);
        replaced.push(...this.#older(wanted));
        const record = await this.#record(wanted, outcome);
        records.push(record);
        if (outcome === 'queued') messages.push({ record, policy: request.policy, about: request.about });
      }
      if (records.length > 0) await this.#parts.store.put(records);
      for (const message of messages) this.#queues.take(message);
      for (const message of replaced) {
        await this.#queues.finish(message, isAtRest(message) ? 'delivered' : 'withdrawn');
      }
    } finally {
      for (const sameness of reserved) this.#underWay.delete(sameness);
    }
    await this.#tell(records, messages);
    return outcomes;
  }

  async #tell(records: readonly MessageRecord[], messages: readonly OpenMessage[]): Promise<void> {
    const { metrics, events } = this.#parts;
    metrics.systemMessagesOpen(this.#queues.size);
    for (const record of records) events.changed(record, undefined);
    const users = new Set(messages.map(({ record }) => record.userKey));
    await this.#queues.settled(users);
    for (const userKey of users) events.ring(userKey);
  }

  #wanted(request: EnqueueRequest): Wanted {
    const { secrets, userKey } = this.#parts;
    const { policy, vasp, about, broadcast } = request;
    const id = request.id ?? newId((count) => secrets.randomBytes(count));
    const aboutKey = about === undefined ? undefined : userKey(vasp, about);
    const sameness = `${request.userKey} ${policy.id} ${aboutKey ?? ''} ${broadcast ?? ''}`;
    return { request, id, aboutKey, sameness };
  }

  /** @param coming messages that are to be queued together with this one */
  async #outcome({ request, id, aboutKey, sameness }: Wanted, coming: readonly OpenMessage[]): Promise<EnqueueOutcome> {
    const { store, limits } = this.#parts;
    const { policy, userKey } = request;
    if (this.#underWay.has(sameness)) return 'known';
    if (request.id !== undefined && (await store.get(id)) !== undefined) return 'known';
    const open = [...(this.#queues.of(userKey)?.messages.values() ?? [])];
    if (open.some((message) => isSame(message, request, aboutKey) && stillStands(message, policy))) return 'known';
    if (policy.category === 'help' && (await store.settings(userKey)).help === 'off') {
      const kept = (await store.of(userKey)).filter(({ state }) => state === 'inbox');
      return kept.length >= limits.openPerUser ? 'full' : 'inbox';
    }
    if (this.#underWay.has(sameness)) return 'known';
    const ofUser = open.length + coming.filter(({ record }) => record.userKey === userKey).length;
    const isFull = ofUser >= limits.openPerUser || this.#queues.size + coming.length >= limits.open;
    return isFull ? 'full' : 'queued';
  }

  /** Open messages of the policy about the same: the new one takes their place. */
  #older({ request, aboutKey }: Wanted): readonly OpenMessage[] {
    const open = [...(this.#queues.of(request.userKey)?.messages.values() ?? [])];
    return open.filter((message) => isSame(message, request, aboutKey) && !this.#queues.busy.has(message.record.id));
  }

  async #record({ request, id, aboutKey }: Wanted, outcome: 'queued' | 'inbox'): Promise<MessageRecord> {
    const { clock, secrets } = this.#parts;
    const { policy, userKey, vasp, about, broadcast } = request;
    const now = clock.wall();
    const isKept = outcome === 'inbox';
    return {
      id,
      userKey,
      vasp,
      policy: policy.id,
      version: policy.version,
      definition: await this.#queues.definitions.keep(policy),
      sequence: this.#queues.nextSequence(),
      aboutKey,
      about: about === undefined ? undefined : secrets.seal(SEALED, about),
      broadcast,
      state: isKept ? 'inbox' : 'open',
      createdAt: now,
      expiresAt: now + (isKept ? Math.max(INBOX_MILLIS, policy.expiresMillis) : policy.expiresMillis),
      sentAt: undefined,
      tries: 0,
      deliveredAt: undefined,
      answeredAt: undefined,
      option: undefined,
      way: undefined,
      endedAt: undefined,
    };
  }
}

function isSame({ record }: OpenMessage, { policy, broadcast }: EnqueueRequest, aboutKey: string | undefined): boolean {
  return record.policy === policy.id && record.aboutKey === aboutKey && record.broadcast === broadcast;
}

/**
 * Whether an open message says all that a new one would. One that was read and wants no answer has had its occasion; but who was
 * asked about somebody need not be asked again while the question can be answered.
 */
function stillStands(message: OpenMessage, policy: OnLinePolicy): boolean {
  if (message.policy.definition !== policy.definition) return false;
  return !isAtRest(message) || message.record.aboutKey !== undefined;
}
