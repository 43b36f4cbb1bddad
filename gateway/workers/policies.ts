/**
 * Policy sets in several processes: the primary alone watches the folder and decides which set is in force; it sends the
 * files to the workers and waits until the set is in force there. A worker that starts gets every set that a negotiation
 * may still be under, so that it finishes what others began [policy-files §6].
 */
import type { PolicySpread } from '../policies/control.ts';
import type { ParseFiles } from '../policies/reading.ts';
import { LivePolicySets, type PolicySets } from '../policy/live-sets.ts';
import type { PolicyFile, PolicySet } from '../policy/model.ts';
import type { Clock, Log } from '../ports.ts';

/** A set as it crosses: its files are read again, because globs and conditions are functions. */
export interface SentSet {
  readonly hash: string;
  readonly files: readonly PolicyFile[];
  /** When it came in force, in wall-clock milliseconds. */
  readonly at: number;
}

/** What every worker answers to the primary. */
export interface PolicyNews {
  /** Resolves when the set is in force. */
  inForce(set: SentSet): Promise<void>;
}

/** The primary's side: keeps the files of the sets that are live, and sends each new one to all workers. */
export class PolicySender implements PolicySpread {
  readonly #clock: Pick<Clock, 'wall'>;
  readonly #send: (set: SentSet) => Promise<void>;
  /** The one in force last. */
  #sent: readonly SentSet[] = [];

  /** @param send to every worker; resolves when all have answered, or had their time. */
  constructor(clock: Pick<Clock, 'wall'>, send: (set: SentSet) => Promise<void>) {
    this.#clock = clock;
    this.#send = send;
  }

  async inForce({ hash }: PolicySet, files: readonly PolicyFile[]): Promise<void> {
    const set = { hash, files, at: this.#clock.wall() };
    this.#sent = [...this.#sent.filter((one) => one.hash !== hash), set];
    await this.#send(set);
  }

  /** The sets that a new worker begins with, the one in force last; `live` are those that are kept. */
  current(live: readonly PolicySet[]): readonly SentSet[] {
    const hashes = new Set(live.map(({ hash }) => hash));
    this.#sent = this.#sent.filter(({ hash }) => hashes.has(hash));
    return this.#sent;
  }
}

/** A worker's side: the sets that the primary has sent. */
export class ReceivedPolicies implements PolicyNews {
  readonly sets: PolicySets;
  readonly #sets: LivePolicySets;
  readonly #parse: ParseFiles;
  readonly #log: Log;

  /**
   * @param sent the one in force last; at least one
   * @throws {RangeError} when none of them can be read
   */
  constructor(parse: ParseFiles, sent: readonly SentSet[], log: Log) {
    this.#parse = parse;
    this.#log = log;
    let sets: LivePolicySets | undefined;
    for (const one of sent) {
      const set = this.#read(one);
      if (set === undefined) continue;
      if (sets === undefined) sets = new LivePolicySets(set);
      else sets.replace(set, one.at);
    }
    if (sets === undefined) throw new RangeError('no policy set to begin with');
    this.#sets = sets;
    this.sets = sets;
  }

  async inForce(sent: SentSet): Promise<void> {
    const set = this.#read(sent);
    if (set === undefined) return;
    const before = this.#sets.current().hash;
    if (this.#sets.replace(set, sent.at)) {
      this.#log.info('policies loaded', { by: 'primary', before: before.slice(0, 12), set: set.hash.slice(0, 12) });
    }
  }

  /** Lets go of what no negotiation can be under any more. To be called now and then. */
  sweep(now: number): void {
    this.#sets.sweep(now);
  }

  #read({ files, hash }: SentSet): PolicySet | undefined {
    const parsed = this.#parse(files);
    if (parsed.kind === 'valid') return parsed.set;
    this.#log.error('policies not loaded, those in force stay', {
      by: 'primary',
      problems: parsed.problems.length,
      set: hash.slice(0, 12),
    });
    return undefined;
  }
}
