/** A phone whose messages go now to this node and now to that, as a balancer may send them. */
import { Handset, type HandsetOptions } from '../../gateway/sandbox/handset/handset.ts';
import { httpTransport, type Transport } from '../../gateway/sandbox/handset/transport.ts';
import type { GatewayNode } from './nodes.ts';

export class Roaming implements Transport {
  readonly #ways: readonly Transport[];
  #stays: number | undefined;
  #turn = 0;

  constructor(nodes: readonly GatewayNode[]) {
    this.#ways = nodes.map(({ url }) => httpTransport(url));
  }

  /** The messages from now on go to this node, counted from 0. */
  stay(node: number): void {
    this.#stays = node;
  }

  /** Each message goes to another node than the one before. */
  alternate(): void {
    this.#stays = undefined;
  }

  post(message: Parameters<Transport['post']>[0]): ReturnType<Transport['post']> {
    this.#turn += 1;
    const way = this.#ways[this.#stays ?? this.#turn % this.#ways.length];
    if (way === undefined) throw new Error('there is no such node');
    return way.post(message);
  }

  async close(): Promise<void> {
    await Promise.all(this.#ways.map((way) => way.close()));
  }
}

export interface RoamingPhone {
  readonly handset: Handset;
  readonly at: Roaming;
}

/** Of a sandbox user; alternates until it is told to stay. */
export function roamingPhone(
  nodes: readonly GatewayNode[],
  name: string,
  more: Omit<HandsetOptions, 'userId' | 'password'> = {},
): RoamingPhone {
  const at = new Roaming(nodes);
  const identity = { userId: `wv:${name}@sandbox`, password: 'secret', sessionCookie: `of-${name}` };
  return { at, handset: new Handset({ ...identity, ...more, transport: at }) };
}
