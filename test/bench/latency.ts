/**
 * What a proxy adds to the time of an answer, at fixed rates: the load sends by its schedule whatever comes back, and the same
 * load straight to the VASP, in the same round, is taken off. A rate that the machine cannot give, with the load and the VASP
 * on the same cores, is said and not measured.
 */
import { Field, installed } from './field.ts';
import { DIRECT, latencyRows } from './latency-rows.ts';
import type { OpenLoadReport } from './load.ts';
import { end } from './programs.ts';
import type { Progress } from './progress.ts';
import type { Row } from './table.ts';

const RATES = [500, 5_000];
const CONNECTIONS = 64;

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpRequests: number;
}

const FULL: Plan = { rounds: 8, seconds: 1.5, warmUpRequests: 40_000 };
const QUICK: Plan = { rounds: 4, seconds: 0.6, warmUpRequests: 20_000 };
const SHORT_WARM_UP = 5_000;

export async function benchLatency(isQuick: boolean, progress: Progress): Promise<Row[]> {
  const plan = isQuick ? QUICK : FULL;
  const field = await Field.open();
  progress('latency: warm up');
  const entrants = await field.start(installed());
  for (const { contender, port } of entrants) {
    const requests = contender.compilesHotCode ? plan.warmUpRequests : SHORT_WARM_UP;
    await field.load(contender.name, { kind: 'closed', port, connections: CONNECTIONS, requests });
  }
  const targets = [
    { name: DIRECT, port: field.vaspPort },
    ...entrants.map(({ contender, port }) => ({ name: contender.name, port })),
  ];
  field.prefer();
  const rows: Row[] = [];
  for (const rate of RATES) {
    const measured = new Map<string, OpenLoadReport[]>(targets.map(({ name }) => [name, []]));
    for (let round = 0; round < plan.rounds; round += 1) {
      progress(`latency: ${rate} requests/s, round ${round + 1} of ${plan.rounds}`);
      for (const { name, port } of round % 2 === 0 ? targets : targets.toReversed()) {
        const order = { kind: 'open', port, connections: CONNECTIONS, rate, seconds: plan.seconds } as const;
        measured.get(name)?.push(await field.load<OpenLoadReport>(name, order));
      }
    }
    rows.push(...latencyRows(rate, measured, plan.seconds));
  }
  for (const { child } of entrants) await end(child);
  await field.close();
  return rows;
}
