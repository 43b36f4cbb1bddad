/**
 * Whether Redis is there. Once a command has had no answer in time, or the connection is lost, it counts as away, and nobody
 * waits for it any more; a probe asks it again and again until it answers in time, which ends that. A Cluster is in as many
 * parts as there are tags in its keys, each of which is on one machine: one part that is away leaves the others alone.
 */

export interface RedisStanding {
  /** From memory. @param key asks for the part of a Cluster that it is in; without one, whether any part is away */
  isAway(key?: string): boolean;
  /** Called when the first part goes away, and when the last one is back. */
  onChange(listener: (isAway: boolean) => void): void;
  /** Asks whatever is not known to be away, for as long as a command may take: whether all is there. */
  look(): Promise<boolean>;
}

/** Between two probes that failed. */
const PROBE_PAUSE_MILLIS = 100;

/** The part of whatever is in no part of its own: all of it, where there is no Cluster. */
export const WHOLE = '';

/** @param key of a Cluster: what stands in its first braces decides where it is */
export function partOf(key: unknown): string {
  if (typeof key !== 'string') return WHOLE;
  const begin = key.indexOf('{');
  const end = begin < 0 ? -1 : key.indexOf('}', begin);
  return end < 0 ? WHOLE : key.slice(begin + 1, end);
}

export class Standing implements RedisStanding {
  readonly #isCluster: boolean;
  readonly #probe: (part: string) => Promise<boolean>;
  /** Parts that are away, with the timer of the next probe where none is running. */
  readonly #away = new Map<string, NodeJS.Timeout | undefined>();
  readonly #known = new Set<string>([WHOLE]);
  readonly #listeners: ((isAway: boolean) => void)[] = [];
  #isClosed = false;

  /** @param probe whether a part answers in time; never rejects */
  constructor(isCluster: boolean, probe: (part: string) => Promise<boolean>) {
    this.#isCluster = isCluster;
    this.#probe = probe;
  }

  isAway(key?: string): boolean {
    return this.#away.size > 0 && (key === undefined || this.#away.has(this.partOf(key)));
  }

  /** The part that a key is in. */
  partOf(key: unknown): string {
    return this.#isCluster ? partOf(key) : WHOLE;
  }

  isPartAway(part: string): boolean {
    return this.#away.size > 0 && this.#away.has(part);
  }

  onChange(listener: (isAway: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async look(): Promise<boolean> {
    const parts = [...this.#known].filter((part) => !this.#away.has(part));
    const answers = await Promise.all(parts.map((part) => this.#probe(part)));
    for (const [at, part] of parts.entries()) if (answers[at] === false) this.lost(part);
    return this.#away.size === 0;
  }

  /** Something is sent to a part, so that {@link look} knows of it. */
  uses(part: string): void {
    if (this.#isCluster) this.#known.add(part);
  }

  /** A part gave no answer in time, or cannot be reached. */
  lost(part: string): void {
    if (this.#isClosed || this.#away.has(part)) return;
    this.#away.set(part, undefined);
    if (this.#away.size === 1) this.#tell(true);
    void this.#probing(part);
  }

  /** Nothing is probed any more, and nobody is told of anything. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#away.values()) clearTimeout(timer);
  }

  async #probing(part: string): Promise<void> {
    const isBack = await this.#probe(part);
    if (this.#isClosed) return;
    if (!isBack) {
      this.#away.set(
        part,
        setTimeout(() => void this.#probing(part), PROBE_PAUSE_MILLIS),
      );
      return;
    }
    this.#away.delete(part);
    if (this.#away.size === 0) this.#tell(false);
  }

  #tell(isAway: boolean): void {
    for (const listener of this.#listeners) listener(isAway);
  }
}
