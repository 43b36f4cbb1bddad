/**
 * What is kept between the requests of one login: windows, passes for a second phase, and tokens that have done their
 * work. All of it lives in memory, bounded in number and time, under keyed hashes; none of it is a record about a user.
 * The interface is asynchronous because nodes that share their logins share this too.
 */
import { LRUCache } from 'lru-cache';
import type { ForwardVerdict } from '../negotiation/verdict.ts';
import { EMPTY_WINDOW, endOf, type NegotiationWindow } from '../negotiation/window.ts';
import type { Clock } from '../ports.ts';

/** An acceptance that waits for the second phase of a four-way login [X17]. */
export type Pass = Pick<ForwardVerdict, 'granted' | 'levels' | 'remember' | 'decisions' | 'tokens' | 'outcomes'> & {
  readonly askedAt: number | undefined;
};

/** Called for every policy that was asked and never answered, when its window ends [X18]. */
export type TimedOut = (vasp: string, policy: string) => void;

export interface NegotiationMemory {
  window(key: string): Promise<NegotiationWindow>;
  /** Keeps a window until its last part is too old. */
  keepWindow(key: string, vasp: string, window: NegotiationWindow): Promise<void>;
  pass(key: string): Promise<Pass | undefined>;
  keepPass(key: string, pass: Pass, millis: number): Promise<void>;
  dropPass(key: string): Promise<void>;
  /** Those of the tokens that were claimed before. */
  spent(tokens: readonly string[]): Promise<ReadonlySet<string>>;
  /** Claims tokens for one login: false, and nothing claimed, when any of them is claimed already. */
  claim(tokens: readonly string[]): Promise<boolean>;
  /** Gives tokens back whose login the VASP did not accept. */
  release(tokens: readonly string[]): Promise<void>;
}

interface KeptWindow {
  readonly vasp: string;
  readonly window: NegotiationWindow;
  readonly until: number;
}

export class MemoryNegotiations implements NegotiationMemory {
  readonly #windows: LRUCache<string, KeptWindow>;
  readonly #passes: LRUCache<string, { readonly pass: Pass; readonly until: number }>;
  readonly #spent: LRUCache<string, true>;
  readonly #clock: Clock;
  readonly #timedOut: TimedOut;

  /** @param maxEntries of each kind; the longest unused goes first. */
  constructor(clock: Clock, maxEntries: number, timedOut: TimedOut) {
    this.#clock = clock;
    this.#timedOut = timedOut;
    this.#windows = new LRUCache({ max: maxEntries });
    this.#passes = new LRUCache({ max: maxEntries });
    this.#spent = new LRUCache({ max: maxEntries * 4 });
  }

  async window(key: string): Promise<NegotiationWindow> {
    const kept = this.#windows.get(key);
    return kept === undefined || this.#clock.wall() >= kept.until ? EMPTY_WINDOW : kept.window;
  }

  async keepWindow(key: string, vasp: string, window: NegotiationWindow): Promise<void> {
    const until = endOf(window);
    if (until <= this.#clock.wall()) this.#windows.delete(key);
    else this.#windows.set(key, { vasp, window, until });
  }

  async pass(key: string): Promise<Pass | undefined> {
    const kept = this.#passes.get(key);
    return kept === undefined || this.#clock.wall() >= kept.until ? undefined : kept.pass;
  }

  async keepPass(key: string, pass: Pass, millis: number): Promise<void> {
    this.#passes.set(key, { pass, until: this.#clock.wall() + millis });
  }

  async dropPass(key: string): Promise<void> {
    this.#passes.delete(key);
  }

  async spent(tokens: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(tokens.filter((token) => this.#spent.has(token)));
  }

  async claim(tokens: readonly string[]): Promise<boolean> {
    const distinct = new Set(tokens);
    for (const token of distinct) if (this.#spent.has(token)) return false;
    for (const token of distinct) this.#spent.set(token, true);
    return true;
  }

  async release(tokens: readonly string[]): Promise<void> {
    for (const token of tokens) this.#spent.delete(token);
  }

  /** Drops what is too old and reports the questions that nobody answered. To be called about once a second. */
  sweep(): void {
    const now = this.#clock.wall();
    for (const [key, kept] of this.#windows.entries()) {
      if (now < kept.until) continue;
      this.#windows.delete(key);
      const answered = new Set(kept.window.held.map(({ policyId }) => policyId));
      for (const policy of kept.window.asked.keys()) if (!answered.has(policy)) this.#timedOut(kept.vasp, policy);
    }
    for (const [key, { until }] of this.#passes.entries()) if (now >= until) this.#passes.delete(key);
  }
}
