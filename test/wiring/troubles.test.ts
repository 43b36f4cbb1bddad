/** What an operator reads of work that fails again and again. */
import { beforeEach, expect, test } from '@jest/globals';
import { StoreWriteError } from '../../gateway/errors.ts';
import type { Log } from '../../gateway/ports.ts';
import { reportedOnce, TroublesOfShares } from '../../gateway/wiring/troubles.ts';

let lines: string[] = [];
const log: Log = {
  info: () => {},
  warn: () => {},
  error: (event, fields) => void lines.push(`${event} ${fields?.code}`),
};
const fails = async (): Promise<never> => {
  throw new StoreWriteError('ECONNREFUSED');
};
const works = async (): Promise<void> => {};

beforeEach(() => {
  lines = [];
});

test('a trouble is told when it begins, and again when it begins again', async () => {
  const run = reportedOnce(log);
  for (const work of [works, fails, fails, fails, works, works, fails]) await run('it fails', work);
  await run('another thing fails', fails);
  expect(lines).toEqual(['it fails ECONNREFUSED', 'it fails ECONNREFUSED', 'another thing fails ECONNREFUSED']);
});

test('one share tells for all that have it, until none has it', async () => {
  const troubles = new TroublesOfShares(log);
  const [one, two] = [troubles.of(1), troubles.of(2)];
  await one('it fails', fails);
  await two('it fails', fails);
  await one('it fails', works);
  await one('it fails', fails);
  expect(lines).toHaveLength(1);
  await one('it fails', works);
  await two('it fails', works);
  await two('it fails', fails);
  expect(lines).toHaveLength(2);
});

test('a share that is given up has no trouble any more', async () => {
  const troubles = new TroublesOfShares(log);
  await troubles.of(1)('it fails', fails);
  troubles.end(1);
  await troubles.of(1)('it fails', fails);
  expect(lines).toHaveLength(2);
});
