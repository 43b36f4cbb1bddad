/**
 * Requests per second of a proxy's own processor time, and its memory: the gateway, inspecting and enforcing on every
 * message, beside http-proxy, nginx and haproxy. All run beside each other and are loaded in turn, round by round, so that
 * whatever else the machine does hits all; medians are compared [architecture §5].
 */
import { BASELINE, type Entrant, Field, installed, OURS } from './field.ts';
import { cpuSecondsOf, residentBytesOf } from './process-usage.ts';
import { end } from './programs.ts';
import type { Progress } from './progress.ts';
import { median, medianRatio } from './statistics.ts';
import type { Row } from './table.ts';

const CONNECTIONS = 32;

interface Plan {
  /** Fresh processes of all: how well the compiler of hot code did differs from one process to the next. */
  readonly generations: number;
  /** For each generation. */
  readonly rounds: number;
  readonly requests: number;
  /** Long enough for the compiler of hot code to be done: what it takes is paid once in a process's life. */
  readonly warmUpRequests: number;
}

const FULL: Plan = { generations: 3, rounds: 5, requests: 20_000, warmUpRequests: 60_000 };
const QUICK: Plan = { generations: 2, rounds: 4, requests: 8_000, warmUpRequests: 30_000 };
/** For what compiles nothing: connections opened, caches filled. */
const SHORT_WARM_UP = 5_000;
/** They answer more in the same time, and the gauge is as fine for all. */
const QUICKER = 2;

/** What was measured of one proxy, round by round, over all of its processes. */
interface Measured {
  readonly rates: number[];
  readonly residentBytes: number[];
}

export async function benchProxy(isQuick: boolean, progress: Progress): Promise<Row[]> {
  const plan = isQuick ? QUICK : FULL;
  const contenders = installed();
  const measured = new Map<string, Measured>();
  for (const { name } of contenders) measured.set(name, { rates: [], residentBytes: [] });
  const field = await Field.open();
  for (let generation = 1; generation <= plan.generations; generation += 1) {
    progress(`proxy: processes ${generation} of ${plan.generations} warm up`);
    const entrants = await field.start(contenders);
    for (const entrant of entrants) {
      await measure(field, entrant, entrant.contender.compilesHotCode ? plan.warmUpRequests : SHORT_WARM_UP);
    }
    for (let round = 1; round <= plan.rounds; round += 1) {
      progress(`proxy: processes ${generation} of ${plan.generations}, round ${round} of ${plan.rounds}`);
      for (const entrant of round % 2 === 0 ? entrants : entrants.toReversed()) {
        const rate = await measure(field, entrant, plan.requests * (entrant.contender.compilesHotCode ? 1 : QUICKER));
        measured.get(entrant.contender.name)?.rates.push(rate);
      }
    }
    for (const { contender, child } of entrants) {
      measured.get(contender.name)?.residentBytes.push(residentBytesOf(child.pid ?? 0));
      await end(child);
    }
  }
  await field.close();
  return rowsOf(measured);
}

/** Requests per second of the processor time of all its processes. */
async function measure(field: Field, { contender, child, port }: Entrant, requests: number): Promise<number> {
  const pid = child.pid ?? 0;
  const before = cpuSecondsOf(pid);
  await field.load(contender.name, { kind: 'closed', port, connections: CONNECTIONS, requests });
  return requests / (cpuSecondsOf(pid) - before);
}

function rowsOf(measured: ReadonlyMap<string, Measured>): Row[] {
  const baseline = measured.get(BASELINE)?.rates ?? [];
  const all = [...measured];
  const rate = all.map(
    ([name, { rates }]): Row => ({
      name: `proxy: ${name}`,
      value: median(rates),
      unit: 'requests/CPU-s',
      ratio: { value: medianRatio(rates, baseline), to: BASELINE },
      better: 'higher',
    }),
  );
  const memory = all.map(
    ([name, { residentBytes }]): Row => ({
      name: `memory: ${name}`,
      value: median(residentBytes) / 2 ** 20,
      unit: 'MiB resident',
      better: 'lower',
    }),
  );
  const ours = medianRatio(measured.get(OURS)?.rates ?? [], baseline);
  const judged: Row = { name: `proxy: ${OURS} / ${BASELINE}`, value: ours, unit: 'times', better: 'higher' };
  return [...rate, judged, ...memory];
}
