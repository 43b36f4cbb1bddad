/**
 * One operator message to everybody who is on-line, with the data path going on: every session is accounted for, and the
 * report of the API, the metrics, the records in the store and the phones say the same [the three levels of proof]. What it
 * costs the data path is printed; `messages-figures.ts` judges it, on a quiet machine. 50,000 sessions before a release.
 */
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../main/running.ts';
import { scaled } from '../scale.ts';
import { type Period, runMessages } from './messages-run.ts';

const SEED = Number(process.env.LOAD_SEED ?? 20_041_205);
const SESSIONS = scaled(2_000, 50_000);
const PER_SECOND = scaled(500, 1_000);

test(`a message to ${SESSIONS} sessions at ${PER_SECOND}/s: every one is accounted for (seed ${SEED})`, async () => {
  const { accounts, phones, strays, before, during, sendSeconds } = await runMessages({
    directory: temporaryFolder(),
    sessions: SESSIONS,
    perSecond: PER_SECOND,
    thinkingMillis: scaled(500, 4_000),
    reactionMillis: 0,
    wheelMillis: scaled(500, 5_000),
    expiresSeconds: scaled(4, 120),
    dataPerSecond: scaled(100, 300),
    beforeSeconds: scaled(1, 20),
    warmUpSeconds: scaled(0.5, 10),
    seed: SEED,
  });
  console.log(
    `sent in ${sendSeconds.toFixed(1)} s\n${figures('before', before)}\n${figures('during', during)}\n${JSON.stringify(phones)}`,
  );
  const { queued, options, ...rest } = accounts.phones;
  expect(queued).toBe(SESSIONS);
  expect(accounts.api).toEqual(accounts.phones);
  expect(accounts.store).toEqual(accounts.phones);
  expect(accounts.metrics).toEqual({ queued, ...rest });
  // A machine that is slow makes users late, and then they are told so: nobody is lost.
  expect(rest.sent).toBe(SESSIONS);
  expect(rest.answered + phones.refused + phones.silent).toBe(SESSIONS);
  expect(Object.values(options ?? {}).reduce((sum, one) => sum + one, 0)).toBe(rest.answered);
  expect(phones.afterAcknowledgement).toBe(0);
  expect(phones.surprises).toEqual([]);
  expect(strays).toEqual([]);
  expect([...before.wrong, ...during.wrong]).toEqual([]);
});

function figures(name: string, { medianMicros, p99Micros, answered, gatewayShare }: Period): string {
  const millis = (micros: number): string => (micros / 1000).toFixed(1);
  return `${name}: p50 ${millis(medianMicros)}, p99 ${millis(p99Micros)} ms of ${answered}; gateway ${(gatewayShare * 100).toFixed(0)} % of a processor`;
}
