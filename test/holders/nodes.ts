/**
 * Several nodes of one gateway in one process: pipes between them, shares that the test hands from one to another, and a clock
 * that goes on only while somebody waits. Who holds a share and who is thought to hold it are two things, as among machines.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type HolderParts, notHeld } from '../../gateway/holders/at-holder.ts';
import type { Nodes, Peer, Shares } from '../../gateway/node-ports.ts';
import type { Log } from '../../gateway/ports.ts';
import { ALL_SHARES } from '../../gateway/shares.ts';
import { type Pipe, pipe } from '../workers/lines.ts';

/** For a question that is never answered. */
const TIMEOUT_MILLIS = 1_500;
const FUSE_MILLIS = 5_000;

/** What came about in the end; a fuse that says what never did. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + FUSE_MILLIS;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never came about: ${what}`);
    await delay(1);
  }
}

/** A keyed hash in a share, one of many. */
export function keyIn(share: number, name = ''): string {
  const first = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'[share * 2 + 1];
  return `${first}${name}`.padEnd(43, '0');
}

export class TestNode {
  readonly id: string;
  readonly nodes: Nodes;
  readonly shares: Shares;
  readonly holders: HolderParts;
  readonly warnings: (readonly [string, unknown])[] = [];
  readonly log: Log;
  readonly peers = new Map<string, Peer & { readonly pipe: Pipe }>();
  /** Who is thought to hold what. */
  readonly thought = new Map<number, string | undefined>();
  readonly #onPeer: ((peer: Peer) => void)[] = [];
  readonly #onMoved: ((share: number) => void)[] = [];
  readonly #onGap: (() => void)[] = [];
  /** How often the store was asked who holds a share. */
  looks = 0;

  constructor(world: TestNodes, id: string) {
    this.id = id;
    this.log = { info: () => {}, warn: (event, fields) => void this.warnings.push([event, fields]), error: () => {} };
    this.nodes = {
      id,
      peers: () => [...this.peers.values()],
      peer: (other) => this.peers.get(other),
      onPeer: (listener) => {
        for (const peer of this.peers.values()) listener(peer);
        this.#onPeer.push(listener);
      },
      onGap: (listener) => void this.#onGap.push(listener),
      isInTouch: () => true,
      close: async () => {},
    };
    this.shares = {
      holder: (share) => this.thought.get(share),
      isHeld: (share) => world.holders.get(share) === id && this.thought.get(share) === id,
      look: async (share) => {
        this.looks++;
        this.learn(share, world.holders.get(share));
        return this.thought.get(share);
      },
      onMoved: (listener) => void this.#onMoved.push(listener),
      begin: async () => true,
      leave: async () => {},
    };
    this.holders = {
      store: world.store,
      nodes: this.nodes,
      shares: this.shares,
      now: () => world.now,
      pause: (millis) => world.pause(millis),
    };
  }

  learn(share: number, holder: string | undefined): void {
    if (this.thought.get(share) === holder) return;
    this.thought.set(share, holder);
    if (holder !== undefined) for (const listener of this.#onMoved) listener(share);
  }

  /** It may have missed words of the others. */
  gap(): void {
    for (const listener of this.#onGap) listener();
  }

  meet(peer: Peer & { readonly pipe: Pipe }): void {
    this.peers.set(peer.id, peer);
    for (const listener of this.#onPeer) listener(peer);
  }

  /** What it has of a share that it holds. */
  heldOr<T>(share: number, held: T): T {
    if (!this.shares.isHeld(share)) throw notHeld(share);
    return held;
  }
}

export class TestNodes {
  readonly all: readonly TestNode[];
  /** Who holds what. */
  readonly holders = new Map<number, string | undefined>();
  /** Milliseconds that go on only while somebody waits. */
  now = 0;
  readonly pauses: number[] = [];
  readonly #onStanding: ((isAway: boolean) => void)[] = [];
  #isAway = false;
  /** How long the store may still be waited for. */
  leftMillis = 1_000;
  readonly store: HolderParts['store'] = {
    isAway: () => this.#isAway,
    onChange: (listener) => void this.#onStanding.push(listener),
    leftMillis: () => this.leftMillis,
    waited: () => undefined,
  };
  /** Called in every pause. */
  meanwhile: (() => void) | undefined;

  /** @param ids in whose hands the shares are in turn */
  constructor(...ids: readonly string[]) {
    this.all = ids.map((id) => new TestNode(this, id));
    for (const share of ALL_SHARES) this.move(share, ids[share % ids.length]);
    for (const [index, one] of this.all.entries()) {
      for (const other of this.all.slice(index + 1)) this.connect(one, other);
    }
  }

  /** They hear of each other. */
  connect(one: TestNode, other: TestNode): void {
    const line = pipe(TIMEOUT_MILLIS);
    one.meet({ id: other.id, channel: line.primary, pipe: line });
    other.meet({ id: one.id, channel: line.worker, pipe: line });
  }

  /** Another holder; those who are not told believe what they believed. */
  move(share: number, to: string | undefined, told: readonly TestNode[] = this.all): void {
    this.holders.set(share, to);
    for (const node of told) node.learn(share, to);
  }

  /** The node is gone, and the others know. */
  kill(gone: TestNode): void {
    for (const node of this.all) {
      const peer = node.peers.get(gone.id);
      node.peers.delete(gone.id);
      peer?.pipe.cut();
    }
  }

  /** Nobody hears anybody any more, or everybody does again. */
  loseStore(isAway: boolean): void {
    this.#isAway = isAway;
    for (const listener of this.#onStanding) listener(isAway);
  }

  async pause(millis: number): Promise<void> {
    this.pauses.push(millis);
    this.now += millis;
    this.meanwhile?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
