/**
 * What may be let through, said independently of the gateway: from what went out to a phone, what it answered and what the
 * VASP said, and from nothing that the gateway keeps. It allows what any set in force so far would allow, so it is lenient
 * about which set a login is under, and strict about everything else.
 */
import type { OffLinePolicy, PolicySet } from '../../gateway/policy/model.ts';
import type { Answer, Asked } from './world.ts';

/** An answer that the oracle has found to be worth something. */
export interface Worth {
  readonly asked: Asked;
  readonly option: string | undefined;
}

/** An answer that the gateway took outside of a login, or with a login that it did not let through. */
export interface Held extends Worth {
  readonly cookie: string;
}

interface Remembered {
  readonly version: number;
  readonly option: string | undefined;
  readonly at: number;
}

/** A way in which a login may go through. */
export interface Way {
  /** The answers that it goes on. */
  readonly worth: readonly Worth[];
  /** The shortest time-out of what is decided by this login, for a second phase to follow; undefined: nothing is. */
  readonly decides: number | undefined;
}

export interface Attempt {
  readonly now: number;
  readonly cookie: string;
  readonly version: '1.1' | '1.3';
  readonly answers: readonly Answer[];
}

interface Challenged {
  readonly until: number;
  readonly worth: readonly Worth[];
  /** What the first phase carried, worth something or not: used up unless the second one is refused. */
  readonly tokens: readonly string[];
}

/** What is known of one phone. */
export class Oracle {
  readonly asked = new Map<string, Asked>();
  readonly #used = new Set<string>();
  readonly #remembered = new Map<string, Remembered>();
  #held: Held[] = [];
  /** Until when a second phase of this cookie may follow, and what the first one was let through on. */
  readonly #challenged = new Map<string, Challenged>();

