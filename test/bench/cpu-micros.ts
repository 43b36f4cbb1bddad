/** How long a call takes in processor time, which other work on the machine disturbs less than the clock. */
import { median } from './statistics.ts';

const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;

/** The median of the rounds, in microseconds a call. Each work's rounds follow those of the others in turn. */
export function cpuMicros(calls: number, works: readonly (() => void)[]): number[] {
  const rounds = works.map((): number[] => []);
  for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round += 1) {
    for (const [index, work] of works.entries()) {
      const start = process.cpuUsage();
      for (let call = 0; call < calls; call += 1) work();
      const { user, system } = process.cpuUsage(start);
      if (round >= WARM_UP_ROUNDS) rounds[index]?.push((user + system) / calls);
    }
  }
  return rounds.map(median);
}
