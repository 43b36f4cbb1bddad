/**
 * Which messages follow from what happens in sessions [policy-files §3]. Happenings say what a client did with success, or
 * what it was refused; here stands what policies wait for, and who is told.
 */
import { LRUCache } from 'lru-cache';
import { appliesTo, appliesToUser } from '../policy/decide.ts';
import type { OnLinePolicy } from '../policy/model.ts';
import { isMet, matchesStatus } from '../policy/occasions.ts';
import { inDomainOf } from '../policy/user-id.ts';
import { inProportion } from '../shares.ts';
import type { Addressee, Happening } from '../system-message-ports.ts';
import type { DeskParts, EnqueueRequest } from './parts.ts';
import type { Queues } from './queues.ts';

/** Users of one request who are told that they were added: no phone has longer lists. */
const MOST_ADDED = 100;
/** Sessions whose errors are remembered. */
const MOST_SESSIONS_WITH_ERRORS = 50_000;

export class Triggers {
  readonly #parts: DeskParts;
  readonly #queues: Queues;
  /** Monotonic times of errors, by session and policy. */
  readonly #errors: LRUCache<string, readonly number[]>;

  constructor(parts: DeskParts, queues: Queues) {
    this.#parts = parts;
    this.#queues = queues;
    this.#errors = new LRUCache({ max: inProportion(MOST_SESSIONS_WITH_ERRORS, parts.portion) });
  }

  async happened(happening: Happening): Promise<void> {
    const requests = await this.#requests(happening);
    if (requests.length > 0) await this.#queues.enqueue(requests);
  }

  async #requests(happening: Happening): Promise<readonly EnqueueRequest[]> {
    const { addressee } = happening;
    switch (happening.kind) {
      case 'login':
        return this.#atLogin(addressee);
      case 'added-to-contact-list':
        return this.#added(addressee, happening.users);
      case 'presence-exposed':
        return this.#forUser(addressee, ({ trigger }) => {
          return isMet(trigger, { on: happening.kind, attributes: happening.attributes });
        });
      case 'presence-authorization-changed':
        return this.#forUser(addressee, ({ trigger }) => trigger.on === happening.kind, happening.otherUser);
      case 'error':
        return this.#forUser(addressee, (policy) => this.#isTooMany(addressee, policy, happening.status));
    }
  }

  /** What a policy has for the user whose session it happened in. */
  #forUser(
    addressee: Addressee,
    isMeant: (policy: OnLinePolicy) => boolean,
    about?: string,
  ): readonly EnqueueRequest[] {
    const { facts, userKey } = addressee;
    const now = this.#parts.clock.wall();
    return this.#parts.policies
      .current()
      .onLine.filter((policy) => isMeant(policy) && appliesTo(policy.applies, facts, now))
      .map((policy) => ({ policy, userKey, vasp: facts.vasp, about }));
  }

  async #atLogin(addressee: Addressee): Promise<readonly EnqueueRequest[]> {
    const requests = this.#forUser(addressee, ({ trigger: { on } }) => on === 'login' || on === 'first-login');
    if (!requests.some(({ policy }) => policy.trigger.on === 'first-login')) return requests;
    const { seen } = await this.#parts.store.settings(addressee.userKey);
    return requests.filter(({ policy }) => policy.trigger.on === 'login' || seen.get(policy.id) !== policy.version);
  }

  async #added(addressee: Addressee, users: readonly string[]): Promise<readonly EnqueueRequest[]> {
    const { policies, clock, userKey: keyOf, log } = this.#parts;
    const { facts, userKey } = addressee;
    const { vasp, userId } = facts;
    const now = clock.wall();
    const concerned = policies.current().onLine.filter(({ trigger }) => trigger.on === 'added-to-contact-list');
    if (userId === '') {
      // The session was opened before there were on-line policies: nobody could be told who it was.
      log.info('a contact was added by a session without a name', { vasp, user: userKey });
      return [];
    }
    const requests: EnqueueRequest[] = [];
    const told = await this.#toldAbout(userKey);
    for (const written of new Set(users.slice(0, MOST_ADDED))) {
      const added = inDomainOf(userId, written);
      const addedKey = keyOf(vasp, added);
      // Nobody is told of an addition to the own list, or of one that answers an addition by that user.
      if (addedKey === userKey || (await this.#hasAdded(told, addedKey))) continue;
      for (const policy of concerned) {
        if (!appliesToUser(policy.applies, { userId: added, vasp }, now)) continue;
        requests.push({ policy, userKey: addedKey, vasp, about: userId });
      }
    }
    return requests;
  }

  /** Messages by which a user was told about another one. */
  async #toldAbout(userKey: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const told = new Map<string, readonly string[]>();
    for (const { id, aboutKey, definition } of await this.#parts.store.of(userKey)) {
      if (aboutKey === undefined) continue;
      const policy = await this.#queues.definitions.find(definition);
      if (policy?.trigger.on === 'added-to-contact-list') told.set(aboutKey, [...(told.get(aboutKey) ?? []), id]);
    }
    return told;
  }

  /** Whether the user was told of having been added by the other one; the question is settled then, if it was open. */
  async #hasAdded(told: ReadonlyMap<string, readonly string[]>, otherKey: string): Promise<boolean> {
    const ids = told.get(otherKey) ?? [];
    for (const id of ids) {
      const message = this.#queues.find(id);
      if (message === undefined || this.#queues.busy.has(id)) continue;
      await this.#queues.finish(message, 'withdrawn');
      await this.#queues.settled([message.record.userKey]);
    }
    return ids.length > 0;
  }

  #isTooMany({ sessionKey }: Addressee, { id, trigger }: OnLinePolicy, status: number): boolean {
    if (trigger.on !== 'repeated-errors' || !matchesStatus(trigger.statuses, status)) return false;
    const key = `${sessionKey} ${id}`;
    const now = this.#parts.clock.monotonic();
    const times = [...(this.#errors.get(key) ?? []), now].filter((at) => now - at < trigger.withinMillis);
    const isTooMany = times.length >= trigger.count;
    if (isTooMany) this.#errors.delete(key);
    else this.#errors.set(key, times);
    return isTooMany;
  }
}
