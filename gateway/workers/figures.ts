/**
 * What workers have counted, gathered for the metrics. Sums never go back: what a worker had counted that is gone stays in
 * them, up to what it told last, because a counter that falls looks to Prometheus like one that began anew.
 */
import { type MetricSnapshot, summed } from '../admin/metrics.ts';

/** A process that can be asked. */
export interface Counting {
  readonly pid: number;
  readonly figures: () => Promise<MetricSnapshot>;
}

/** Longer must nobody wait who scrapes. */
const ANSWER_MILLIS = 1_000;

export class Figures {
  readonly #last = new Map<number, MetricSnapshot>();
  readonly #silent: () => void;
  /** Of processes that are gone, as one. */
  #gone: Promise<MetricSnapshot> = Promise.resolve([]);

  /** @param silent called when a process does not answer in time */
  constructor(silent: () => void) {
    this.#silent = silent;
  }

  /** What all have counted; of one that is silent, what it told last. */
  async gather(processes: readonly Counting[]): Promise<readonly MetricSnapshot[]> {
    await Promise.all(processes.map((one) => this.#ask(one)));
    return [await this.#gone, ...this.#last.values()];
  }

  /** A process is gone. `last`: what it told when it went. */
  left(pid: number, last = this.#last.get(pid)): void {
    this.#last.delete(pid);
    if (last === undefined) return;
    const counted = last.filter(({ type }) => isCount(String(type)));
    this.#gone = this.#gone.then((before) => summed([before, counted]).getMetricsAsJSON());
  }

  async #ask({ pid, figures }: Counting): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ANSWER_MILLIS);
    });
    const told = await Promise.race([figures().catch(() => undefined), late]);
    clearTimeout(timer);
    if (told === undefined) this.#silent();
    else this.#last.set(pid, told);
  }
}

/** What is now is gone with the process; what has happened is not. */
function isCount(type: string): boolean {
  return type === 'counter' || type === 'histogram';
}
