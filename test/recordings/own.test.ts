/**
 * Recordings made by hand after what real servers do, so that their quirks are met wherever the tests run: what becomes of
 * every step is written down in `own/expected.ts`, rule by rule. `unreadable` and the like are what the gateway answers itself.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningGateway } from '../../gateway/main.ts';
import { start, testConfig, vaspConfig } from '../main/running.ts';
import { EXPECTED } from './own/expected.ts';
import { readRecordings } from './recording.ts';
import { Replay } from './replay.ts';
import { ReplayVasp } from './wire.ts';
import { WORLDS } from './worlds.ts';

const RECORDINGS = readRecordings(join(import.meta.dirname, 'own'));

describe.each(WORLDS)('recordings of our own, $name', ({ name: world, policies, granted, choose }) => {
  let vasp: ReplayVasp;
  let gateway: RunningGateway;

  beforeAll(async () => {
    vasp = await ReplayVasp.listen();
    gateway = await start(testConfig({ policies: policies(), vasps: [vaspConfig('v', vasp.url)], useSandbox: false }));
  });

  afterAll(async () => {
    await gateway.stop();
    await vasp.close();
  });

  test.each(RECORDINGS.map((recording) => [recording.name, recording] as const))('%s', async (name, { steps }) => {
    const replay = new Replay({ port: gateway.listen.port, vasp, granted, choose });
    const problems: string[] = [];
    const rules: string[] = [];
    for (const step of steps) {
      const judged = await replay.play(step);
      problems.push(...judged.problems.map((problem) => `${step.number} ${step.title}: ${problem}`));
      rules.push(`${step.number} ${judged.rules.join(', ')}`);
    }
    expect(problems).toEqual([]);
    expect(rules).toEqual(EXPECTED[name]?.[world]);
  });
});
