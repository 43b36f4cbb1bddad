/**
 * One share as this node has it or not: taken, held and given up, one after the other and never two at a time. It is held
 * only while its lease is sure to live: somewhat shorter than it lives in Redis, counted from before it was asked for.
 */
import { errorCode } from '../error-code.ts';
import type { ShareHolder } from '../node-ports.ts';
import type { Clock, Log } from '../ports.ts';
import { LEASE_MILLIS, type Leases } from './leases.ts';

export interface OwnShareParts {
  readonly share: number;
  readonly leases: Leases;
  readonly holder: ShareHolder;
  readonly clock: Clock;
  readonly log: Log;
  /** Another one every time. */
  readonly newToken: () => string;
  /** It is held from now on. */
  readonly taken: () => void;
  /** It was held, and is not any more; the lease is given back as far as that was possible. */
  readonly freed: () => void;
  /** Its lease is over though nobody gave it up; `freed` follows when it was ended. */
  readonly lost: () => void;
  /** Somebody else holds it. */
  readonly elsewhere: (token: string) => void;
}

export type Phase = 'idle' | 'taking' | 'held' | 'ending';

interface Lease {
  readonly token: string;
  /** Monotonic milliseconds. */
  until: number;
}

/** Clocks differ, and what was decided before the end has to get to Redis. */
const MARGIN_MILLIS = 500;
const RENEW_MILLIS = 1_000;
/** After somebody else was found to hold it. */
const LOOK_AGAIN_MILLIS = 500;
/** After taking it has failed. */
const PAUSE_MILLIS = 1_000;

export class OwnShare {
  readonly #parts: OwnShareParts;
  #phase: Phase = 'idle';
  #lease: Lease | undefined;
  #isRenewing = false;
  /** Monotonic milliseconds. */
  #renewedAt = 0;
  #pausedUntil = 0;
  #elsewhereUntil = 0;

  constructor(parts: OwnShareParts) {
    this.#parts = parts;
  }

  get phase(): Phase {
    return this.#phase;
  }

  isHeld(): boolean {
    return this.#phase === 'held' && this.#lease !== undefined && this.#parts.clock.monotonic() < this.#lease.until;
  }

  /** Somebody says that it is free. */
  isFree(): void {
    this.#elsewhereUntil = 0;
  }

  /** Takes it if it is free; nothing when something is under way, or was found out a moment ago. */
  async take(): Promise<void> {
    const { share, holder, clock, log, taken } = this.#parts;
    if (this.#phase !== 'idle' || clock.monotonic() < Math.max(this.#pausedUntil, this.#elsewhereUntil)) return;
    this.#phase = 'taking';
    const lease = await this.#leased();
    if (lease === undefined) {
      this.#phase = 'idle';
      return;
    }
    this.#lease = lease;
    try {
      await holder.take(share, lease.token);
    } catch (error) {
      log.error('a share cannot be taken', { share, reason: errorCode(error) });
      this.#pausedUntil = clock.monotonic() + PAUSE_MILLIS;
      await this.#giveBack();
      this.#ended();
      return;
    }
    this.#phase = 'held';
    if (this.isHeld()) taken();
    else await this.giveUp();
  }

  /** Ends it; nothing when it is not held. */
  async giveUp(): Promise<void> {
    const { share, holder, log } = this.#parts;
    if (this.#phase !== 'held') return;
    this.#phase = 'ending';
    try {
      await holder.giveUp(share);
    } catch (error) {
      log.error('a share cannot be given up', { share, reason: errorCode(error) });
    }
    await this.#giveBack();
    this.#ended();
  }

  /** Renews the lease when it is time, and ends what has none any more; to be called some times a second. */
  look(): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    const now = this.#parts.clock.monotonic();
    if (now >= lease.until) this.#lost(lease);
    else if (!this.#isRenewing && now - this.#renewedAt >= RENEW_MILLIS) void this.#renew(lease);
  }

  async #leased(): Promise<Lease | undefined> {
    const { share, leases, clock, newToken, elsewhere } = this.#parts;
    const token = newToken();
    const at = clock.monotonic();
    try {
      const holder = await leases.take(share, token);
      this.#renewedAt = at;
      if (holder === token) return { token, until: at + LEASE_MILLIS - MARGIN_MILLIS };
      this.#elsewhereUntil = clock.monotonic() + LOOK_AGAIN_MILLIS;
      elsewhere(holder);
    } catch {
      // It may have been taken all the same.
      leases.release(share, token).catch(() => undefined);
      this.#elsewhereUntil = clock.monotonic() + LOOK_AGAIN_MILLIS;
    }
    return undefined;
  }

  async #renew(lease: Lease): Promise<void> {
    const { share, leases, clock } = this.#parts;
    const at = clock.monotonic();
    this.#isRenewing = true;
    this.#renewedAt = at;
    const isOurs = await leases.renew(share, lease.token).catch(() => undefined);
    this.#isRenewing = false;
    if (this.#lease !== lease || isOurs === undefined) return;
    // What has not been sure for a moment may have been given to others meanwhile.
    if (isOurs && clock.monotonic() < lease.until) lease.until = at + LEASE_MILLIS - MARGIN_MILLIS;
    else this.#lost(lease);
  }

  #lost({ token }: Lease): void {
    const { share, leases, lost } = this.#parts;
    this.#lease = undefined;
    lost();
    // Redis may be away: nobody waits for that.
    leases.release(share, token).catch(() => undefined);
    void this.giveUp();
  }

  async #giveBack(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    const { share, leases } = this.#parts;
    // When that fails the lease goes by itself.
    await leases.release(share, lease.token).catch(() => undefined);
    if (this.#lease === lease) this.#lease = undefined;
  }

  #ended(): void {
    this.#phase = 'idle';
    this.#parts.freed();
  }
}