  /** The answers that are worth something now. */
  worthOf({ answers, now }: Pick<Attempt, 'answers' | 'now'>): readonly Worth[] {
    return answers.flatMap(({ token, option, key }): readonly Worth[] => {
      const asked = this.asked.get(token);
      if (asked === undefined || this.#used.has(token)) return [];
      const { policy } = asked;
      if (now - asked.at >= policy.timeoutMillis) return [];
      if (policy.verification?.kind === 'in-text' && key?.trim().toLowerCase() !== policy.verification.key) return [];
      if (policy.options.length === 0) return [{ asked, option: undefined }];
      const chosen = option === undefined ? undefined : policy.options[Number(option) - 1];
      return chosen === undefined ? [] : [{ asked, option: chosen.id }];
    });
  }

  hold(worth: readonly Worth[], cookie: string): void {
    // Of two answers to one question the first counts.
    const first = worth.filter((one, at) => worth.findIndex(({ asked }) => asked.policy === one.asked.policy) === at);
    this.#held.push(...first.map((one) => ({ ...one, cookie })));
  }

  /** Every way in which some set in force so far lets this attempt through; empty: none does. */
  waysThrough(sets: readonly PolicySet[], attempt: Attempt): readonly Way[] {
    // A second phase goes on what the first one went on, whatever it carries itself.
    const challenged = this.#challenged.get(attempt.cookie);
    if (challenged !== undefined && attempt.now < challenged.until)
      return [{ worth: challenged.worth, decides: undefined }];
    const worth = this.worthOf(attempt);
    const held = this.#held.filter(
      ({ asked, cookie }) =>
        cookie === attempt.cookie &&
        !this.#used.has(asked.token) &&
        attempt.now - asked.at < asked.policy.timeoutMillis,
    );
    return sets.flatMap((set) => {
      const spoken = set.policies
        .filter(({ mode }) => mode === 'enforce')
        .map((policy) => this.#spokenFor(policy, set, worth, held, attempt));
      if (spoken.some((one) => one === undefined)) return [];
      const decided = spoken.flatMap((one) => one?.decides ?? []);
      return [
        {
          worth: spoken.flatMap((one) => one?.worth ?? []),
          decides: decided.length === 0 ? undefined : Math.min(...decided),
        },
      ];
    });
  }

  /** What speaks for one policy: an answer, or something other than an answer; undefined: nothing does. */
  #spokenFor(
    policy: OffLinePolicy,
    set: PolicySet,
    worth: readonly Worth[],
    held: readonly Worth[],
    { now, version, answers }: Attempt,
  ): Way | undefined {
    const isOfPolicy = ({ asked }: Worth): boolean => asked.policy.id === policy.id && asked.set === set;
    // What is answered now counts before what is remembered, and that before what was answered earlier.
    const answered = worth.filter(isOfPolicy);
    const spoken =
      answered.length > 0 || this.#isRemembered(policy, now) ? answered : held.filter(isOfPolicy).slice(-1);
    if (spoken.some(({ option }) => option === 'none')) return undefined;
    if (spoken.length > 0) return { worth: spoken, decides: policy.timeoutMillis };
    if (this.#isRemembered(policy, now)) return { worth: [], decides: undefined };
    if (version !== '1.3') {
      return policy.withoutSystemMessages.kind === 'grant' ? { worth: [], decides: undefined } : undefined;
    }
    const everAsked = [...this.asked.values()].filter(({ policy: { id } }) => id === policy.id);
    if (!policy.requiresResponse && everAsked.length > 0) return { worth: [], decides: policy.timeoutMillis };
    const mayTimeOut =
      answers.some(({ token }) => this.asked.get(token)?.policy.id === policy.id) || everAsked.length > policy.resend;
    const timesOut = policy.onTimeout.kind === 'grant' && everAsked.length > 0 && mayTimeOut;
    return timesOut ? { worth: [], decides: policy.timeoutMillis } : undefined;
  }

  #isRemembered(policy: OffLinePolicy, now: number): boolean {
    const remembered = this.#remembered.get(policy.id);
    if (remembered === undefined || policy.ask.mode === 'every-login') return false;
    if (policy.ask.mode === 'once') return true;
    if (remembered.version !== policy.version) return false;
    return policy.ask.mode !== 'every' || now - remembered.at < policy.ask.everyMillis;
  }

  /** Whether an attempt is a second phase. */
  isChallenged({ cookie, now }: Attempt): boolean {
    const challenged = this.#challenged.get(cookie);
    return challenged !== undefined && now < challenged.until;
  }

  /** The VASP challenged a login that something was decided for: a second phase may follow until then. */
  challenged(cookie: string, worth: readonly Worth[], answers: readonly Answer[], until: number): void {
    const carried = [...worth.map(({ asked }) => asked.token), ...answers.map(({ token }) => token)];
    const tokens = carried.filter((token) => !this.#used.has(token));
    this.#challenged.set(cookie, { until, worth, tokens });
    this.usedUp(tokens);
  }

  /** The VASP did not accept a login: what it went on may be given again, with the right password. */
  refused(cookie: string): void {
    for (const token of this.#challenged.get(cookie)?.tokens ?? []) this.#used.delete(token);
    this.#challenged.delete(cookie);
    this.#held = [];
  }

  /** A login was denied, and with it every answer that waited for one is over. */
  denied(): void {
    this.usedUp(this.#held.map(({ asked }) => asked.token));
    this.#held = [];
  }

  /** These answers have had their chance: worthless ones when they were given, all of them when they led to a denial. */
  usedUp(tokens: readonly string[]): void {
    for (const token of tokens) this.#used.add(token);
  }

  /** The VASP accepted the login: its answers are used up, and remembered. */
  accepted(cookie: string, ways: readonly Way[], now: number): void {
    for (const { asked, option } of ways.flatMap(({ worth }) => worth)) {
      this.#used.add(asked.token);
      this.#remembered.set(asked.policy.id, { version: asked.policy.version, option, at: now });
    }
    this.#held = [];
    this.#challenged.delete(cookie);
  }
}
