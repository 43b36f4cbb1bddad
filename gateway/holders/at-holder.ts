/**
 * Asks whoever holds a share of the users: this node, or another one. A share that is just moving is waited for, and asked
 * anew of its next holder, which is safe because everything that is asked may be asked twice; nobody waits longer than a
 * client can spare.
 */
import { GatewayError, StoreWriteError } from '../errors.ts';
import type { Nodes, Shares } from '../node-ports.ts';
import { ChannelError, type Service } from '../workers/channel.ts';

export interface HolderParts {
  readonly nodes: Nodes;
  readonly shares: Shares;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly pause: (millis: number) => Promise<unknown>;
}

/** In which a share may be without a holder before a question fails. */
const PATIENCE_MILLIS = 900;
const FIRST_PAUSE_MILLIS = 5;
const LONGEST_PAUSE_MILLIS = 80;
/** With which the store refuses a node that holds a share no longer, see `stores/redis/script.ts`. */
const FENCED = 'FENCED';

export class AtHolder<S extends Service<S>> {
  readonly #parts: HolderParts;
  readonly #name: string;
  readonly #here: S;
  readonly #remotes = new WeakMap<object, S>();

  /**
   * @param name under which every node serves this to the others
   * @param here what this node does where it holds the share; else it throws `NOT_HELD`
   */
  constructor(parts: HolderParts, name: string, here: S) {
    this.#parts = parts;
    this.#name = name;
    this.#here = here;
    parts.nodes.onPeer(({ channel }) => channel.serve(name, here));
  }

  /** @throws what the holder fails with; `NOT_HELD` when nobody holds the share for too long */
  async ask<T>(share: number, question: (holder: S) => Promise<T>): Promise<T> {
    const { now, pause, shares } = this.#parts;
    const until = now() + PATIENCE_MILLIS;
    let wait = FIRST_PAUSE_MILLIS;
    for (;;) {
      const holder = this.#holderOf(share);
      if (holder !== undefined) {
        try {
          return await question(holder);
        } catch (error) {
          if (!hasMoved(error) || now() + wait >= until) throw error;
        }
      } else if (now() + wait >= until) throw new GatewayError('NOT_HELD', `share ${share} has no holder`);
      await pause(wait);
      wait = Math.min(wait * 2, LONGEST_PAUSE_MILLIS);
      if (!shares.isHeld(share)) await shares.look(share).catch(() => undefined);
    }
  }

  #holderOf(share: number): S | undefined {
    const { nodes, shares } = this.#parts;
    if (shares.isHeld(share)) return this.#here;
    const id = shares.holder(share);
    const peer = id === undefined ? undefined : nodes.peer(id);
    if (peer === undefined) return undefined;
    const known = this.#remotes.get(peer.channel);
    if (known !== undefined) return known;
    const remote = peer.channel.remote<S>(this.#name);
    this.#remotes.set(peer.channel, remote);
    return remote;
  }
}

export function notHeld(share: number): GatewayError {
  return new GatewayError('NOT_HELD', `share ${share} is not held here`);
}

/** Whether the same question may find another holder. One that had no answer in time was waited for long enough. */
function hasMoved(error: unknown): boolean {
  if (error instanceof ChannelError) {
    return error.why === 'gone' || error.failure === 'NOT_HELD' || error.failure === FENCED;
  }
  if (error instanceof StoreWriteError) return error.code === FENCED;
  return error instanceof GatewayError && error.code === 'NOT_HELD';
}
