/**
 * The desk of one machine: in the primary, asked by the workers. With which users it is concerned is asked with every message
 * of a session, and what policies wait for likewise, so each worker has both in its own memory: the primary tells all of
 * them that a message waits before whoever caused it goes on, and of whom nothing is remembered the desk is asked once.
 */
import { interestsInForce } from '../desk/interests.ts';
import { KnownUsers } from '../known-users.ts';
import type { PolicySets } from '../policy/live-sets.ts';
import type { SystemMessages } from '../system-message-ports.ts';

/** What the primary answers. */
export type SystemMessageService = Omit<SystemMessages, 'concerns' | 'interests'>;

/** Users, and whether the desk is concerned with them from now on. */
export type Concerns = readonly (readonly [userKey: string, concerns: boolean])[];

/** What every worker answers to the primary. */
export interface SystemMessageNews {
  concern(changes: Concerns): Promise<void>;
}

/** What is asked of one process in another, passed on: to the desk in the primary, to the primary in a worker. */
export function systemMessageService(desk: SystemMessageService): SystemMessageService {
  return {
    standing: (addressee) => desk.standing(addressee),
    take: (addressee) => desk.take(addressee),
    answered: (addressee, transactionId, answer) => desk.answered(addressee, transactionId, answer),
    delivered: (addressee, messageId) => desk.delivered(addressee, messageId),
    chosen: (addressee, answers) => desk.chosen(addressee, answers),
    wrote: (addressee, text) => desk.wrote(addressee, text),
    done: (addressee, claim, failed) => desk.done(addressee, claim, failed),
    happened: (happening) => desk.happened(happening),
    ended: (sessionKey, userKey) => desk.ended(sessionKey, userKey),
  };
}

/** How late workers may hear that nothing is left to say to a user: until then they ask in vain. */
const LATEST_MILLIS = 20;

/** Tells the workers with whom the desk is concerned; changes that come close together go together. */
export class ConcernSender {
  readonly #tell: (changes: Concerns) => Promise<void>;
  #changes = new Map<string, boolean>();
  /** Of the changes that wait; resolved when they were told. */
  #flush: { readonly told: Promise<void>; readonly now: () => void } | undefined;

  /** @param tell every worker; resolves when all have answered, or had their time. */
  constructor(tell: (changes: Concerns) => Promise<void>) {
    this.#tell = tell;
  }

  /** Resolves when every worker knows of whom there is something to say; that there is nothing may come later. */
  async concern(changes: Concerns): Promise<void> {
    for (const [userKey, concerns] of changes) this.#changes.set(userKey, concerns);
    const flush = this.#flush ?? this.#later();
    if (!changes.some(([, concerns]) => concerns)) return;
    flush.now();
    await flush.told;
  }

  #later(): { readonly told: Promise<void>; readonly now: () => void } {
    let begin: () => void = () => {};
    const told = new Promise<void>((resolve) => {
      begin = () => {
        clearTimeout(timer);
        clearImmediate(soon);
        const changes = [...this.#changes];
        this.#changes = new Map();
        this.#flush = undefined;
        resolve(this.#tell(changes));
      };
    });
    const timer = setTimeout(begin, LATEST_MILLIS);
    let soon: NodeJS.Immediate | undefined;
    const now = (): void => {
      soon ??= setImmediate(begin);
    };
    this.#flush = { told, now };
    return this.#flush;
  }
}

/** What a worker has to know when it begins. */
export interface SystemMessageStart {
  /** Something is open. */
  readonly hasMessages: boolean;
}

/** The desk as a worker sees it, and where the primary's news come in. */
export interface RemoteSystemMessages {
  readonly news: SystemMessageNews;
  /** News may have been missed. */
  forgetKnown(): void;
  /**
   * To be called once, when the worker was told what holds.
   * @param knownUsers of whom this process remembers whether the desk is concerned with them
   */
  begin(start: SystemMessageStart, knownUsers: number, policies: PolicySets): SystemMessages;
}

export function remoteSystemMessages(service: SystemMessageService): RemoteSystemMessages {
  let known: KnownUsers | undefined;
  let hasMessages = false;
  return {
    news: {
      async concern(changes) {
        for (const [userKey, concerns] of changes) {
          hasMessages ||= concerns;
          // Before the start nothing is known of anybody, so nothing that is known can be wrong.
          known?.tell(userKey, concerns);
        }
      },
    },
    forgetKnown() {
      hasMessages = true;
      known?.forgetAll();
    },
    begin(start, knownUsers, policies) {
      const users = new KnownUsers(knownUsers);
      known = users;
      hasMessages ||= start.hasMessages;
      const remote = systemMessageService(service);
      return {
        ...remote,
        concerns: (userKey) => users.concerns(userKey),
        // Of the policies in force in this process: they were told before anybody else heard of them.
        interests: interestsInForce(policies, () => hasMessages),
        standing: (addressee) => users.learn(addressee.userKey, remote.standing(addressee)),
      };
    },
  };
}
