/**
 * The shares of the users among the nodes: each node works out which ones it should hold, takes those that are free, and
 * gives up those that another one should have. Nobody decides for all; who holds a share is decided in Redis, lease by lease,
 * so nodes that know different things for a moment are slow, never wrong.
 */
import type { NodeMetrics, ShareHolder, Shares } from '../node-ports.ts';
import type { Clock, Log } from '../ports.ts';
import { ALL_SHARES } from '../shares.ts';
import type { RedisConnection } from '../stores/redis/connection.ts';
import type { KeySpace } from '../stores/redis/keys.ts';
import { assigned } from './assignment.ts';
import { Directory } from './directory.ts';
import { Leases, nodeOf, tokenOf } from './leases.ts';
import type { OpenNodes } from './open-nodes.ts';
import { OwnShare } from './own-share.ts';

export interface SharesParts {
  readonly nodes: OpenNodes;
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  readonly holder: ShareHolder;
  readonly metrics: Pick<NodeMetrics, 'sharesHeld'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Word {
  readonly share: number;
  readonly isHeld: boolean;
}

const TOPIC = 'shares';
const TICK_MILLIS = 250;
/** Ticks between two looks at all leases. */
const LOOK_TICKS = 8;
/** Handed to nodes that have come, who are slow at first: more would be without a holder while they wait for their turn. */
const HANDED_AT_ONCE = 2;
/** A share that nobody has taken by then holds up the others no longer. */
const HANDED_MILLIS = 1_000;

export function openShares(parts: SharesParts): Shares {
  return new LeasedShares(parts);
}

class LeasedShares implements Shares {
  readonly #parts: SharesParts;
  readonly #id: string;
  /** For a client that waits, and for what this node does by itself. */
  readonly #asked: Leases;
  readonly #leases: Leases;
  readonly #directory = new Directory();
  readonly #own: readonly OwnShare[];
  #assigned: readonly (string | undefined)[] = [];
  #isTaking = false;
  #hasLeft = false;
  #ticking: NodeJS.Timeout | undefined;
  #ticks = 0;
  #tokens = 0;
  /** Since the last tick. */
  #lost = 0;
  /** Shares that were given up for other nodes and are not known to be taken, with since when. */
  readonly #handed = new Map<number, number>();
  /** What waits for something to come about; looked at after each change. */
  readonly #waiting = new Set<() => void>();

