/**
 * The nodes of one gateway. Each says every second in Redis that it is alive, and to all others by a word that holds how many
 * frames it has sent to whom: so every node finds out within a second that it has missed one, also when nothing follows. The
 * same word, heard by its own sender, proves that words arrive here.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { StoreWriteError } from '../errors.ts';
import type { NodeMetrics, Nodes, Peer } from '../node-ports.ts';
import type { Clock, Log, Secrets } from '../ports.ts';
import type { RedisAddress } from '../stores/redis/address.ts';
import type { RedisConnection } from '../stores/redis/connection.ts';
import type { KeySpace } from '../stores/redis/keys.ts';
import { type Subscription, subscribe } from '../stores/redis/subscription.ts';
import { ALL } from './frames.ts';
import { Membership } from './membership.ts';
import { type NodeRow, PeerTable } from './peer-table.ts';
import { Wire } from './wire.ts';

/** What shares and operators need of the nodes beside what everybody does. */
export interface OpenNodes extends Nodes {
  /** Every node that is alive, this one first. */
  rows(): readonly NodeRow[];
  /** Tells all others; words of one node come in their order, or not at all. What is told is plain data. */
  announce(topic: string, word: unknown): void;
  onAnnounced(topic: string, listener: (word: unknown, from: string) => void): void;
  /** Whether this node takes shares; the others know at once. */
  setTaking(isTaking: boolean): void;
  /** The ids of all nodes that take shares, as far as is known. */
  takers(): readonly string[];
  /** A node has come or gone, or takes shares from now on, or none any more. */
  onTakers(listener: () => void): void;
}

