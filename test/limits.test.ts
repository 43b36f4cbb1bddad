/** The table of limits in gateway/README.md names metrics that the program has, and memories that make room are counted. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MemoryWaitingSessions } from '../gateway/chain/conversation/waiting-sessions.ts';
import { MemoryNegotiations } from '../gateway/chain/negotiation-memory.ts';
import { createClock, secretsOf, TEST_KEY } from './transcripts/rig.ts';

const ROOT = join(import.meta.dirname, '..', 'gateway');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('sandbox'))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');

describe('the table of limits', () => {
  const [, section = ''] = /\n### Limits\n([\s\S]*?)\n##/.exec(README) ?? [];
  const rows = section.split('\n').filter((line) => /^\| (?!limit )/.test(line));
  const metrics = rows.map((row) => [...(row.split('|')[4] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));

  test('has a metric for each', () => {
    expect(rows.length).toBeGreaterThan(20);
    for (const [index, names] of metrics.entries()) {
      expect([rows[index], names.length > 0 || /metric itself/.test(rows[index] ?? '')]).toEqual([rows[index], true]);
    }
  });

  test.each([...new Set(metrics.flat())])('%s is one of the program', (name) => {
    for (const part of name.split('/')) expect(sources).toContain(`'${part}'`);
  });
});

describe('what makes room is counted', () => {
  const clock = createClock(0);
  const secrets = secretsOf(TEST_KEY);

  test('used answers', async () => {
    const evicted: string[] = [];
    const memory = new MemoryNegotiations(
      clock,
      1,
      () => {},
      (name) => evicted.push(name),
    );
    await memory.claim(['1', '2', '3', '4', '5']);
    expect(evicted).toEqual(['used-answers']);
  });

  test('conversations', async () => {
    const evicted: string[] = [];
    const waiting = new MemoryWaitingSessions(clock, secrets, 1, (name) => evicted.push(name));
    const session = { windowKey: 'a', expiresAt: 1_000 } as Parameters<MemoryWaitingSessions['open']>[0];
    await waiting.open(session);
    await waiting.open({ ...session, windowKey: 'b' });
    expect(evicted).toEqual(['conversations']);
  });
});
