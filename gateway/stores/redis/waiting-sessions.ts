/**
 * The sessions that the gateway itself holds, for all nodes. A session stands under the keyed hash of its user and client, which
 * its id begins with: of those sessions there is one at most, and a newer one takes the place of the older by being written. A
 * turn is a lock with a life, and what its owner made of the session is kept only while the lock is still the owner's. Keys
 * live as long as the session does; above a number in all, those that would end first give way. What is kept is sealed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Changed,
  WAITING_SESSION_PREFIX,
  type WaitingSession,
  type WaitingSessions,
} from '../../chain/conversation/waiting-sessions.ts';
import { StoreWriteError } from '../../errors.ts';
import type { Clock, Secrets } from '../../ports.ts';
import { ALL_SHARES, SHARES, shareOf } from '../../shares.ts';
import type { RedisConnection, RedisReply } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { numberOf, textsOf } from './replies.ts';
import { ShareQuota } from './share-quota.ts';
import { BEGIN_TURN, CANCEL_TURN, END_SESSION, FINISH_TURN, OPEN_SESSION } from './waiting-sessions-scripts.ts';

export interface RedisWaitingSessionsParts {
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Sessions of all nodes together. */
  readonly maxEntries: number;
  /** Hears the name of this memory when a session had to give way. */
  readonly evicted?: (memory: string) => void;
  /** Longer than any work on one message may take, and shorter than a phone waits. */
  readonly turnMillis?: number;
  /** How long a request waits for its turn. */
  readonly patienceMillis?: number;
}

const TURN_MILLIS = 10_000;
const PATIENCE_MILLIS = 800;
const FIRST_PAUSE_MILLIS = 3;
const LONGEST_PAUSE_MILLIS = 25;
const OWNER_BYTES = 12;
/** With the prefix and the hash as many characters as clients take [P1.2]. */
const CHANCE_BYTES = 10;
const CHANCE_CHARACTERS = 14;
const ID = new RegExp(`^${WAITING_SESSION_PREFIX.replace('.', '\\.')}([\\w-]{22})([\\w-]{${CHANCE_CHARACTERS}})$`);
const FORMAT = 1;

/** A session's place: the keyed hash of its user and client, and what tells it from the others that stood there. */
interface Place {
  readonly owner: string;
  readonly chance: string;
}

export class RedisWaitingSessions implements WaitingSessions {
  readonly #parts: RedisWaitingSessionsParts;
  readonly #quota: ShareQuota;

