/** A VASP that answers as a test says, and the pools that speak to it: one of each, made anew by every test. */
import type { Socket } from 'node:net';
import { afterEach } from '@jest/globals';
import type { UpstreamResult } from '../../gateway/ports.ts';
import {
  createUpstream,
  DEFAULT_VASP_LIMITS,
  type UpstreamPools,
  type VaspEndpoint,
} from '../../gateway/upstream/pool.ts';
import { type Counted, countingMetrics } from '../http/doubles.ts';
import { FakeVasp } from './fake-vasp.ts';

export let vasp: FakeVasp;
export let upstream: UpstreamPools;
export let counted: Counted;

export async function start(
  answer: (socket: Socket, request: string, vasp: FakeVasp) => void,
  settings: Partial<VaspEndpoint> = {},
  path = '/',
  now?: () => number,
): Promise<void> {
  vasp = await FakeVasp.start(answer);
  counted = countingMetrics();
  upstream = createUpstream(
    [{ ...DEFAULT_VASP_LIMITS, name: 'im', url: vasp.url + path, ...settings }],
    counted.metrics,
    now,
  );
}

export const REQUEST = {
  target: '/imps?x=1',
  contentType: 'text/xml',
  headers: [] as string[],
  body: Buffer.from('hello'),
};
export const send = (request: Partial<typeof REQUEST> = {}): Promise<UpstreamResult> =>
  upstream.send('im', { ...REQUEST, ...request });

afterEach(async () => {
  await vasp.stop();
  await upstream.close();
});
