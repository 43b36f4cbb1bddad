/**
 * How frames get from node to node: sealed and numbered out, opened and judged in. Frames of one sender to one receiver keep
 * their order, because they go through one connection to one machine of Redis.
 */
import type { NodeMetrics } from '../node-ports.ts';
import type { Secrets } from '../ports.ts';
import type { RedisLink, RedisReply } from '../stores/redis/connection.ts';
import type { KeySpace } from '../stores/redis/keys.ts';
import { script } from '../stores/redis/script.ts';
import { ALL, openFrame, sealFrame } from './frames.ts';
import { HeardNumbers, SentNumbers } from './numbers.ts';

export interface WireParts {
  readonly id: string;
  readonly link: RedisLink;
  readonly isCluster: boolean;
  readonly keys: KeySpace;
  readonly secrets: Secrets;
  readonly metrics: Pick<NodeMetrics, 'nodeFrameDropped'>;
}

export interface HeardFrame {
  readonly from: string;
  readonly to: string;
  readonly message: unknown;
  /** One that was sent before it has not come. */
  readonly isMissing: boolean;
}

/** A Cluster hands a plain PUBLISH to any of its machines, a script to the one that its key is on. */
const PUBLISH = script(`return redis.call('PUBLISH', ARGV[1], ARGV[2])`);

export class Wire {
  readonly #parts: WireParts;
  readonly #sent = new SentNumbers();
  readonly #heard = new HeardNumbers();

  constructor(parts: WireParts) {
    this.#parts = parts;
  }

  /**
   * `failed` when it did not go out, or nobody listens. A number is used up by that, so that the receiver knows.
   * @throws what cannot be serialized or is too large
   */
  send(to: string, message: unknown, failed: () => void, went: () => void = () => undefined): void {
    const { id, secrets, keys } = this.#parts;
    // Numbered when it is certain that it can be sent.
    const number = this.#sent.last(to) + 1;
    const bytes = sealFrame(secrets, { from: id, to, number, message });
    this.#sent.next(to);
    this.#publish(keys.channel(to), bytes).then(
      // The machines of a Cluster each count their own listeners alone.
      (listeners) => (listeners === 0 && !this.#parts.isCluster ? failed() : went()),
      failed,
    );
  }

  sentTo(id: string): number {
    return this.#sent.last(id);
  }

  /** Undefined when it is dropped. */
  receive(bytes: Buffer): HeardFrame | undefined {
    const { id, secrets, metrics } = this.#parts;
    const opened = openFrame(secrets, bytes);
    if (opened.kind === 'dropped') {
      metrics.nodeFrameDropped(opened.reason);
      return undefined;
    }
    const { from, to, number, message } = opened.frame;
    if (to !== id && to !== ALL) {
      metrics.nodeFrameDropped('misdirected');
      return undefined;
    }
    // What was said to all before this node was there is none of its business; to itself nothing was said before.
    const judged = this.#heard.hear(`${from} ${to === ALL ? ALL : 'self'}`, number, to === ALL ? number : 1);
    if (judged === 'repeated') {
      metrics.nodeFrameDropped('repeated');
      return undefined;
    }
    return { from, to, message, isMissing: judged === 'missed' };
  }

  /** The sender says that it has sent so many frames to this node. */
  isBehind(from: string, sent: number): boolean {
    return this.#heard.isBehind(`${from} self`, sent);
  }

  #publish(channel: string, bytes: Uint8Array): Promise<RedisReply> {
    const { link, isCluster, keys } = this.#parts;
    return isCluster
      ? link.run(PUBLISH, [keys.at('common', 'nodes')], [channel, bytes])
      : link.command('PUBLISH', channel, bytes);
  }
}
