/**
 * What all nodes keep between the requests of one login: windows, passes for a second phase, tokens that have done their work.
 * All that is of one user is in that user's share, so that the tokens of a login are claimed together or not at all. A window
 * or pass lives until its end and a minute more, in which a node counts what became of it; a claimed token as long as it could
 * be answered. A window is changed by comparing: whoever was slower does it again with what stands there then.
 */
import { outcomesOfForwarded } from '../../chain/counting.ts';
import {
  countOpenQuestions,
  type Ended,
  type KeptPass,
  type NegotiationCounts,
  type NegotiationMemory,
  type OpenQuestions,
} from '../../chain/negotiation-memory.ts';
import { StoreWriteError } from '../../errors.ts';
import { EMPTY_WINDOW, endings, endOf, type NegotiationWindow } from '../../negotiation/window.ts';
import type { Clock, Secrets } from '../../ports.ts';
import { ALL_SHARES, SHARES } from '../../shares.ts';
import type { RedisConnection, RedisLink } from './connection.ts';
import type { KeySpace } from './keys.ts';
import { type Kept, PASS_FORM, type RecordForm, WINDOW_FORM } from './negotiations-records.ts';
import { KEEP_ENTRY, REPLACE_ENTRY, TAKE_ENTRIES } from './negotiations-scripts.ts';
import { shareOfPass, shareOfWindow } from './negotiations-shares.ts';
import { SpentTokens } from './negotiations-tokens.ts';
import { bytesOf, listOf, textsOf } from './replies.ts';
import { ShareQuota } from './share-quota.ts';

export interface RedisNegotiationsParts {
  readonly connection: RedisConnection;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Windows and passes of all nodes together, as many of each: above that, those that would end first give way. */
  readonly maxEntries: number;
  readonly ended: Ended;
  /** Hears the name of the memory in which something made room. */
  readonly evicted?: (memory: string) => void;
  /** How long a question can be answered, in milliseconds: the longest time-out of the policies that are known. */
  readonly answerableMillis?: () => number;
}

/** How long a window or pass can still be counted after its end: longer than all nodes are away together. */
const COUNTABLE_MILLIS = 60_000;
/** A change that others were faster than is tried again for so long, and so often. */
const CHANGE_MILLIS = 800;
const CHANGE_TRIES = 100;
/** Entries that are read or taken at once. */
const SLICE = 200;
const NOTHING = Buffer.alloc(0);
/** Later than every end. */
const NEVER = 2 ** 53;

/** A window or a pass by its name in the index, and where it stands. */
interface Place<T> {
  readonly form: RecordForm<T>;
  readonly share: number;
  readonly entry: string;
}

/** What stood at a place: the bytes, and what they say while it is not over. */
interface Found<T> {
  readonly bytes: Buffer;
  readonly kept: Kept<T> | undefined;
}

const WINDOW = 'window ';
const PASS = 'pass ';

export class RedisNegotiations implements NegotiationMemory, NegotiationCounts {
  readonly #parts: RedisNegotiationsParts;
  readonly #tokens: SpentTokens;
  readonly #quota: ShareQuota;
  #isSweeping = false;