  constructor(parts: RedisWaitingSessionsParts) {
    this.#parts = parts;
    this.#quota = new ShareQuota({
      link: parts.connection.background,
      most: Math.ceil(parts.maxEntries / SHARES),
      index: (share) => this.#index(share),
      end: (_, owners) => this.#giveWay(owners),
    });
  }

  async open(session: WaitingSession): Promise<string> {
    const { connection, secrets } = this.#parts;
    const owner = this.#ownerOf(session.windowKey);
    const chance = Buffer.from(secrets.randomBytes(CHANCE_BYTES)).toString('base64url');
    const value = this.#written({ owner, chance }, session);
    const count = await connection.requests.run(OPEN_SESSION, this.#keys(owner), [owner, ...value]);
    this.#quota.counted(shareOf(owner), numberOf(count));
    return WAITING_SESSION_PREFIX + owner + chance;
  }

  /**
   * @throws StoreWriteError with `EBUSY` when the turn did not come in time, with `ETIMEDOUT` when the change took longer than
   *   a turn and nothing was changed
   */
  async inTurn<T>(sessionId: string, change: (session: WaitingSession | undefined) => Promise<Changed<T>>): Promise<T> {
    const [, owner, chance] = ID.exec(sessionId) ?? [];
    const place = owner === undefined || chance === undefined ? undefined : { owner, chance };
    const token = Buffer.from(this.#parts.secrets.randomBytes(OWNER_BYTES)).toString('base64url');
    const stood = place === undefined ? undefined : await this.#begin(place, token);
    if (place === undefined || stood === undefined) return (await change(undefined)).result;
    let changed: Changed<T>;
    try {
      changed = await change(this.#alive(place, stood));
    } catch (error) {
      await this.#cancel(place, token).catch(() => undefined);
      throw error;
    }
    const value = changed.session === undefined ? ['', 0, 0] : this.#written(place, changed.session);
    const args = [place.owner, ...value, place.chance, token];
    const finished = await this.#parts.connection.requests.run(FINISH_TURN, this.#keys(place.owner), args);
    if (finished !== 1) throw new StoreWriteError('ETIMEDOUT');
    return changed.result;
  }

  async end(windowKey: string): Promise<void> {
    const owner = this.#ownerOf(windowKey);
    await this.#parts.connection.requests.run(END_SESSION, this.#keys(owner), [owner]);
  }

  /** Every session as it is kept, for those who look at what is kept. */
  async kept(): Promise<readonly WaitingSession[]> {
    const { background } = this.#parts.connection;
    const sessions: WaitingSession[] = [];
    for (const share of ALL_SHARES) {
      for (const owner of textsOf(await background.command('ZRANGE', this.#index(share), 0, -1))) {
        const stood = await background.command('GET', this.#session(owner));
        if (!Buffer.isBuffer(stood)) continue;
        const chance = stood.toString('latin1', 0, CHANCE_CHARACTERS);
        sessions.push(...[this.#alive({ owner, chance }, stood) ?? []].flat());
      }
    }
    return sessions;
  }

  /** What stands there now that it is the caller's turn; undefined when there is no such session. */
  async #begin(place: Place, token: string): Promise<Buffer | undefined> {
    const { connection, turnMillis = TURN_MILLIS, patienceMillis = PATIENCE_MILLIS } = this.#parts;
    const until = performance.now() + patienceMillis;
    for (let pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
      let stood: RedisReply;
      try {
        stood = await connection.requests.run(BEGIN_TURN, this.#keys(place.owner), [place.chance, token, turnMillis]);
      } catch (error) {
        // It may have begun all the same, and nobody would end it.
        void this.#cancel(place, token).catch(() => undefined);
        throw error;
      }
      if (Buffer.isBuffer(stood)) return stood;
      if (stood === null) return undefined;
      if (performance.now() + pause > until) throw new StoreWriteError('EBUSY');
      await delay(pause);
    }
  }

  async #cancel({ owner }: Place, token: string): Promise<void> {
    await this.#parts.connection.background.run(CANCEL_TURN, this.#keys(owner), [token]);
  }

  async #giveWay(owners: readonly string[]): Promise<void> {
    const { connection, evicted } = this.#parts;
    const end = async (owner: string): Promise<void> => {
      // Another node may have ended it, or its time.
      if ((await connection.background.run(END_SESSION, this.#keys(owner), [owner])) === 1) evicted?.('conversations');
    };
    await Promise.all(owners.map(end));
  }

  /** The value, when it is over, and how long its key lives; an empty value for what is over already. */
  #written({ owner, chance }: Place, session: WaitingSession): [Uint8Array | string, number, number] {
    const { clock, secrets } = this.#parts;
    const millis = Math.ceil(session.expiresAt - clock.wall());
    if (millis <= 0) return ['', 0, 0];
    const sealed = secrets.seal(purpose(owner), JSON.stringify({ format: FORMAT, session }));
    return [Buffer.concat([Buffer.from(chance), sealed]), session.expiresAt, millis];
  }

  /** Undefined when its time is over, or it cannot be read. */
  #alive({ owner }: Place, stood: Buffer): WaitingSession | undefined {
    const { clock, secrets } = this.#parts;
    const text = secrets.unseal(purpose(owner), stood.subarray(CHANCE_CHARACTERS));
    if (text === undefined) return undefined;
    const { format, session }: { readonly format: number; readonly session: WaitingSession } = JSON.parse(text);
    return format === FORMAT && clock.wall() < session.expiresAt ? session : undefined;
  }

  #ownerOf(windowKey: string): string {
    return this.#parts.secrets.keyedHash('waiting session', windowKey);
  }

  #keys(owner: string): string[] {
    return [this.#session(owner), this.#parts.keys.of(owner, 'waiting-turn', owner), this.#index(shareOf(owner))];
  }

  #session(owner: string): string {
    return this.#parts.keys.of(owner, 'waiting', owner);
  }

  #index(share: number): string {
    return this.#parts.keys.inShare(share, 'waiting-ends');
  }
}

function purpose(owner: string): string {
  return `waiting session ${owner}`;
}
