/**
 * The desk of one machine: in the primary, asked by the workers. With which users it is concerned is asked with every message
 * of a session, and what policies wait for likewise, so each worker has both in its own memory: the primary tells all of
 * them that a message waits before whoever caused it goes on.
 */
import { interestsInForce } from '../desk/interests.ts';
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
    ended: (sessionKey) => desk.ended(sessionKey),
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

/** The desk as a worker sees it, and where the primary's news come in. */
export interface RemoteSystemMessages {
  readonly news: SystemMessageNews;
  /**
   * To be called once, when the worker was told what holds; news that came before are newer.
   * @param concerned the users with whom the desk is concerned
   */
  begin(concerned: readonly string[], policies: PolicySets): SystemMessages;
}

export function remoteSystemMessages(service: SystemMessageService): RemoteSystemMessages {
  const early = new Map<string, boolean>();
  let concerned: Set<string> | undefined;
  return {
    news: {
      async concern(changes) {
        for (const [userKey, concerns] of changes) {
          if (concerned === undefined) early.set(userKey, concerns);
          else if (concerns) concerned.add(userKey);
          else concerned.delete(userKey);
        }
      },
    },
    begin(known, policies) {
      const users = new Set(known);
      for (const [userKey, concerns] of early) {
        if (concerns) users.add(userKey);
        else users.delete(userKey);
      }
      early.clear();
      concerned = users;
      return {
        concerns: (userKey) => users.has(userKey),
        // Of the policies in force in this process: they were told before anybody else heard of them.
        interests: interestsInForce(policies, () => users.size > 0),
        ...systemMessageService(service),
      };
    },
  };
}
