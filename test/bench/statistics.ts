/** What the benchmarks make of their rounds: medians and quantiles. Pure. */

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest value that at least that share (0 to 1) of all values does not exceed; NaN of nothing. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The median of what each round's value is to the other's of the same round: what disturbed a round disturbed both. */
export function medianRatio(values: readonly number[], others: readonly number[]): number {
  return median(values.map((value, round) => value / (others[round] ?? Number.NaN)));
}

/** How much `values` rise for each step of `at`, by least squares. */
export function slope(at: readonly number[], values: readonly number[]): number {
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
  const [meanAt, meanValue] = [mean(at), mean(values)];
  let [above, below] = [0, 0];
  for (const [index, one] of at.entries()) {
    above += (one - meanAt) * ((values[index] ?? Number.NaN) - meanValue);
    below += (one - meanAt) ** 2;
  }
  return above / below;
}
