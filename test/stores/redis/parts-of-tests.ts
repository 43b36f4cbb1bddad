/** Stores of shares for tests: over a Redis of the test's own, with what the other parts need from memory. */
import { StoreWriteError } from '../../../gateway/errors.ts';
import type { Store } from '../../../gateway/ports.ts';
import { ALL_SHARES } from '../../../gateway/shares.ts';
import { openMemoryStore } from '../../../gateway/stores/memory.ts';
import { parseRedisAddress } from '../../../gateway/stores/redis/address.ts';
import { openRedis, type RedisConnection, type RedisReply } from '../../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../../gateway/stores/redis/keys.ts';
import { RedisMailbox } from '../../../gateway/stores/redis/mailbox.ts';
import { RedisSystemMessages } from '../../../gateway/stores/redis/messages.ts';
import type { RedisScript } from '../../../gateway/stores/redis/script.ts';
import type { RedisShareParts } from '../../../gateway/stores/redis/share-parts.ts';

export type Opened = RedisShareParts & { readonly prefix: string };

/** The whole store of a gateway with keys of its own. */
export function openParts(url: string): Opened {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error('the address of the test is none');
  const keys = new KeySpace(address.prefix);
  const opened = openRedis(address);
  // What takes longer on a busy machine is not what these tests are about.
  const link = inOneSlot(opened.background);
  const connection = { ...opened, requests: link, background: link };
  return { connection, keys, shares: ALL_SHARES, token: '', prefix: address.prefix };
}

/** A Cluster refuses a script whose keys are not all in one slot. */
function inOneSlot(link: RedisConnection['requests']): RedisConnection['requests'] {
  return {
    command: (name, ...args) => link.command(name, ...args),
    async run(script, keys, args) {
      const tags = new Set(keys.map((key) => /\{(.+?)\}/.exec(key)?.[1]));
      if (tags.size !== 1 || tags.has(undefined)) throw new Error(`a script has keys of ${[...tags].join(' and ')}`);
      return link.run(script, keys, args);
    },
  };
}

export function storeOf(parts: Opened): Store {
  const [mailbox, systemMessages] = [new RedisMailbox(parts), new RedisSystemMessages(parts)];
  return { ...openMemoryStore(), mailbox, systemMessages, close: () => parts.connection.close() };
}

/** What a node has that holds a share; it holds it from now on. */
export async function held(parts: Opened, share: number, token: string): Promise<Opened> {
  await parts.connection.requests.command('SET', parts.keys.lease(share), token);
  return { ...parts, shares: [share], token };
}

/** Everything that lies in Redis, apart from who holds what and from lives, without the prefix. */
export async function contentsOf({ connection, prefix }: Opened): Promise<ReadonlyMap<string, string>> {
  const ask = async (name: string, ...args: readonly string[]) =>
    plain(await connection.background.command(name, ...args));
  const names = (await ask('KEYS', `${prefix}:*`)) as string[];
  const contents = new Map<string, string>();
  for (const name of names.sort()) {
    if (name.endsWith(':lease')) continue;
    const type = await ask('TYPE', name);
    const all =
      type === 'hash'
        ? await ask('HGETALL', name)
        : type === 'zset'
          ? await ask('ZRANGE', name, '0', '-1', 'WITHSCORES')
          : await ask('GET', name);
    contents.set(name.replaceAll(prefix, ''), JSON.stringify(type === 'hash' ? pairs(all) : all));
  }
  return contents;
}

/** Lives in milliseconds by key; -1 where there is none. */
export async function livesOf({ connection, prefix }: Opened): Promise<ReadonlyMap<string, number>> {
  const names = plain(await connection.background.command('KEYS', `${prefix}:*`)) as string[];
  const lives = names.map(async (name) => [name, Number(await connection.background.command('PTTL', name))] as const);
  return new Map(await Promise.all(lives));
}

/** A connection whose `which`-th script, from 0, is run, and its answer lost. */
export function losing(
  connection: RedisConnection,
  which: number,
): { readonly connection: RedisConnection; wasLost(): boolean } {
  let run = 0;
  const of = (link: RedisConnection['requests']): RedisConnection['requests'] => ({
    command: (name, ...args) => link.command(name, ...args),
    async run(script: RedisScript, keys, args) {
      const isLost = run++ === which;
      const reply = await link.run(script, keys, args);
      if (isLost) throw new StoreWriteError('ETIMEDOUT');
      return reply;
    },
  });
  const lossy = { ...connection, requests: of(connection.requests), background: of(connection.background) };
  return { connection: lossy, wasLost: () => run > which };
}

/** A connection on which somebody else does something just before a script runs for the first time. */
export function interrupted(
  connection: RedisConnection,
  by: RedisScript,
  work: () => Promise<unknown>,
): RedisConnection {
  let isDone = false;
  const { background } = connection;
  const link: RedisConnection['requests'] = {
    command: (name, ...args) => background.command(name, ...args),
    async run(script, keys, args) {
      const isFirst = script === by && !isDone;
      if (isFirst) {
        isDone = true;
        await work();
      }
      return background.run(script, keys, args);
    },
  };
  return { ...connection, requests: link, background: link };
}

function plain(reply: RedisReply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return typeof reply === 'object' && reply !== null ? reply.map(plain) : reply;
}

/** A hash in an order of its own. */
function pairs(all: unknown): unknown {
  const list = all as string[];
  const fields = list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : []));
  return fields.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}
