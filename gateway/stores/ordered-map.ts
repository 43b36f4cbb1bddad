/**
 * A map that can be gone through in slices, in the order of its keys, while it changes. The order is made when somebody
 * asks for it, and again after a key was added.
 */

export class OrderedMap<T> {
  readonly #values = new Map<string, T>();
  /** Sorted; keys that were deleted since may still stand here. */
  #order: readonly string[] | undefined;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    if (!this.#values.has(key)) this.#order = undefined;
    this.#values.set(key, value);
  }

  delete(key: string): boolean {
    const wasThere = this.#values.delete(key);
    if (this.#order !== undefined && this.#order.length > 2 * this.#values.size) this.#order = undefined;
    return wasThere;
  }

  /** In no order. */
  entries(): IterableIterator<[string, T]> {
    return this.#values.entries();
  }

  /** The next entries behind a key, in the order of their UTF-16 units; fewer than `limit` at the end. */
  slice(after: string | undefined, limit: number): [string, T][] {
    this.#order ??= [...this.#values.keys()].sort();
    const found: [string, T][] = [];
    for (let at = firstBehind(this.#order, after); at < this.#order.length && found.length < limit; at += 1) {
      const key = this.#order[at] ?? '';
      const value = this.#values.get(key);
      if (value !== undefined) found.push([key, value]);
    }
    return found;
  }
}

/** Where the keys behind `after` begin. */
function firstBehind(order: readonly string[], after: string | undefined): number {
  if (after === undefined) return 0;
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
