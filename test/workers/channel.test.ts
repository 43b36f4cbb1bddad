/** Questions between processes: every one ends, by its answer, by time, or with the other side. */
import { expect, test } from '@jest/globals';
import { pipe } from './lines.ts';

interface Echo {
  echo(value: unknown): Promise<unknown>;
  never(): Promise<void>;
  fail(): Promise<void>;
}

const ECHO: Echo = {
  echo: async (value) => value,
  never: () => new Promise(() => {}),
  fail: async () => {
    throw Object.assign(new Error('wv:alice@example said something'), { code: 'ENOSPC' });
  },
};

test('Maps, Sets and bytes cross, both ways and at once', async () => {
  const { primary, worker } = pipe();
  primary.serve<Echo>('echo', ECHO);
  worker.serve<Echo>('echo', ECHO);
  const values = [new Map([['a', new Set([1])]]), Uint8Array.of(1, 2), undefined, { a: undefined }];
  const there = values.map((value) => worker.remote<Echo>('echo').echo(value));
  const back = values.map((value) => primary.remote<Echo>('echo').echo(value));
  expect(await Promise.all([...there, ...back])).toEqual([...values, ...values]);
});

test('what failed on the other side is told by its code alone', async () => {
  const { primary, worker } = pipe();
  primary.serve<Echo>('echo', ECHO);
  const failed = await worker.remote<Echo>('echo').fail().catch(String);
  expect(failed).toMatch(/echo\.fail: failed \(ENOSPC\)$/);
  await expect(worker.remote<Echo>('nobody').fail()).rejects.toMatchObject({ why: 'failed', status: 503 });
});

test('what cannot cross fails at once, and the channel goes on', async () => {
  const { primary, worker } = pipe();
  primary.serve<Echo>('echo', ECHO);
  const echo = worker.remote<Echo>('echo');
  await expect(echo.echo(() => 1)).rejects.toMatchObject({ why: 'failed' });
  expect(await echo.echo(1)).toBe(1);
});

test('a question that nobody answers ends by time, and with the other side', async () => {
  const slow = pipe(20);
  slow.primary.serve<Echo>('echo', ECHO);
  await expect(slow.worker.remote<Echo>('echo').never()).rejects.toMatchObject({ why: 'timeout' });

  const { primary, worker, cut } = pipe();
  primary.serve<Echo>('echo', ECHO);
  const closed: string[] = [];
  worker.onClose(() => closed.push('told'));
  const waiting = worker.remote<Echo>('echo').never();
  cut();
  await expect(waiting).rejects.toMatchObject({ why: 'gone' });
  await expect(worker.remote<Echo>('echo').echo(1)).rejects.toMatchObject({ why: 'gone' });
  worker.onClose(() => closed.push('told later'));
  expect(closed).toEqual(['told', 'told later']);
});
