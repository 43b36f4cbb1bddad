/** Nodes of one gateway in one process, each with a way of its own to one Redis, and what a test sees of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { StoreWriteError } from '../../gateway/errors.ts';
import type { NodeMetrics, ShareHolder, Shares } from '../../gateway/node-ports.ts';
import { type OpenNodes, openNodes } from '../../gateway/nodes/open-nodes.ts';
import { openShares } from '../../gateway/nodes/open-shares.ts';
import type { Clock, Log, Secrets } from '../../gateway/ports.ts';
import { openSecrets } from '../../gateway/secrets.ts';
import { ALL_SHARES } from '../../gateway/shares.ts';
import { parseRedisAddress, type RedisAddress } from '../../gateway/stores/redis/address.ts';
import { openRedis, type RedisConnection, type RedisLink } from '../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../gateway/stores/redis/keys.ts';

export const clock: Clock = { wall: () => Date.now(), monotonic: () => performance.now() };

export function addressOf(url: string): RedisAddress {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error('not an address of Redis');
  return address;
}

export function secretsOf(key = 'k'): Secrets {
  const opened = openSecrets({ kind: 'keys', text: key.repeat(40) });
  if (opened.kind !== 'ready') throw new Error(opened.problem);
  return opened.secrets;
}

/** What came about in the end; a fuse that says what never did. */
export async function until(what: string, isSo: () => boolean, millis = 15_000): Promise<void> {
  const end = performance.now() + millis;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never came about: ${what}`);
    await delay(5);
  }
}

export interface TestNode {
  readonly nodes: OpenNodes;
  readonly shares: Shares;
  readonly connection: RedisConnection;
  /** The shares that its holder has begun and not ended, with their tokens. */
  readonly taken: ReadonlyMap<number, string>;
  /** What became of it, in turn. */
  readonly events: string[];
  readonly dropped: string[];
  gaps(): number;
  /** Nothing of it gets to Redis any more; false: again. */
  die(isDead?: boolean): void;
  /** The next so many frames that it publishes are lost on their way. */
  lose(frames: number): void;
  held(): readonly number[];
  /** As a program that stops. */
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly holder?: Partial<ShareHolder>;
  readonly secrets?: Secrets;
}

export class World {
  readonly address: RedisAddress;
  readonly keys: KeySpace;
  readonly all: TestNode[] = [];
  readonly #holding: TestNode[] = [];
  readonly #connections: RedisConnection[] = [];

  constructor(url: string) {
    this.address = addressOf(url);
    this.keys = new KeySpace(this.address.prefix);
  }

  async add(options: WorldOptions = {}): Promise<TestNode> {
    const connection = openRedis(this.address);
    this.#connections.push(connection);
    const fate = { isDead: false, lost: 0 };
    const doomed = doomedConnection(connection, fate);
    const events: string[] = [];
    const dropped: string[] = [];
    const log = logOf(events);
    const metrics: NodeMetrics = {
      nodes: () => undefined,
      sharesHeld: () => undefined,
      nodeFrameDropped: (reason) => dropped.push(reason),
    };
    const parts = { connection: doomed, keys: this.keys, clock, log, metrics };
    const nodes = await openNodes({ ...parts, address: this.address, secrets: options.secrets ?? secretsOf() });
    let gaps = 0;
    nodes.onGap(() => gaps++);
    const taken = new Map<number, string>();
    const holder: ShareHolder = {
      async take(share, token) {
        if (taken.has(share)) events.push(`share ${share} taken twice`);
        await options.holder?.take?.(share, token);
        taken.set(share, token);
      },
      async giveUp(share) {
        if (!taken.has(share)) events.push(`share ${share} given up without being taken`);
        await options.holder?.giveUp?.(share);
        taken.delete(share);
      },
    };
    const shares = openShares({ ...parts, nodes, holder });
    const node: TestNode = {
      ...{ nodes, shares, connection, taken, events, dropped },
      gaps: () => gaps,
      die: (isDead = true) => {
        fate.isDead = isDead;
      },
      lose: (frames) => {
        fate.lost = frames;
      },
      held: () => ALL_SHARES.filter((share) => shares.isHeld(share)),
      stop: async () => {
        await shares.leave();
        await nodes.close();
        await connection.close();
        this.all.splice(this.all.indexOf(node), 1);
        if (this.#holding.includes(node)) this.#holding.splice(this.#holding.indexOf(node), 1);
      },
    };
    this.all.push(node);
    return node;
  }

  /** Adds so many that hold shares, one after the other. */
  async addHolding(count: number): Promise<readonly TestNode[]> {
    const added: TestNode[] = [];
    for (let at = 0; at < count; at++) {
      const node = await this.add();
      void node.shares.begin(10_000);
      added.push(node);
    }
    await this.settled([...this.#holding, ...added]);
    this.#holding.push(...added);
    return added;
  }

  /** Every share has one holder, all nodes agree who it is, and none has too many. */
  async settled(nodes: readonly TestNode[] = this.#holding, millis?: number): Promise<void> {
    const most = Math.ceil(ALL_SHARES.length / nodes.length);
    const isSettled = (): boolean =>
      nodes.every(({ shares, held }) => {
        const isShared = nodes.length === 1 || held().length <= most;
        return isShared && ALL_SHARES.every((share) => ownerOf(nodes, share) === shares.holder(share));
      });
    await until(`all shares are in the hands of ${nodes.length} nodes`, isSettled, millis);
  }

  /** The nodes that say that they hold a share, where there is more than one. */
  doubles(): readonly string[] {
    return ALL_SHARES.flatMap((share) => {
      const holders = this.all.filter(({ shares }) => shares.isHeld(share)).length;
      return holders > 1 ? [`share ${share}: ${holders} holders`] : [];
    });
  }

  async close(): Promise<void> {
    for (const node of this.all) node.die(false);
    await Promise.all([...this.all].map((node) => node.stop()));
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

function ownerOf(nodes: readonly TestNode[], share: number): string {
  const owners = nodes.filter(({ shares }) => shares.isHeld(share)).map(({ nodes: { id } }) => id);
  return owners.length === 1 ? (owners[0] ?? '') : 'nobody, or several';
}

interface Fate {
  isDead: boolean;
  lost: number;
}

function doomedConnection(connection: RedisConnection, fate: Fate): RedisConnection {
  const linkOf = (link: RedisLink): RedisLink => ({
    async command(name, ...args) {
      if (fate.isDead) throw new StoreWriteError('ETIMEDOUT');
      if (name === 'PUBLISH' && fate.lost > 0) {
        fate.lost--;
        return 1;
      }
      return link.command(name, ...args);
    },
    async run(script, keys, args) {
      if (fate.isDead) throw new StoreWriteError('ETIMEDOUT');
      return link.run(script, keys, args);
    },
  });
  return { ...connection, requests: linkOf(connection.requests), background: linkOf(connection.background) };
}

function logOf(events: string[]): Log {
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    events.push([event, ...Object.values(fields)].join(' '));
  };
  return { info: line, warn: line, error: line };
}
