/** Figures of several processes as one: summed, and never falling because a process is gone. */
import { expect, test } from '@jest/globals';
import { openMetrics } from '../../gateway/admin/metrics.ts';
import { Figures } from '../../gateway/workers/figures.ts';

test('counters, histograms and gauges of all, each by its rule; of those that are gone what they counted', async () => {
  const primary = openMetrics();
  const workers = [openMetrics(), openMetrics()];
  let silent = 0;
  const figures = new Figures(() => silent++);
  const [a, b] = workers;
  a?.login('v', 'asked');
  b?.login('v', 'asked');
  a?.upstream('v', 0.2);
  b?.upstream('v', 3);
  a?.connections('clients', 3);
  b?.connections('clients', 4);
  a?.vaspUp('v', true);
  b?.vaspUp('v', false);
  primary.sessions('v', 7);
  const counting = workers.map((one, index) => ({
    pid: index,
    figures: async () => structuredClone(await one.snapshot()),
  }));
  const text = async (): Promise<readonly string[]> =>
    (await primary.scrape(await figures.gather(counting))).text.split('\n');
  const all = await text();
  expect(all).toContain('sapgw_logins_total{vasp="v",outcome="asked"} 2');
  expect(all).toContain('sapgw_upstream_duration_seconds_count{vasp="v"} 2');
  expect(all).toContain('sapgw_upstream_duration_seconds_bucket{vasp="v",le="0.25"} 1');
  expect(all).toContain('sapgw_connections{listener="clients"} 7');
  expect(all).toContain('sapgw_vasp_up{vasp="v"} 0');
  expect(all).toContain('sapgw_sessions{vasp="v"} 7');

  counting.pop();
  figures.left(1);
  const left = await text();
  expect(left).toContain('sapgw_logins_total{vasp="v",outcome="asked"} 2');
  expect(left).toContain('sapgw_upstream_duration_seconds_count{vasp="v"} 2');
  expect(left).toContain('sapgw_connections{listener="clients"} 3');

  a?.login('v', 'asked');
  figures.left(0, await a?.snapshot());
  counting.pop();
  expect(await text()).toContain('sapgw_logins_total{vasp="v",outcome="asked"} 3');

  counting.push({ pid: 5, figures: () => Promise.reject(new RangeError('gone')) });
  expect(await text()).toContain('sapgw_logins_total{vasp="v",outcome="asked"} 3');
  expect(silent).toBe(1);
});
