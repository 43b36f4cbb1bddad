/** Going through all that a store holds of something, a slice at a time, so that nothing else waits for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Gives the next entries behind a key, fewer than `limit` at the end; what it rejects with ends the going through. */
export interface Sliced<Entry> {
  slice(after: string | undefined, limit: number): Promise<readonly Entry[]>;
}

/**
 * What there is, in the order of its keys, in slices of which none is empty. Others get to work between two, and may change
 * what is there.
 *
 * @param limit of one slice: about a millisecond of work
 */
export async function* slicesOf<Entry>(
  source: Sliced<Entry>,
  limit: number,
  keyOf: (entry: Entry) => string,
): AsyncGenerator<readonly Entry[]> {
  for (let after: string | undefined; ; ) {
    const slice = await source.slice(after, limit);
    const last = slice.at(-1);
    if (last === undefined) return;
    yield slice;
    if (slice.length < limit) return;
    after = keyOf(last);
    await nextTurn();
  }
}

/** Those that are wanted among all entries, each under its key. */
export async function entriesWhere<Value>(
  source: Sliced<readonly [key: string, value: Value]>,
  limit: number,
  isWanted: (value: Value) => boolean,
): Promise<ReadonlyMap<string, Value>> {
  const found = new Map<string, Value>();
  for await (const slice of slicesOf(source, limit, ([key]) => key)) {
    for (const [key, value] of slice) if (isWanted(value)) found.set(key, value);
  }
  return found;
}

/** What one write transaction removes of messages or of what belongs to them: others wait some milliseconds for it. */
export const REMOVED_AT_ONCE = 25;

/** A list in pieces of at most `size`. */
export function piecesOf<Entry>(list: readonly Entry[], size: number): readonly (readonly Entry[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
}
