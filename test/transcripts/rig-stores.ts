/**
 * The places where the gateway of a test keeps things: memory, LMDB in a directory of its own, or Redis under keys of its own.
 * With the store comes what keeps logins and conversations that are under way: with LMDB as with memory they are in the
 * gateway's own memory, and lost when it restarts; with Redis they are there, and outlive it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  MemoryWaitingSessions,
  type WaitingSession,
  type WaitingSessions,
} from '../../gateway/chain/conversation/waiting-sessions.ts';
import { type Ended, MemoryNegotiations, type NegotiationMemory } from '../../gateway/chain/negotiation-memory.ts';
import { MemorySetAside } from '../../gateway/chain/polling/set-aside.ts';
import type { Clock, Secrets, SetAside, Store } from '../../gateway/ports.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { openRedis, type RedisConnection } from '../../gateway/stores/redis/connection.ts';
import { KeySpace } from '../../gateway/stores/redis/keys.ts';
import { RedisNegotiations } from '../../gateway/stores/redis/negotiations.ts';
import { storeIn } from '../../gateway/stores/redis/open.ts';
import { RedisSetAside } from '../../gateway/stores/redis/set-aside.ts';
import { RedisWaitingSessions } from '../../gateway/stores/redis/waiting-sessions.ts';
import { seal } from '../stores/records-of-tests.ts';
import { addressOf } from '../stores/redis/opened.ts';
import { Pending } from './pending.ts';

export interface UnderWayParts {
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Sessions that the gateway holds itself at most. */
  readonly waitingSessions: number;
  readonly ended: Ended;
  /** Something that was set aside was dropped. */
  readonly dropped: () => void;
}

/** What one run of the gateway uses to keep what is under way. */
export interface RigUnderWay {
  readonly negotiations: NegotiationMemory;
  readonly waiting: WaitingSessions;
  readonly setAside: SetAside;
  /** Resolves when it may be used. */
  readonly ready: Promise<void> | undefined;
  /** The sessions that the gateway holds itself, as they are kept. */
  kept(): Promise<readonly WaitingSession[]>;
  sweep(): Promise<void>;
  /** The run is over. */
  close(): void;
}

export interface RigStore {
  readonly store: Store;
  readonly openUnderWay: (parts: UnderWayParts) => RigUnderWay;
  /** Several machines share such a store, so what is under way outlives a gateway. */
  readonly isShared: boolean;
  /** Resolves when nothing that was asked of the store is unanswered. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Opens one after the other, each empty. */
export interface RigStores {
  open(): RigStore;
  close(): Promise<void>;
}

const MOST_NEGOTIATIONS = 1_000;
/** How long a command may take is not what tests of behaviour are about. */
const PATIENT_MILLIS = 20_000;
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

export function openUnderWayInMemory(parts: UnderWayParts): RigUnderWay {
  const { clock, secrets, ended, dropped, waitingSessions } = parts;
  const negotiations = new MemoryNegotiations(clock, MOST_NEGOTIATIONS, ended);
  const waiting = new MemoryWaitingSessions(clock, secrets, waitingSessions);
  return {
    negotiations,
    waiting,
    setAside: new MemorySetAside({ waiting: () => {}, dropped }),
    ready: undefined,
    kept: async () => waiting.kept(),
    async sweep() {
      negotiations.sweep();
      waiting.sweep();
    },
    close() {},
  };
}

export const memoryStores: RigStores = {
  open() {
    const store = openMemoryStore();
    const settled = () => new Pending().none();
    return { store, openUnderWay: openUnderWayInMemory, isShared: false, settled, close: () => store.close() };
  },
  async close() {},
};

export function lmdbStores(): RigStores {
  const root = mkdtempSync(join(tmpdir(), 'sapgw-rig-'));
  let opened = 0;
  return {
    open() {
      const directory = join(root, String(opened++));
      const result = openLmdbStore(directory, NOW, seal);
      if (result.kind === 'failed') throw new Error(result.problem);
      const pending = new Pending();
      return {
        store: pending.of<Store>(result.store),
        openUnderWay: openUnderWayInMemory,
        isShared: false,
        settled: () => pending.none(),
        async close() {
          await result.store.close();
          rmSync(directory, { recursive: true });
        },
      };
    },
    async close() {
      rmSync(root, { recursive: true });
    },
  };
}

/** @param url of a server, as `RedisServer.url()` gives it */
export function redisStores(url: string): RigStores {
  const address = addressOf(url);
  const connection = openRedis(address, PATIENT_MILLIS);
  let opened = 0;
  return {
    open() {
      const pending = new Pending();
      const { requests, background } = connection;
      const watched = { ...connection, requests: pending.of(requests), background: pending.of(background) };
      const keys = new KeySpace(`${address.prefix}-${opened++}`);
      return {
        store: pending.of<Store>(storeIn(watched, keys, seal)),
        openUnderWay: (parts) => openUnderWayInRedis(watched, keys, parts),
        isShared: true,
        settled: () => pending.none(),
        close: async () => {},
      };
    },
    close: () => connection.close(),
  };
}

function openUnderWayInRedis(connection: RedisConnection, keys: KeySpace, parts: UnderWayParts): RigUnderWay {
  const { clock, secrets, ended, dropped, waitingSessions } = parts;
  const common = { connection, keys, clock, secrets };
  const negotiations = new RedisNegotiations({ ...common, maxEntries: MOST_NEGOTIATIONS, ended });
  const waiting = new RedisWaitingSessions({ ...common, maxEntries: waitingSessions });
  const events = { waiting: () => {}, changed: async () => {}, dropped };
  const setAside = new RedisSetAside({ ...common, events });
  return {
    negotiations,
    waiting,
    setAside,
    ready: setAside.forgetAll(),
    kept: () => waiting.kept(),
    sweep: () => negotiations.sweep(),
    close: () => setAside.close(),
  };
}