  constructor(parts: SharesParts) {
    const { nodes, connection, keys } = parts;
    this.#parts = parts;
    this.#id = nodes.id;
    this.#asked = new Leases(connection.requests, keys);
    this.#leases = new Leases(connection.background, keys);
    this.#own = ALL_SHARES.map((share) => this.#ownShare(share));
    nodes.onAnnounced(TOPIC, (word, from) => this.#heard(word as Word, from));
    nodes.onTakers(() => this.#takersChanged());
    nodes.onGap(() => void this.#lookAtAll());
  }

  holder(share: number): string | undefined {
    return this.#directory.holder(share);
  }

  isHeld(share: number): boolean {
    return this.#own[share]?.isHeld() === true;
  }

  async look(share: number): Promise<string | undefined> {
    await this.#look(share, this.#asked);
    return this.holder(share);
  }

  onMoved(listener: (share: number) => void): void {
    this.#directory.onMoved(listener);
  }

  async begin(millis: number): Promise<boolean> {
    if (this.#hasLeft || this.#isTaking) return false;
    this.#isTaking = true;
    this.#ticking = setInterval(() => this.#tick(), TICK_MILLIS);
    this.#parts.nodes.setTaking(true);
    void this.#lookAtAll();
    return this.#comes(() => ALL_SHARES.every((share) => this.#isInHands(share)), millis);
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#isTaking = false;
    this.#parts.nodes.setTaking(false);
    for (const share of ALL_SHARES) this.#settle(share);
    await this.#comes(() => this.#own.every(({ phase }) => phase === 'idle'));
    clearInterval(this.#ticking);
  }

  #ownShare(share: number): OwnShare {
    const { holder, clock, log, nodes } = this.#parts;
    const told = (isHeld: boolean): void => {
      nodes.announce(TOPIC, { share, isHeld } satisfies Word);
      if (isHeld) this.#directory.held(share, this.#id);
      else this.#directory.freed(share, this.#id);
      this.#changed(share);
    };
    return new OwnShare({
      ...{ share, leases: this.#leases, holder, clock, log },
      newToken: () => tokenOf(this.#id, ++this.#tokens),
      taken: () => told(true),
      freed: () => told(false),
      lost: () => this.#lost++,
      elsewhere: (token) => {
        this.#directory.held(share, nodeOf(token));
        this.#changed(share);
      },
    });
  }

  #heard({ share, isHeld }: Word, from: string): void {
    if (isHeld) {
      this.#directory.held(share, from);
      if (this.#handed.delete(share)) for (const next of ALL_SHARES) this.#settle(next);
    } else {
      this.#directory.freed(share, from);
      this.#own[share]?.isFree();
    }
    this.#changed(share);
  }

  #takersChanged(): void {
    this.#assigned = assigned(this.#parts.nodes.takers());
    for (const share of ALL_SHARES) this.#settle(share);
    if (this.#isTaking) void this.#lookAtAll();
  }

  #tick(): void {
    for (const own of this.#own) own.look();
    for (const share of ALL_SHARES) this.#settle(share);
    if (++this.#ticks % LOOK_TICKS === 0) void this.#lookAtAll();
    if (this.#lost > 0) this.#parts.log.warn('shares were lost', { count: this.#lost });
    this.#lost = 0;
    this.#parts.metrics.sharesHeld(this.#own.filter((own) => own.isHeld()).length);
    this.#comesAbout();
  }

  #changed(share: number): void {
    this.#settle(share);
    this.#comesAbout();
  }

  /** Takes it or gives it up, where it is not as it should be. */
  #settle(share: number): void {
    const own = this.#own[share];
    if (own === undefined) return;
    const isMine = this.#isTaking && this.#assigned[share] === this.#id;
    if (own.phase === 'held' && !isMine) this.#handOver(share, own);
    else if (own.phase === 'idle' && isMine && this.#parts.nodes.isInTouch()) void own.take();
  }

  /** Gives it up in its turn; who leaves gives up all at once. */
  #handOver(share: number, own: OwnShare): void {
    const now = this.#parts.clock.monotonic();
    for (const [handed, at] of this.#handed) if (now - at > HANDED_MILLIS) this.#handed.delete(handed);
    if (!this.#hasLeft && this.#handed.size >= HANDED_AT_ONCE) return;
    this.#handed.set(share, now);
    void own.giveUp();
  }

  /** A node that is alive holds it, as far as is known. */
  #isInHands(share: number): boolean {
    const node = this.holder(share);
    if (node === this.#id) return this.isHeld(share);
    return node !== undefined && this.#parts.nodes.peer(node) !== undefined;
  }

  async #lookAtAll(): Promise<void> {
    const looks = ALL_SHARES.map((share) => this.#look(share, this.#leases).catch(() => undefined));
    await Promise.all(looks);
    this.#comesAbout();
  }

  async #look(share: number, leases: Leases): Promise<void> {
    const age = this.#directory.age(share);
    const token = await leases.holder(share);
    const node = token === undefined ? undefined : nodeOf(token);
    // A share that this node is about to take or to give up is in nobody's hands.
    this.#directory.seen(share, node === this.#id && !this.isHeld(share) ? undefined : node, age);
  }

  /** Whether it has come about; without an end when no time is given. */
  #comes(isSo: () => boolean, millis?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (so: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(so);
      };
      const check = (): void => {
        if (isSo()) done(true);
      };
      const timer = millis === undefined ? undefined : setTimeout(() => done(false), millis);
      this.#waiting.add(check);
      check();
    });
  }

  #comesAbout(): void {
    for (const check of this.#waiting) check();
  }
}
