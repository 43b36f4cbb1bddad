/**
 * Several machines that share one store, as the wiring knows them: which are alive, how they talk, and which of them holds
 * which share of the users. What nodes tell each other goes through the store's engine, sealed, and is kept nowhere: a word
 * that is lost ends in a time-out, and a node that may have missed one drops what it remembers.
 */
import type { Channel } from './workers/channel.ts';

export interface Peer {
  readonly id: string;
  /** Questions and answers, as between the primary and a worker. Closed when the node is gone. */
  readonly channel: Channel;
}

export interface Nodes {
  /** This node's id: another one at every start. */
  readonly id: string;
  /** The other nodes that are alive, as far as is known. */
  peers(): readonly Peer[];
  peer(id: string): Peer | undefined;
  /** Called with every node that comes, before anything of it is answered: the place to serve it. Those that are there come first. */
  onPeer(listener: (peer: Peer) => void): void;
  /** Words to this node may have been lost: what it remembers of others' doings is to be dropped. */
  onGap(listener: () => void): void;
  /** Whether this node was heard of by the store's engine so lately that no word can have been missed for long. */
  isInTouch(): boolean;
  /** Says good-bye. */
  close(): Promise<void>;
}

/** What a node does with a share that it holds. */
export interface ShareHolder {
  /**
   * Begins; called when nobody else holds the share. One that rejects has left nothing behind, and is tried again later.
   * @param token for the store's scripts: it is refused there once another node holds the share
   */
  take(share: number, token: string): Promise<void>;
  /** Ends everything: nothing of the share is in the hands of this node when it resolves. Never rejects. */
  giveUp(share: number): Promise<void>;
}

export interface Shares {
  /** The id of the node that holds it, as far as is known. */
  holder(share: number): string | undefined;
  /** This node holds it, and may act for its users now. */
  isHeld(share: number): boolean;
  /**
   * Somebody else was found not to hold what he was thought to: the store is asked before this resolves. While a share goes
   * from one node to another nobody holds it, for milliseconds: {@link onMoved} tells of the next.
   * @throws StoreWriteError
   */
  look(share: number): Promise<string | undefined>;
  /** Called when a share has another holder, this node too. */
  onMoved(listener: (share: number) => void): void;
  /** Begins to take; resolves when every share has a holder, or after `millis`: whether all have. */
  begin(millis: number): Promise<boolean>;
  /** Gives all back and takes none any more; the others take them at once. */
  leave(): Promise<void>;
}

/** What is counted of nodes. */
export interface NodeMetrics {
  /** Alive, this one among them. */
  nodes(count: number): void;
  sharesHeld(count: number): void;
  /** A frame of another node was not taken. */
  nodeFrameDropped(reason: 'too-large' | 'unsealed' | 'malformed' | 'misdirected' | 'repeated'): void;
}