export interface NodesParts {
  readonly address: RedisAddress;
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  readonly secrets: Secrets;
  readonly metrics: NodeMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a node says of itself to all, with every beat. */
interface BeatWord {
  /** Its own monotonic time when it said so: means something to itself alone. */
  readonly at: number;
  readonly since: number;
  readonly isTaking: boolean;
  /** How many frames it has sent to each node. */
  readonly sent: ReadonlyMap<string, number>;
}

type Word =
  | { readonly kind: 'beat'; readonly beat: BeatWord }
  | { readonly kind: 'bye' }
  | { readonly kind: 'announcement'; readonly topic: string; readonly word: unknown };

const BEAT_MILLIS = 750;
/** Neither heard of nor heard for so long: out of touch. */
const OUT_MILLIS = 2_000;
/** A node's own word comes back within this, or what brings words is made anew. */
const OWN_WORD_MILLIS = 1_000;
const START_MILLIS = 5_000;

/** Joins. @throws StoreWriteError when Redis is not there within five seconds */
export async function openNodes(parts: NodesParts): Promise<OpenNodes> {
  const nodes = new BeatingNodes(parts);
  await nodes.begin();
  return nodes;
}

class BeatingNodes implements OpenNodes {
  readonly id = nodeId();
  readonly #parts: NodesParts;
  readonly #membership: Membership;
  readonly #wire: Wire;
  readonly #table: PeerTable;
  readonly #subscription: Subscription;
  readonly #since: number;
  readonly #topics = new Map<string, ((word: unknown, from: string) => void)[]>();
  readonly #gapListeners: (() => void)[] = [];
  readonly #takerListeners: (() => void)[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #started: (() => void) | undefined;
  #isTaking = false;
  #isUp = false;
  #isBeating = false;
  #isClosed = false;
  #wasInTouch = true;
  #isWordDue = false;
  /** Monotonic milliseconds: the last beat that was answered, the last own word that was heard, and the older of both. */
  #beatAt = Number.NEGATIVE_INFINITY;
  #wordAt = Number.NEGATIVE_INFINITY;
  #touchedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: NodesParts) {
    const { address, connection, keys, clock, log, metrics } = parts;
    this.#parts = parts;
    this.#since = clock.wall();
    this.#membership = new Membership(connection.background, keys);
    this.#wire = new Wire({ ...parts, id: this.id, link: connection.requests, isCluster: address.kind === 'cluster' });
    this.#table = new PeerTable({
      id: this.id,
      send: (to, message, failed) => this.#wire.send(to, message, failed),
      clock,
      log,
      changed: () => {
        metrics.nodes(this.#table.peers().length + 1);
        this.#takersChanged();
        // Who has come knows nothing of this node until it says something.
        this.#wordSoon();
      },
    });
    this.#subscription = subscribe(address, [keys.channel(this.id), keys.channel(ALL)], {
      message: (_channel, bytes) => this.#heard(bytes),
      up: () => this.#up(),
      down: () => {
        this.#isUp = false;
        this.#watch();
      },
    });
    metrics.nodes(1);
    // Nobody waits for the next beat to find out that Redis is there again.
    connection.standing.onChange((isAway) => {
      if (!isAway) void this.#beat();
    });
  }

  /** Resolves when this node is known to Redis, and hears its own word. */
  async begin(): Promise<void> {
    const started = new Promise<boolean>((resolve) => {
      this.#started = () => resolve(true);
      this.#after(START_MILLIS, () => resolve(false));
    });
    const ticking = setInterval(() => void this.#beat(), BEAT_MILLIS);
    this.#timers.add(ticking);
    const isStarted = await started;
    this.#started = undefined;
    if (isStarted) return;
    await this.close();
    throw new StoreWriteError('ETIMEDOUT');
  }

  peers(): readonly Peer[] {
    return this.#table.peers();
  }

  peer(id: string): Peer | undefined {
    return this.#table.peer(id);
  }

  onPeer(listener: (peer: Peer) => void): void {
    this.#table.onPeer(listener);
  }

  onGap(listener: () => void): void {
    this.#gapListeners.push(listener);
  }

  isInTouch(): boolean {
    return this.#isUp && this.#parts.clock.monotonic() - this.#touchedAt < OUT_MILLIS;
  }

  rows(): readonly NodeRow[] {
    const now = this.#parts.clock.monotonic();
    const lastBeatMillis = Math.max(0, Math.round(now - this.#beatAt));
    return [{ id: this.id, since: this.#since, lastBeatMillis }, ...this.#table.rows()];
  }

  announce(topic: string, word: unknown): void {
    this.#say({ kind: 'announcement', topic, word });
  }

  onAnnounced(topic: string, listener: (word: unknown, from: string) => void): void {
    this.#topics.set(topic, [...(this.#topics.get(topic) ?? []), listener]);
  }

  setTaking(isTaking: boolean): void {
    if (isTaking === this.#isTaking) return;
    this.#isTaking = isTaking;
    this.#sayBeat();
    this.#takersChanged();
  }

  takers(): readonly string[] {
    return [...(this.#isTaking ? [this.id] : []), ...this.#table.takers()];
  }

  onTakers(listener: () => void): void {
    this.#takerListeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const left = this.#membership.leave(this.id).catch(() => undefined);
    await Promise.all([left, new Promise<void>((resolve) => this.#wire.send(ALL, { kind: 'bye' }, resolve, resolve))]);
    await this.#subscription.close();
    this.#table.close();
  }

  #up(): void {
    // What was remembered while nothing was heard goes before it can be trusted again.
    if (this.#touchedAt > Number.NEGATIVE_INFINITY) this.#gap();
    this.#isUp = true;
    void this.#beat();
  }

  async #beat(): Promise<void> {
    this.#watch();
    if (this.#isBeating || this.#isClosed) return;
    this.#isBeating = true;
    const at = this.#parts.clock.monotonic();
    const heard = await this.#membership.beat(this.id).catch(() => undefined);
    this.#isBeating = false;
    if (heard === undefined || this.#isClosed) return;
    this.#table.see(heard, at, at - this.#beatAt > OUT_MILLIS);
    this.#beatAt = at;
    this.#touch();
    if (this.#isUp) this.#sayBeat();
    // An answer that took so long says nothing of now.
    if (this.#parts.clock.monotonic() - at > BEAT_MILLIS) void this.#beat();
  }

  /** The words and beats of this node arrive, as of the older of both. */
  #touch(): void {
    const touchedAt = Math.min(this.#beatAt, this.#wordAt);
    if (touchedAt <= this.#touchedAt) return;
    const now = this.#parts.clock.monotonic();
    const isBack = now - this.#touchedAt >= OUT_MILLIS && now - touchedAt < OUT_MILLIS;
    if (isBack && this.#touchedAt > Number.NEGATIVE_INFINITY) this.#gap();
    this.#touchedAt = touchedAt;
    this.#watch();
    this.#started?.();
  }

  #wordSoon(): void {
    if (this.#isWordDue || this.#isClosed) return;
    this.#isWordDue = true;
    setImmediate(() => {
      this.#isWordDue = false;
      if (!this.#isClosed) this.#sayBeat();
    });
  }

  #sayBeat(): void {
    const at = this.#parts.clock.monotonic();
    const sent = new Map(this.#table.peers().map(({ id }) => [id, this.#wire.sentTo(id)]));
    const beat: BeatWord = { at, since: this.#since, isTaking: this.#isTaking, sent };
    const went = (): void =>
      this.#after(OWN_WORD_MILLIS, () => this.#isUp && this.#wordAt < at && this.#subscription.renew());
    this.#wire.send(ALL, { kind: 'beat', beat } satisfies Word, () => undefined, went);
  }

  #say(word: Word): void {
    this.#wire.send(ALL, word, () => undefined);
  }

  #heard(bytes: Buffer): void {
    const heard = this.#wire.receive(bytes);
    if (heard === undefined || this.#isClosed) return;
    const { from, to, message, isMissing } = heard;
    if (isMissing) this.#gap();
    if (from === this.id) this.#own(message as Word);
    else if (to === ALL) this.#word(message as Word, from);
    else this.#table.receive(from, message);
  }

  #own(word: Word): void {
    if (word.kind !== 'beat') return;
    this.#wordAt = Math.max(this.#wordAt, word.beat.at);
    this.#touch();
  }

  #word(word: Word, from: string): void {
    if (word.kind === 'bye') {
      this.#table.bye(from);
      return;
    }
    this.#table.alive(from);
    if (word.kind === 'announcement') {
      for (const listener of this.#topics.get(word.topic) ?? []) listener(word.word, from);
      return;
    }
    const { since, isTaking, sent } = word.beat;
    if (this.#wire.isBehind(from, sent.get(this.id) ?? 0)) this.#gap();
    this.#table.told(from, { since, isTaking });
  }

  #gap(): void {
    this.#parts.log.info('words between nodes may be lost', { node: this.id });
    for (const listener of this.#gapListeners) listener();
  }

  #takersChanged(): void {
    for (const listener of this.#takerListeners) listener();
  }

  #watch(): void {
    const isInTouch = this.isInTouch();
    if (isInTouch === this.#wasInTouch || this.#isClosed || this.#started !== undefined) return;
    this.#wasInTouch = isInTouch;
    if (isInTouch) {
      this.#parts.log.info('in touch with the other nodes again', { node: this.id });
      // What could not be taken meanwhile is taken now.
      this.#takersChanged();
    } else this.#parts.log.warn('out of touch with the other nodes', { node: this.id });
  }

  #after(millis: number, act: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, millis);
    this.#timers.add(timer);
  }
}

/** Another one at every start; also a name in channels and keys. */
function nodeId(): string {
  const host = hostname()
    .replace(/[^a-zA-Z0-9.-]/g, '-')
    .slice(0, 40);
  return `${host}-${process.pid}-${randomBytes(6).toString('hex')}`;
}
