/**
 * Recordings of a real IMPS server, sent through a gateway over TCP in both directions, where they are at hand. Every step
 * of every recording is judged; `own.test.ts` proves the same of the quirks by recordings of the project's own.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { start, testConfig, vaspConfig } from '../main/running.ts';
import { readRecordings } from './recording.ts';
import { Replay } from './replay.ts';
import { ReplayVasp } from './wire.ts';
import { WORLDS } from './worlds.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/corpus/exchanges');

describe.each(WORLDS)('recordings of a real server, $name', ({ policies, granted, choose }) => {
  if (!existsSync(FOLDER)) {
    test('are not at hand', () => expect(existsSync(FOLDER)).toBe(false));
    return;
  }

  test('come out with the meaning that they had', async () => {
    const vasp = await ReplayVasp.listen();
    const gateway = await start(
      testConfig({ policies: policies(), vasps: [vaspConfig('v', vasp.url)], useSandbox: false }),
    );
    const problems: string[] = [];
    const counts = new Map<string, number>();
    try {
      for (const { name, steps } of readRecordings(FOLDER)) {
        const replay = new Replay({ port: gateway.listen.port, vasp, granted, choose });
        for (const step of steps) {
          // A request that was never finished, or an answer that never came, is a matter of time-outs.
          if (step.answer.kind === 'silence') continue;
          const judged = await replay.play(step);
          for (const rule of judged.rules) counts.set(rule, (counts.get(rule) ?? 0) + 1);
          problems.push(...judged.problems.map((problem) => `${name} ${step.number} ${step.title}: ${problem}`));
        }
      }
    } finally {
      await gateway.stop();
      await vasp.close();
    }
    expect(problems).toEqual([]);
    expect(counts.get('answer byte for byte [X3]')).toBeGreaterThan(300);
  });
});