  constructor(parts: RedisNegotiationsParts) {
    this.#parts = parts;
    this.#tokens = new SpentTokens(parts);
    this.#quota = new ShareQuota({
      link: this.#link(),
      most: Math.ceil((parts.maxEntries * 2) / SHARES),
      index: (share) => this.#index(share),
      end: (share, entries) => this.#giveWay(share, entries),
    });
  }

  async window(key: string): Promise<NegotiationWindow> {
    return (await this.#find(windowPlace(key))).kept?.content ?? EMPTY_WINDOW;
  }

  async keepWindow(key: string, vasp: string, window: NegotiationWindow): Promise<void> {
    await this.#keep(windowPlace(key), { vasp, until: endOf(window), content: window });
  }

  /** @throws StoreWriteError with `EBUSY` when others were faster all the time */
  async changeWindow(
    key: string,
    vasp: string,
    change: (window: NegotiationWindow) => NegotiationWindow,
  ): Promise<NegotiationWindow> {
    const { clock } = this.#parts;
    const place = windowPlace(key);
    const until = clock.monotonic() + CHANGE_MILLIS;
    let found = await this.#find(place);
    for (let tries = 0; tries < CHANGE_TRIES && clock.monotonic() <= until; tries++) {
      const before = found.kept?.content ?? EMPTY_WINDOW;
      const after = change(before);
      if (after === before) return before;
      const stands = await this.#replace(place, found.bytes, { vasp, until: endOf(after), content: after });
      if (stands === undefined) return before;
      found = await this.#asFound(place, stands);
    }
    throw new StoreWriteError('EBUSY');
  }

  async pass(key: string): Promise<KeptPass | undefined> {
    return (await this.#find(passPlace(key))).kept?.content;
  }

  async keepPass(key: string, vasp: string, pass: KeptPass, millis: number): Promise<void> {
    await this.#keep(passPlace(key), { vasp, until: this.#parts.clock.wall() + millis, content: pass });
  }

  async dropPass(key: string): Promise<void> {
    await this.#run(this.#parts.connection.requests, passPlace(key), NOTHING, 0);
  }

  spent(tokens: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#tokens.spent(tokens);
  }

  claim(tokens: readonly string[]): Promise<boolean> {
    return this.#tokens.claim(tokens);
  }

  release(tokens: readonly string[]): Promise<void> {
    return this.#tokens.release(tokens);
  }

  async openQuestions(): Promise<readonly OpenQuestions[]> {
    const now = this.#parts.clock.wall();
    const windows: { vasp: string; window: NegotiationWindow }[] = [];
    for (const share of ALL_SHARES) {
      for await (const entries of this.#entries(share, now)) {
        const names = entries.filter((entry) => entry.startsWith(WINDOW));
        if (names.length === 0) continue;
        const values = await this.#link().command('MGET', ...names.map((entry) => this.#key(share, entry)));
        for (const [index, entry] of names.entries()) {
          const kept = this.#read(WINDOW_FORM, entry, bytesOf(listOf(values)[index]));
          if (kept !== undefined) windows.push({ vasp: kept.vasp, window: kept.content });
        }
      }
    }
    return countOpenQuestions(windows, now);
  }

  /**
   * Takes what is over and tells what its questions came to; one node takes each. To be called about once a second by every
   * node. Never rejects: what could not be taken is taken next time.
   */
  async sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const now = this.#parts.clock.wall();
    await Promise.allSettled(ALL_SHARES.map((share) => this.#sweepShare(share, now)));
    this.#isSweeping = false;
  }

  async #sweepShare(share: number, now: number): Promise<void> {
    for (;;) {
      const over = await this.#link().command('ZRANGEBYSCORE', this.#index(share), '-inf', now, 'LIMIT', 0, SLICE);
      const entries = textsOf(over);
      if (entries.length > 0) await this.#end(this.#link(), share, entries, now);
      if (entries.length < SLICE) return;
    }
  }

  /**
   * Takes those of the entries that are over at a time, and tells what their questions came to. Gives which it took: others may
   * have been faster.
   */
  async #end(link: RedisLink, share: number, entries: readonly string[], endedBy: number): Promise<readonly string[]> {
    const keys = [this.#index(share), ...entries.map((entry) => this.#key(share, entry))];
    const taken = listOf(await link.run(TAKE_ENTRIES, keys, [endedBy, ...entries])).map(bytesOf);
    for (const [index, entry] of entries.entries()) this.#tell(entry, taken[index]);
    return entries.filter((_, index) => (taken[index]?.length ?? 0) > 0);
  }

  #tell(entry: string, bytes: Buffer | undefined): void {
    const now = this.#parts.clock.wall();
    if (entry.startsWith(WINDOW)) {
      const kept = this.#read(WINDOW_FORM, entry, bytes);
      if (kept !== undefined) this.#tellAll(kept.vasp, endings(kept.content, new Map(), now));
    } else {
      const kept = this.#read(PASS_FORM, entry, bytes);
      if (kept === undefined) return;
      const { askedIn, outcomes } = kept.content;
      this.#tellAll(kept.vasp, outcomesOfForwarded(askedIn, outcomes, 'nothing', now));
    }
  }

  #tellAll(vasp: string, outcomes: readonly { readonly policy: string; readonly outcome: string }[]): void {
    for (const { policy, outcome } of outcomes) this.#parts.ended(vasp, policy, outcome);
  }

  async #find<T>(place: Place<T>): Promise<Found<T>> {
    const { requests } = this.#parts.connection;
    return this.#asFound(place, bytesOf(await requests.command('GET', this.#key(place.share, place.entry))) ?? NOTHING);
  }

  /** What is over ends here and now, so that nobody finds it again. */
  async #asFound<T>({ form, share, entry }: Place<T>, bytes: Buffer): Promise<Found<T>> {
    const kept = this.#read(form, entry, bytes);
    const now = this.#parts.clock.wall();
    if (kept === undefined || now < kept.until) return { bytes, kept };
    await this.#end(this.#parts.connection.requests, share, [entry], now);
    return { bytes: NOTHING, kept: undefined };
  }

  #read<T>(form: RecordForm<T>, entry: string, bytes: Buffer | undefined): Kept<T> | undefined {
    return bytes === undefined || bytes.length === 0 ? undefined : form.read(this.#parts.secrets, entry, bytes);
  }

  async #keep<T>(place: Place<T>, kept: Kept<T>): Promise<void> {
    await this.#run(this.#parts.connection.requests, place, this.#written(place, kept), kept.until);
  }

  /** Undefined when it was replaced; else what stands there. */
  async #replace<T>(place: Place<T>, stood: Buffer, kept: Kept<T>): Promise<Buffer | undefined> {
    const written = this.#written(place, kept);
    if (written.length === 0 && stood.length === 0) return undefined;
    return this.#run(this.#parts.connection.requests, place, written, kept.until, stood);
  }

  /** Empty when it is over already. */
  #written<T>({ form, entry }: Place<T>, kept: Kept<T>): Uint8Array {
    const { clock, secrets } = this.#parts;
    return kept.until <= clock.wall() ? NOTHING : form.write(secrets, entry, kept);
  }

  async #run<T>(
    link: RedisLink,
    { share, entry }: Place<T>,
    value: Uint8Array,
    until: number,
    stood?: Buffer,
  ): Promise<Buffer | undefined> {
    const lifeMillis = Math.max(1, Math.ceil(until - this.#parts.clock.wall())) + COUNTABLE_MILLIS;
    const script = stood === undefined ? KEEP_ENTRY : REPLACE_ENTRY;
    const more = stood === undefined ? [] : [stood];
    const reply = await link.run(
      script,
      [this.#key(share, entry), this.#index(share)],
      [entry, value, until, lifeMillis, ...more],
    );
    if (typeof reply !== 'number') return bytesOf(reply);
    this.#quota.counted(share, reply);
    return undefined;
  }

  /** What has to make room for others has come to nothing. */
  async #giveWay(share: number, entries: readonly string[]): Promise<void> {
    for (const entry of await this.#end(this.#link(), share, entries, NEVER)) {
      this.#parts.evicted?.(entry.startsWith(WINDOW) ? 'negotiations' : 'second-phases');
    }
  }

  /** The names of what ends after a time, some at a time. */
  async *#entries(share: number, after: number): AsyncGenerator<readonly string[]> {
    for (let from = 0; ; from += SLICE) {
      const range = [`(${after}`, '+inf', 'LIMIT', from, SLICE];
      const entries = textsOf(await this.#link().command('ZRANGEBYSCORE', this.#index(share), ...range));
      if (entries.length > 0) yield entries;
      if (entries.length < SLICE) return;
    }
  }

  #link(): RedisLink {
    return this.#parts.connection.background;
  }

  #key(share: number, entry: string): string {
    return this.#parts.keys.inShare(share, 'login', entry);
  }

  #index(share: number): string {
    return this.#parts.keys.inShare(share, 'login-ends');
  }
}

function windowPlace(key: string): Place<NegotiationWindow> {
  return { form: WINDOW_FORM, share: shareOfWindow(key), entry: WINDOW + key };
}

function passPlace(key: string): Place<KeptPass> {
  return { form: PASS_FORM, share: shareOfPass(key), entry: PASS + key };
}
