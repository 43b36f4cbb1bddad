/**
 * What was asked of a store and is not answered yet. A gateway of a test that is on a real store does not run on promises of
 * its own alone: before what it did is looked at, the store must have answered everything.
 */

export class Pending {
  readonly #asked = new Set<Promise<unknown>>();

  /** The same object; what its methods, and those of its parts, promise is waited for. */
  of<T extends object>(target: T): T {
    const parts = new Map<string | symbol, unknown>();
    return new Proxy(target, {
      get: (_target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        // What is no part and no method may be another one at every look.
        if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
        if (!parts.has(key)) parts.set(key, typeof value === 'function' ? this.#method(target, value) : this.of(value));
        return parts.get(key);
      },
    });
  }

  #method(target: object, method: object): (...args: readonly unknown[]) => unknown {
    return (...args) => {
      if (typeof method !== 'function') return undefined;
      const answer: unknown = Reflect.apply(method, target, args);
      if (answer instanceof Promise) this.#wait(answer);
      return answer;
    };
  }

  #wait(answer: Promise<unknown>): void {
    const over: Promise<unknown> = answer
      .catch(() => undefined)
      .then(() => {
        this.#asked.delete(over);
      });
    this.#asked.add(over);
  }

  /** Resolves when nothing is pending, and nothing comes of what was answered last. */
  async none(): Promise<void> {
    do {
      await Promise.all(this.#asked);
      // What follows from an answer runs on promises alone, so two rounds of the loop are enough.
      for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve));
    } while (this.#asked.size > 0);
  }
}
