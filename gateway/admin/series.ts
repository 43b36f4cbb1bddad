/**
 * Counters, gauges and histograms that cost next to nothing to count with: some run for every message. Values live in
 * plain objects, found label by label without building a key, and are handed to prom-client only when somebody scrapes.
 * The number of label combinations is bounded; what comes after the bound is counted under `other`.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface SeriesOptions {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly registry: Registry;
  /** What becomes of the values of several processes; they are added unless told. */
  readonly aggregator?: 'sum' | 'min' | 'max';
}

/** Label combinations of one metric. */
const MAX_SERIES = 5000;
const OTHER = 'other';

/** A value for each combination of labels. */
class LabelTree<Leaf extends object> {
  readonly #root = new Map<string, unknown>();
  readonly #depth: number;
  readonly #make: (labels: readonly string[]) => Leaf;
  readonly #isLeaf: (value: unknown) => value is Leaf;
  readonly all: Leaf[] = [];

  constructor(depth: number, make: (labels: readonly string[]) => Leaf, isLeaf: (value: unknown) => value is Leaf) {
    this.#depth = depth;
    this.#make = make;
    this.#isLeaf = isLeaf;
  }

  find(labels: readonly string[]): Leaf {
    let node: unknown = this.#root;
    for (const label of labels) node = node instanceof Map ? node.get(label) : undefined;
    return this.#isLeaf(node) ? node : this.#add(labels);
  }

  #add(labels: readonly string[]): Leaf {
    const full = this.all.length >= MAX_SERIES;
    const names = full ? labels.map(() => OTHER) : labels;
    let node = this.#root;
    for (const label of names.slice(0, -1)) {
      const below = node.get(label);
      const next: Map<string, unknown> = below instanceof Map ? below : new Map();
      node.set(label, next);
      node = next;
    }
    const last = names[this.#depth - 1] ?? '';
    const known = node.get(last);
    if (this.#isLeaf(known)) return known;
    const leaf = this.#make(names);
    node.set(last, leaf);
    this.all.push(leaf);
    return leaf;
  }
}

class Value {
  readonly labels: Readonly<Record<string, string>>;
  value = 0;

  constructor(names: readonly string[], values: readonly string[]) {
    this.labels = labelled(names, values);
  }
}

/** A counter; label values in the order of the names. */
export class FastCounter {
  readonly #tree: LabelTree<Value>;

  constructor({ name, help, labels, registry }: SeriesOptions) {
    const tree = valueTree(labels);
    this.#tree = tree;
    new Counter({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        for (const leaf of tree.all) this.inc(leaf.labels, leaf.value);
      },
    });
  }

  add(...labels: readonly string[]): void {
    this.#tree.find(labels).value++;
  }

  increase(by: number, ...labels: readonly string[]): void {
    this.#tree.find(labels).value += by;
  }

  /** Makes a series visible at 0, so that its first increase is seen as one. */
  prepare(...labels: readonly string[]): void {
    this.#tree.find(labels);
  }
}

/** A gauge; label values in the order of the names. */
export class FastGauge {
  readonly #tree: LabelTree<Value>;

  constructor({ name, help, labels, registry, aggregator = 'sum' }: SeriesOptions) {
    const tree = valueTree(labels);
    this.#tree = tree;
    new Gauge({
      name,
      help,
      aggregator,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        for (const leaf of tree.all) this.set(leaf.labels, leaf.value);
      },
    });
  }

  set(value: number, ...labels: readonly string[]): void {
    this.#tree.find(labels).value = value;
  }
}

class Distribution {
  readonly labels: Readonly<Record<string, string>>;
  /** How many fell into each bucket alone; the last is what is above every bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(names: readonly string[], values: readonly string[], buckets: number) {
    this.labels = labelled(names, values);
    this.counts = new Float64Array(buckets + 1);
  }
}

/** A histogram of seconds; label values in the order of the names. */
export class FastHistogram {
  readonly #bounds: readonly number[];
  readonly #tree: LabelTree<Distribution>;

  constructor({ buckets, ...options }: SeriesOptions & { readonly buckets: readonly number[] }) {
    const { labels } = options;
    const tree = new LabelTree(
      Math.max(1, labels.length),
      (values) => new Distribution(labels, values, buckets.length),
      (value) => value instanceof Distribution,
    );
    this.#bounds = buckets;
    this.#tree = tree;
    // A histogram without labels has its one series from the beginning.
    if (labels.length === 0) tree.find(['']);
    new CollectedHistogram(options, buckets, tree.all);
  }

  observe(seconds: number, label = ''): void {
    const series = this.#tree.find([label]);
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket++;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += seconds;
  }
}

/** What `get` of the base class looks for in every value. */
const NONE: Readonly<Record<string, string>> = {};

/** Lets prom-client name and write the values; it has no other way to take counts that were made elsewhere. */
class CollectedHistogram extends Histogram {
  readonly #options: SeriesOptions;
  readonly #bounds: readonly number[];
  readonly #all: readonly Distribution[];

  constructor(options: SeriesOptions, bounds: readonly number[], all: readonly Distribution[]) {
    const { name, help, labels, registry } = options;
    super({ name, help, labelNames: labels, buckets: [...bounds], registers: [registry] });
    this.#options = options;
    this.#bounds = bounds;
    this.#all = all;
  }

  /** The registry asks for this, and `get` of the base class builds on it. */
  async getForPromString() {
    const { name, help } = this.#options;
    const values = this.#all.flatMap((one) => this.#valuesOf(one));
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }

  #valuesOf({ labels, counts, sum }: Distribution) {
    const { name } = this.#options;
    let upTo = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, index) => {
      upTo += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, sharedLabels: NONE, value: upTo };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, sharedLabels: NONE, value: sum },
      { metricName: `${name}_count`, labels, sharedLabels: NONE, value: upTo },
    ];
  }
}

function valueTree(names: readonly string[]): LabelTree<Value> {
  return new LabelTree(
    names.length,
    (values) => new Value(names, values),
    (value) => value instanceof Value,
  );
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
