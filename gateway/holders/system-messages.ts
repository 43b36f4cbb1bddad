/**
 * The desks of a gateway of several nodes as one: what concerns a user goes to the node that holds the user's share. For whom a
 * desk has something each node remembers for itself: it is told before whoever caused it goes on, and of whom it knows nothing
 * it asks once.
 */

import type { Desk } from '../desk/desk.ts';
import { interestsInForce } from '../desk/interests.ts';
import type { EnqueueOutcome, EnqueueRequest } from '../desk/parts.ts';
import type { SelfCare } from '../desk/self-care.ts';
import { GatewayError } from '../errors.ts';
import { KnownUsers } from '../known-users.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import { readOnLinePolicy } from '../policy/on-line.ts';
import { ALL_SHARES, byShareOf, shareOf } from '../shares.ts';
import type { Interests, Standing, SystemMessages } from '../system-message-ports.ts';
import type { Concerns, SystemMessageService } from '../workers/system-messages.ts';
import { AtHolder, type HolderParts } from './at-holder.ts';

/** A message to be made, as it crosses: the policy by its definition, because globs and conditions are functions. */
export type SentRequest = Omit<EnqueueRequest, 'policy'> & { readonly definition: string };

/** What every node does for users whose share it holds. */
export interface DeskService extends SystemMessageService, SelfCare {
  enqueue(requests: readonly SentRequest[]): Promise<readonly EnqueueOutcome[]>;
  withdraw(share: number, broadcast: string): Promise<number>;
  forget(userKey: string): Promise<number>;
}

/** @throws GatewayError `NOT_HELD` */
export type DeskOf = (share: number) => Desk;

/**
 * The desks of this node, each asked for the users of its share.
 * @param counted resolves when whoever counts the messages of operators knows of those that were made here
 */
export function deskService(deskOf: DeskOf, counted: () => Promise<void>): DeskService {
  const of = (userKey: string): Desk => deskOf(shareOf(userKey));
  return {
    standing: async (addressee) => of(addressee.userKey).standing(addressee),
    take: async (addressee) => of(addressee.userKey).take(addressee),
    answered: async (addressee, id, answer) => of(addressee.userKey).answered(addressee, id, answer),
    delivered: async (addressee, id) => of(addressee.userKey).delivered(addressee, id),
    chosen: async (addressee, answers) => of(addressee.userKey).chosen(addressee, answers),
    wrote: async (addressee, text) => of(addressee.userKey).wrote(addressee, text),
    done: async (addressee, claim, failed) => of(addressee.userKey).done(addressee, claim, failed),
    happened: async (happening) => of(happening.addressee.userKey).happened(happening),
    ended: async (sessionKey, userKey) => of(userKey).ended(sessionKey, userKey),
    look: async (userKey, vasp) => of(userKey).selfCare.look(userKey, vasp),
    setHelp: async (userKey, help) => of(userKey).selfCare.setHelp(userKey, help),
    removeFromInbox: async (userKey, id) => of(userKey).selfCare.removeFromInbox(userKey, id),
    async enqueue(requests) {
      const [first] = requests;
      if (first === undefined) return [];
      const outcomes = await of(first.userKey).enqueue(requests.map(received));
      if (requests.some(({ broadcast }) => broadcast !== undefined)) await counted();
      return outcomes;
    },
    withdraw: async (share, broadcast) => deskOf(share).withdraw(broadcast),
    forget: async (userKey) => of(userKey).forget(userKey),
  };
}

function received({ definition, ...request }: SentRequest): EnqueueRequest {
  const policy = readOnLinePolicy(definition);
  if (policy === undefined) throw new GatewayError('OTHER_PROCESS_FAILED', 'another version of a policy');
  return { ...request, policy };
}

export class HeldDesks implements SystemMessages {
  readonly selfCare: SelfCare;
  readonly #at: AtHolder<DeskService>;
  readonly #known: KnownUsers;
  readonly #interests: () => Interests;
  #hasMessages: boolean;

