/**
 * What the nodes tell each other of what has changed, so that what each process remembers stays true. Whoever changes something
 * goes on when all have heard it, or had their time: a node that did not answer has missed it, finds that out, and drops what
 * it remembers.
 */
import type { Try } from '../mailbox/parts.ts';
import type { Nodes } from '../node-ports.ts';
import type { Log } from '../ports.ts';
import type { Concerns } from '../workers/system-messages.ts';
import { type StoreStanding, throughStore } from './through-store.ts';

export interface NodeNews {
  /** A session was opened, changed or ended. */
  sessionChanged(sessionKey: string): Promise<void>;
  /** The desk is concerned with these users, or no longer. */
  concern(changes: Concerns): Promise<void>;
  /** Something is kept for these users. */
  mailWaits(userKeys: readonly string[], by?: Try): Promise<void>;
  /** What a VASP sent was set aside for the session, or all of it was taken; `at` by the clock of the store's engine. */
  setAside(sessionKey: string, isWaiting: boolean, at: number): Promise<void>;
  /** Something waits for the user: those of the user's sessions that are called from there are called. */
  ringUser(userKey: string): Promise<void>;
}

const NAME = 'news';

export interface Teller {
  /** The other nodes; resolves when all have answered, or had their time. Never rejects. */
  tell(what: string, news: (node: NodeNews) => Promise<void>): Promise<void>;
}

/** @param here what the others' news are told to @param store while it is away nobody can be told anything */
export function tellNodes(nodes: Nodes, here: NodeNews, store: StoreStanding, log: Log): Teller {
  const hearing = throughStore(store);
  nodes.onPeer(({ channel }) => channel.serve(NAME, here));
  return {
    async tell(what, news) {
      await Promise.all(
        nodes.peers().map(({ id, channel }) =>
          hearing(() => news(channel.remote<NodeNews>(NAME))).catch(() => {
            // Whoever is gone has nothing to hear any more.
            if (nodes.peer(id) !== undefined) log.warn('a node does not answer', { node: id, news: what });
          }),
        ),
      );
    },
  };
}
