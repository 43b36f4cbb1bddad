/**
 * The nearest known name to a misspelt one, for "did you mean". A suggestion is made only when it is a likely slip: a
 * third of the letters changed at most, two neighbouring letters swapped counting as one change, case as none.
 */

/** The known name that was probably meant; undefined when none is near. The first of several equally near ones. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = flatten(name);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const flat = flatten(candidate);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, flat.length) / 3));
    const distance = editDistance(wanted, flat);
    if (distance <= allowed && distance < bestDistance && distance < flat.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `time-out`, `time_out` and `timeOut` are one word to the person who wrote them. */
function flatten(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
