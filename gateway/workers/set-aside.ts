/**
 * What VASPs sent while clients waited for something else: kept in the primary, used by the workers. Whether anything
 * waits for a session is asked with every message, so each worker has that in its own memory: the primary tells all of them
 * before whoever set something aside goes on.
 */
import { LRUCache } from 'lru-cache';
import type { SetAside, SetAsideMessage } from '../ports.ts';

/** What the primary answers. */
export interface SetAsideService {
  put(sessionKey: string, messages: readonly Uint8Array[]): Promise<void>;
  take(sessionKey: string): Promise<SetAsideMessage | undefined>;
  drop(sessionKey: string): Promise<void>;
  /** The sessions for which something waits: what a worker begins with. */
  waiting(): Promise<readonly string[]>;
}

/** What every worker answers to the primary; `at` by the clock of the engine that the messages are in, where they are in one. */
export interface SetAsideNews {
  isWaiting(sessionKey: string, isWaiting: boolean, at?: number): Promise<void>;
}

/** Sessions for which something may wait: as many as are kept, so that what is too much here is too much there. */
const SESSIONS = 10_000;

/** Serves the messages to workers. `tell` resolves when every worker knows. */
export function setAsideService(
  setAside: SetAside,
  tell: (sessionKey: string, isWaiting: boolean) => Promise<void>,
): SetAsideService {
  const known = new LRUCache<string, true>({ max: SESSIONS });
  const told = async (sessionKey: string): Promise<void> => {
    const isWaiting = setAside.isWaiting(sessionKey);
    if (isWaiting === known.has(sessionKey)) return;
    if (isWaiting) known.set(sessionKey, true);
    else known.delete(sessionKey);
    await tell(sessionKey, isWaiting);
  };
  return {
    async put(sessionKey, messages) {
      await setAside.put(sessionKey, messages);
      await told(sessionKey);
    },
    async take(sessionKey) {
      const message = await setAside.take(sessionKey);
      // Whoever asks in vain is answered so: nobody has to wait for this news.
      void told(sessionKey);
      return message;
    },
    async drop(sessionKey) {
      await setAside.drop(sessionKey);
      void told(sessionKey);
    },
    waiting: async () => [...known.keys()].filter((sessionKey) => setAside.isWaiting(sessionKey)),
  };
}

/** The messages as a worker sees them, and where the primary's news come in. */
export function remoteSetAside(service: SetAsideService): { readonly setAside: SetAside; readonly news: SetAsideNews } {
  const waiting = new LRUCache<string, true>({ max: SESSIONS });
  return {
    setAside: {
      isWaiting: (sessionKey) => waiting.has(sessionKey),
      put: (sessionKey, messages) => service.put(sessionKey, messages),
      async take(sessionKey) {
        const message = await service.take(sessionKey);
        if (message === undefined || !message.isMore) waiting.delete(sessionKey);
        return message;
      },
      drop: (sessionKey) => service.drop(sessionKey),
    },
    news: {
      async isWaiting(sessionKey, isWaiting) {
        if (isWaiting) waiting.set(sessionKey, true);
        else waiting.delete(sessionKey);
      },
    },
  };
}