  /**
   * @param hasMessages whether anything may be open
   * @param knownUsers of whom this process remembers whether a desk is concerned with them
   * @param counted resolves when whoever counts the messages of operators knows of those that were made here
   */
  constructor(
    parts: HolderParts,
    deskOf: DeskOf,
    policies: PolicySets,
    hasMessages: boolean,
    knownUsers: number,
    counted: () => Promise<void>,
  ) {
    this.#at = new AtHolder<DeskService>(parts, 'desk', deskService(deskOf, counted));
    this.#known = new KnownUsers(knownUsers);
    this.#hasMessages = hasMessages;
    this.#interests = interestsInForce(policies, () => this.#hasMessages);
    this.selfCare = {
      look: (userKey, vasp) => this.#of(userKey, (desk) => desk.look(userKey, vasp)),
      setHelp: (userKey, help) => this.#of(userKey, (desk) => desk.setHelp(userKey, help)),
      removeFromInbox: (userKey, id) => this.#of(userKey, (desk) => desk.removeFromInbox(userKey, id)),
    };
  }

  get hasMessages(): boolean {
    return this.#hasMessages;
  }

  concerns(userKey: string): boolean {
    return this.#known.concerns(userKey);
  }

  interests(): Interests {
    return this.#interests();
  }

  /** What a desk, here or elsewhere, says of whom it is concerned with. */
  told(changes: Concerns): void {
    for (const [userKey, concerns] of changes) {
      this.#hasMessages ||= concerns;
      this.#known.tell(userKey, concerns);
    }
  }

  /** What was told may have been missed. */
  forgetKnown(): void {
    this.#hasMessages = true;
    this.#known.forgetAll();
  }

  standing: SystemMessages['standing'] = (addressee): Promise<Standing> =>
    this.#known.learn(
      addressee.userKey,
      this.#of(addressee.userKey, (desk) => desk.standing(addressee)),
    );

  take: SystemMessages['take'] = (addressee) => this.#of(addressee.userKey, (desk) => desk.take(addressee));

  answered: SystemMessages['answered'] = (addressee, id, answer) =>
    this.#of(addressee.userKey, (desk) => desk.answered(addressee, id, answer));

  delivered: SystemMessages['delivered'] = (addressee, id) =>
    this.#of(addressee.userKey, (desk) => desk.delivered(addressee, id));

  chosen: SystemMessages['chosen'] = (addressee, answers) =>
    this.#of(addressee.userKey, (desk) => desk.chosen(addressee, answers));

  wrote: SystemMessages['wrote'] = (addressee, text) =>
    this.#of(addressee.userKey, (desk) => desk.wrote(addressee, text));

  done: SystemMessages['done'] = (addressee, claim, failed) =>
    this.#of(addressee.userKey, (desk) => desk.done(addressee, claim, failed));

  happened: SystemMessages['happened'] = (happening) =>
    this.#of(happening.addressee.userKey, (desk) => desk.happened(happening));

  ended: SystemMessages['ended'] = (sessionKey, userKey) =>
    this.#of(userKey, (desk) => desk.ended(sessionKey, userKey));

  /** Takes back everything that is open for a user whose data is erased. */
  forget(userKey: string): Promise<number> {
    return this.#of(userKey, (desk) => desk.forget(userKey));
  }

  /** In the order of the requests; durable when resolved. */
  async enqueue(requests: readonly EnqueueRequest[]): Promise<readonly EnqueueOutcome[]> {
    const outcomes = new Map<EnqueueRequest, EnqueueOutcome | undefined>();
    const byShare = byShareOf(requests, ({ userKey }) => userKey);
    await Promise.all(
      [...byShare].map(async ([share, some]) => {
        const sent = some.map(({ policy, ...request }) => ({ ...request, definition: policy.definition }));
        const told = await this.#at.ask(share, (desk) => desk.enqueue(sent));
        some.forEach((request, index) => {
          outcomes.set(request, told[index]);
        });
      }),
    );
    return requests.map((request) => outcomes.get(request) ?? 'known');
  }

  /** Takes back every message of a sending that is not at its end. */
  async withdraw(broadcast: string): Promise<number> {
    const counts = await Promise.all(
      ALL_SHARES.map((share) => this.#at.ask(share, (desk) => desk.withdraw(share, broadcast))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #of<T>(userKey: string, question: (desk: DeskService) => Promise<T>): Promise<T> {
    return this.#at.ask(shareOf(userKey), question);
  }
}
