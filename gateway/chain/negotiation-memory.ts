/**
 * What is kept between the requests of one login: windows, passes for a second phase, and tokens that have done their
 * work. All of it lives in memory, bounded in number and time, under keyed hashes; none of it is a record about a user.
 * The interface is asynchronous because nodes that share their logins share this too.
 */
import { LRUCache } from 'lru-cache';
import type { ForwardVerdict } from '../negotiation/verdict.ts';
import { EMPTY_WINDOW, endings, endOf, type NegotiationWindow } from '../negotiation/window.ts';
import type { Clock } from '../ports.ts';
import { outcomesOfForwarded } from './counting.ts';

/** An acceptance that waits for the second phase of a four-way login [X17]. */
export type Pass = Pick<ForwardVerdict, 'granted' | 'levels' | 'remember' | 'decisions' | 'tokens' | 'outcomes'> & {
  readonly askedAt: number | undefined;
};

/** A pass as it is kept: with the window that it was given in, whose questions end with it. */
export type KeptPass = Pass & { readonly askedIn: NegotiationWindow };

/** Called for every question that ends by the clock: nobody answered it, or no login followed the answer [X18]. */
export type Ended = (vasp: string, policy: string, outcome: string) => void;

/** A policy that was asked and whose answer is waited for: in how many windows. */
export interface OpenQuestions {
  readonly vasp: string;
  readonly policy: string;
  readonly open: number;
}

/** Counts of the windows of all nodes, for people who look. */
export interface NegotiationCounts {
  /** By VASP and policy. Goes through all windows: for rare questions. */
  openQuestions(): Promise<readonly OpenQuestions[]>;
}

export interface NegotiationMemory {
  window(key: string): Promise<NegotiationWindow>;
  /** Changes a window as it stands, with no other change between; gives what it was before. */
  changeWindow(
    key: string,
    vasp: string,
    change: (window: NegotiationWindow) => NegotiationWindow,
  ): Promise<NegotiationWindow>;
  /** Keeps a window until its last part is too old, whatever it has become since it was read. */
  keepWindow(key: string, vasp: string, window: NegotiationWindow): Promise<void>;
  pass(key: string): Promise<KeptPass | undefined>;
  keepPass(key: string, vasp: string, pass: KeptPass, millis: number): Promise<void>;
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

interface KeptPassOfVasp {
  readonly vasp: string;
  readonly pass: KeptPass;
  readonly until: number;
}

/** What is still waited for in windows, by VASP and policy. */
export function countOpenQuestions(
  windows: Iterable<{ readonly vasp: string; readonly window: NegotiationWindow }>,
  now: number,
): readonly OpenQuestions[] {
  const counts = new Map<string, { readonly vasp: string; readonly policy: string; open: number }>();
  for (const { vasp, window } of windows) {
    const answered = new Set(window.held.map(({ policyId }) => policyId));
    for (const [policy, { since, timeoutMillis }] of window.asked) {
      if (answered.has(policy) || now - since >= timeoutMillis) continue;
      const key = `${vasp} ${policy}`;
      const count = counts.get(key) ?? { vasp, policy, open: 0 };
      count.open++;
      counts.set(key, count);
    }
  }
  return [...counts.values()];
}

export class MemoryNegotiations implements NegotiationMemory, NegotiationCounts {
  readonly #windows: LRUCache<string, KeptWindow>;
  readonly #passes: LRUCache<string, KeptPassOfVasp>;
  readonly #spent: LRUCache<string, true>;
  readonly #clock: Clock;
  readonly #ended: Ended;

  /**
   * @param maxEntries of each kind; the longest unused goes first.
   * @param evicted hears the name of the memory in which something made room
   */
  constructor(clock: Clock, maxEntries: number, ended: Ended, evicted: (memory: string) => void = () => {}) {
    this.#clock = clock;
    this.#ended = ended;
    // What has to make room for others has come to nothing.
    this.#windows = new LRUCache({
      max: maxEntries,
      dispose: (kept, _key, reason) => {
        if (reason !== 'evict') return;
        evicted('negotiations');
        this.#endWindow(kept);
      },
    });
    this.#passes = new LRUCache({
      max: maxEntries,
      dispose: (kept, _key, reason) => {
        if (reason !== 'evict') return;
        evicted('second-phases');
        this.#endPass(kept);
      },
    });
    this.#spent = new LRUCache({
      max: maxEntries * 4,
      dispose: (_kept, _key, reason) => {
        if (reason === 'evict') evicted('used-answers');
      },
    });
  }

  async window(key: string): Promise<NegotiationWindow> {
    return this.#windowNow(key);
  }

  async keepWindow(key: string, vasp: string, window: NegotiationWindow): Promise<void> {
    this.#keepNow(key, vasp, window);
  }

  async changeWindow(
    key: string,
    vasp: string,
    change: (window: NegotiationWindow) => NegotiationWindow,
  ): Promise<NegotiationWindow> {
    const before = this.#windowNow(key);
    this.#keepNow(key, vasp, change(before));
    return before;
  }

  async pass(key: string): Promise<KeptPass | undefined> {
    const kept = this.#passes.get(key);
    return kept === undefined || this.#isPassOver(key, kept) ? undefined : kept.pass;
  }

  async keepPass(key: string, vasp: string, pass: KeptPass, millis: number): Promise<void> {
    this.#passes.set(key, { vasp, pass, until: this.#clock.wall() + millis });
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

  async openQuestions(): Promise<readonly OpenQuestions[]> {
    return countOpenQuestions(this.#windows.values(), this.#clock.wall());
  }

  /** Drops what is too old and tells what its questions came to. To be called about once a second. */
  sweep(): void {
    for (const [key, kept] of this.#windows.entries()) this.#isOver(key, kept);
    for (const [key, kept] of this.#passes.entries()) this.#isPassOver(key, kept);
  }

  #windowNow(key: string): NegotiationWindow {
    const kept = this.#windows.get(key);
    return kept === undefined || this.#isOver(key, kept) ? EMPTY_WINDOW : kept.window;
  }

  #keepNow(key: string, vasp: string, window: NegotiationWindow): void {
    const until = endOf(window);
    if (until <= this.#clock.wall()) this.#windows.delete(key);
    else this.#windows.set(key, { vasp, window, until });
  }

  // What is over is taken out where it is ended, so that nothing ends twice.

  #isOver(key: string, kept: KeptWindow): boolean {
    if (this.#clock.wall() < kept.until) return false;
    this.#windows.delete(key);
    this.#endWindow(kept);
    return true;
  }

  #endWindow({ vasp, window }: KeptWindow): void {
    for (const { policy, outcome } of endings(window, new Map(), this.#clock.wall()))
      this.#ended(vasp, policy, outcome);
  }

  #endPass({ vasp, pass }: KeptPassOfVasp): void {
    const outcomes = outcomesOfForwarded(pass.askedIn, pass.outcomes, 'nothing', this.#clock.wall());
    for (const { policy, outcome } of outcomes) this.#ended(vasp, policy, outcome);
  }

  #isPassOver(key: string, kept: KeptPassOfVasp): boolean {
    if (this.#clock.wall() < kept.until) return false;
    this.#passes.delete(key);
    this.#endPass(kept);
    return true;
  }
}
