/** What is to be looked at when: keys by the second in which their time comes. Looking costs what is due, not what waits. */

export class Agenda {
  readonly #seconds = new Map<number, Set<string>>();
  /** The last second that was taken. */
  #taken: number | undefined;

  /** @param at milliseconds; a time that is past comes with the next look */
  add(key: string, at: number): void {
    const second = Math.max(Math.ceil(at / 1000), (this.#taken ?? Number.NEGATIVE_INFINITY) + 1);
    const keys = this.#seconds.get(second);
    if (keys === undefined) this.#seconds.set(second, new Set([key]));
    else keys.add(key);
  }

  /** Takes the keys whose time has come. A key may come although its matter is settled: whoever takes it looks again. */
  take(now: number): readonly string[] {
    const current = Math.floor(now / 1000);
    const taken = this.#taken ?? Math.min(current, ...this.#seconds.keys()) - 1;
    const keys: string[] = [];
    // After a long sleep there may be more seconds than entries.
    const seconds =
      current - taken > this.#seconds.size
        ? [...this.#seconds.keys()].filter((second) => second <= current).sort((a, b) => a - b)
        : Array.from({ length: Math.max(0, current - taken) }, (_, index) => taken + 1 + index);
    for (const second of seconds) {
      keys.push(...(this.#seconds.get(second) ?? []));
      this.#seconds.delete(second);
    }
    this.#taken = Math.max(current, this.#taken ?? current);
    return keys;
  }
}
