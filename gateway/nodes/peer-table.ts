/**
 * The other nodes that are alive, as one node knows them. A node that was not heard of for some seconds is gone; but one that
 * could hear nobody itself, because Redis was away, first waits as long for the others to be heard again.
 */
import type { Peer } from '../node-ports.ts';
import type { Clock, Log } from '../ports.ts';
import { Channel } from '../workers/channel.ts';
import type { Heard } from './membership.ts';
import { PeerLine } from './peer-line.ts';

/** What a node tells of itself. */
export interface Told {
  readonly since: number;
  readonly isTaking: boolean;
}

export interface NodeRow {
  readonly id: string;
  /** Wall-clock milliseconds by its own clock; undefined until it has said so. */
  readonly since: number | undefined;
  /** How long ago it was heard of. */
  readonly lastBeatMillis: number;
}

export interface PeerTableParts {
  /** This node. */
  readonly id: string;
  readonly send: (to: string, message: unknown, failed: () => void) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** Who is alive, or who takes shares, is another now. */
  readonly changed: () => void;
}

interface Known {
  readonly peer: Peer;
  readonly line: PeerLine;
  /** Monotonic milliseconds. */
  heardAt: number;
  told: Told | undefined;
}

const GONE_MILLIS = 3_500;
/** A client waits for what is asked. */
const QUESTION_MILLIS = 600;
/** Nodes that said good-bye: what still comes of them is late. */
const REMEMBERED_DEPARTED = 100;

export class PeerTable {
  readonly #parts: PeerTableParts;
  readonly #known = new Map<string, Known>();
  readonly #departed = new Set<string>();
  readonly #listeners: ((peer: Peer) => void)[] = [];
  #peers: readonly Peer[] = [];
  /** Since when this node hears of others without a pause. */
  #steadySince = 0;

  constructor(parts: PeerTableParts) {
    this.#parts = parts;
  }

  peers(): readonly Peer[] {
    return this.#peers;
  }

  peer(id: string): Peer | undefined {
    return this.#known.get(id)?.peer;
  }

  takers(): readonly string[] {
    return [...this.#known.values()].filter(({ told }) => told?.isTaking === true).map(({ peer }) => peer.id);
  }

  rows(): readonly NodeRow[] {
    const now = this.#parts.clock.monotonic();
    return [...this.#known.values()].map(({ peer, heardAt, told }) => ({
      id: peer.id,
      since: told?.since,
      lastBeatMillis: Math.max(0, Math.round(now - heardAt)),
    }));
  }

  onPeer(listener: (peer: Peer) => void): void {
    for (const peer of this.#peers) listener(peer);
    this.#listeners.push(listener);
  }

  /** @param at when it was asked who is alive @param wasOut nothing was heard for so long that silence of others means nothing */
  see(heard: Heard, at: number, wasOut: boolean): void {
    if (wasOut) this.#steadySince = at;
    for (const [id, millisAgo] of heard) if (millisAgo < GONE_MILLIS) this.#hear(id, at - millisAgo);
    if (at - this.#steadySince < GONE_MILLIS) return;
    const gone = [...this.#known.values()].filter(({ heardAt }) => at - heardAt > GONE_MILLIS);
    for (const { peer } of gone) this.#drop(peer.id, 'silent');
  }

  /** It was heard itself. */
  alive(id: string): void {
    this.#hear(id, this.#parts.clock.monotonic());
  }

  told(id: string, told: Told): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    const isChanged = known.told?.isTaking !== told.isTaking;
    known.told = told;
    if (isChanged) this.#parts.changed();
  }

  bye(id: string): void {
    this.#departed.add(id);
    const [oldest] = this.#departed;
    if (this.#departed.size > REMEMBERED_DEPARTED && oldest !== undefined) this.#departed.delete(oldest);
    this.#drop(id, 'left');
  }

  receive(from: string, message: unknown): void {
    this.alive(from);
    this.#known.get(from)?.line.receive(message);
  }

  close(): void {
    for (const { line } of this.#known.values()) line.close();
    this.#known.clear();
    this.#peers = [];
  }

  #hear(id: string, at: number): void {
    if (id === this.#parts.id || this.#departed.has(id)) return;
    const known = this.#known.get(id);
    if (known === undefined) this.#add(id, at);
    else known.heardAt = Math.max(known.heardAt, at);
  }

  #add(id: string, heardAt: number): void {
    const line = new PeerLine((message, failed) => this.#parts.send(id, message, failed));
    const peer: Peer = { id, channel: new Channel(line, QUESTION_MILLIS) };
    this.#known.set(id, { peer, line, heardAt, told: undefined });
    this.#peers = [...this.#peers, peer];
    this.#parts.log.info('a node has come', { node: id });
    for (const listener of this.#listeners) listener(peer);
    this.#parts.changed();
  }

  #drop(id: string, reason: 'silent' | 'left'): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    this.#known.delete(id);
    this.#peers = this.#peers.filter((peer) => peer !== known.peer);
    this.#parts.log.info('a node is gone', { node: id, reason });
    known.line.close();
    this.#parts.changed();
  }
}
