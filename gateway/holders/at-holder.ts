/**
 * Asks whoever holds a share of the users: this node, or another one. A share that is just moving is waited for, and asked
 * anew of its next holder, which is safe because everything that is asked may be asked twice; nobody waits longer than a
 * client can spare, also for several questions one after the other, and not at all while the store is away: nodes hear each
 * other through it.
 */
import { FENCED, GatewayError, StoreWriteError } from '../errors.ts';
import type { Nodes, Shares } from '../node-ports.ts';
import { ChannelError, type Service } from '../workers/channel.ts';
import { type Hearing, type StoreStanding, throughStore } from './through-store.ts';

export interface HolderParts {
  readonly nodes: Nodes;
  readonly shares: Shares;
  readonly store: StoreStanding & {
    /** How long the store may still be waited for: less while it is slow. In milliseconds. */
    leftMillis(): number;
    /**
     * A client has waited so long for a share that moves, or for an answer that did not come: what it waits for the store
     * behind that is less. What only takes its time, as many messages do, does not count.
     */
    waited(millis: number): void;
  };
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly pause: (millis: number) => Promise<unknown>;
}

/** In which a share may be without a holder before a question fails; what follows has what is left of it. */
const PATIENCE_MILLIS = 600;
/** For a question at the end of that. */
const LEAST_MILLIS = 50;
/** A share that could not be asked so long ago is waited for anew. */
const FORGOTTEN_MILLIS = 10_000;
const FIRST_PAUSE_MILLIS = 5;
const LONGEST_PAUSE_MILLIS = 80;

export class AtHolder<S extends Service<S>> {
  readonly #parts: HolderParts;
  readonly #name: string;
  readonly #here: S;
  readonly #remotes = new WeakMap<object, S>();
  /** Shares that are waited for, with since when. */
  readonly #waitedFor = new Map<number, number>();
  readonly #hearing: Hearing;

  /**
   * @param name under which every node serves this to the others
   * @param here what this node does where it holds the share; else it throws `NOT_HELD`
   */
  constructor(parts: HolderParts, name: string, here: S) {
    this.#parts = parts;
    this.#name = name;
    this.#here = here;
    parts.nodes.onPeer(({ channel }) => channel.serve(name, here));
    this.#hearing = throughStore(parts.store);
  }

  /** @throws what the holder fails with; `NOT_HELD` when nobody holds the share for too long */
  async ask<T>(share: number, question: (holder: S) => Promise<T>): Promise<T> {
    const { now, pause, shares, store } = this.#parts;
    const from = now();
    let wait = FIRST_PAUSE_MILLIS;
    for (let until: number | undefined; ; ) {
      const holder = this.#holderOf(share);
      const isOver = (): boolean => store.isAway() || (until !== undefined && now() + wait >= until);
      if (holder !== undefined) {
        try {
          const answer = await (holder === this.#here ? question(holder) : this.#heard(share, question, holder));
          this.#waitedFor.delete(share);
          return answer;
        } catch (error) {
          if (!hasMoved(error) || isOver()) throw error;
        }
      } else if (isOver()) throw new GatewayError('NOT_HELD', `share ${share} has no holder`);
      until ??= this.#waitsUntil(share);
      await pause(wait);
      store.waited(now() - from);
      wait = Math.min(wait * 2, LONGEST_PAUSE_MILLIS);
      if (!shares.isHeld(share)) await shares.look(share).catch(() => undefined);
    }
  }

  #waitsUntil(share: number, from = this.#parts.now()): number {
    const now = this.#parts.now();
    const known = this.#waitedFor.get(share);
    const since = known === undefined || now - known > FORGOTTEN_MILLIS ? from : known;
    this.#waitedFor.set(share, since);
    return Math.max(since + this.#patienceMillis(), now + LEAST_MILLIS);
  }

  /** What a client has waited for the store is not there to be waited for another node. */
  #patienceMillis(): number {
    return Math.min(PATIENCE_MILLIS, this.#parts.store.leftMillis());
  }

  /**
   * What another node answers.
   * @throws StoreWriteError `EAWAY` as soon as no answer can come; ChannelError `timeout`
   */
  async #heard<T>(share: number, question: (holder: S) => Promise<T>, holder: S): Promise<T> {
    const askedAt = this.#parts.now();
    const limit = this.#limitMillis(share, askedAt);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      if (limit !== undefined) timer = setTimeout(() => reject(new ChannelError('timeout', this.#name)), limit);
    });
    try {
      return await this.#hearing(() => Promise.race([question(holder), tooLate]));
    } catch (error) {
      if (error instanceof ChannelError && error.why === 'timeout') {
        this.#waitsUntil(share, askedAt);
        this.#parts.store.waited(this.#parts.now() - askedAt);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** For an answer that is asked for now; undefined: as long as the channel waits, which has a timer of its own. */
  #limitMillis(share: number, askedAt: number): number | undefined {
    if (this.#waitedFor.has(share)) return this.#waitsUntil(share) - askedAt;
    const left = this.#patienceMillis();
    return left === PATIENCE_MILLIS ? undefined : left;
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
