/**
 * A gateway process under traffic that breaks off and policies that change, for long: after a collection of garbage the heap
 * stays what it was, and so do sockets, timers and file descriptors when it is quiet again [reliability §7 F2]. Some seconds
 * in every run; before a release 45 minutes, or SOAK_MINUTES, where the heap may rise by 1 MB in ten minutes.
 */
import { afterAll, expect, test } from '@jest/globals';
import { slope } from '../bench/statistics.ts';
import { temporaryFolder } from '../main/running.ts';
import { isNightly, scaled } from '../scale.ts';
import { GatewayProcess } from './gateway-process.ts';
import type { Held } from './probe.ts';
import { SOAK_LIMITS, soakPolicies, startSoak } from './soak.ts';
import { LoadVasp } from './vasp.ts';

const SEED = Number(process.env.LOAD_SEED ?? 45_000);
const SECONDS = process.env.SOAK_MINUTES === undefined ? scaled(4, 45 * 60) : Number(process.env.SOAK_MINUTES) * 60;
/** Caches fill, hot code is compiled: what that takes is taken once. */
const WARM_UP_SECONDS = scaled(3, 180);
const SAMPLE_SECONDS = scaled(5, 60);
const PHONES = 12;
const MEGABYTE = 2 ** 20;
/** A short run is too short for a slope: this much may be late garbage and code compiled late. */
const SHORT_RUN_BYTES = 4 * MEGABYTE;
const SLOPE_BYTES_PER_SECOND = MEGABYTE / 600;

let gateway: GatewayProcess;
let vasp: LoadVasp;
afterAll(async () => {
  await gateway?.stop();
  await vasp?.close();
});

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What the process holds when nothing is under way: sockets close a little after the last answer. */
async function quiet(wanted: (held: Held) => boolean): Promise<Held> {
  for (let attempt = 0; ; attempt += 1) {
    vasp.closeIdle();
    const held = await gateway.held();
    if (wanted(held) || attempt === 40) return held;
    await sleep(0.25);
  }
}

const sockets = ({ resources }: Held): number => resources.TCPSocketWrap ?? 0;

test(`${SECONDS} s of traffic, aborts and reloads leave nothing behind (seed ${SEED})`, async () => {
  vasp = await LoadVasp.listen(10);
  gateway = await GatewayProcess.start({
    directory: temporaryFolder(),
    vaspUrl: vasp.url,
    policies: soakPolicies(1),
    limits: SOAK_LIMITS,
    exposesGc: true,
  });

  const warmUp = startSoak(gateway, SEED, PHONES);
  await sleep(WARM_UP_SECONDS);
  await warmUp.stop();
  const before = await quiet((held) => sockets(held) === 0);

  const traffic = startSoak(gateway, SEED + 1, PHONES);
  const [at, heap]: [number[], number[]] = [[], []];
  for (let second = 0; second < SECONDS; second += SAMPLE_SECONDS) {
    await sleep(Math.min(SAMPLE_SECONDS, SECONDS - second));
    at.push(second);
    heap.push((await gateway.held()).heapBytes);
  }
  await traffic.stop();
  const after = await quiet((held) => sockets(held) === 0 && held.descriptors <= before.descriptors);

  expect([...warmUp.surprises, ...traffic.surprises]).toEqual([]);
  expect(traffic.counts.sessions).toBeGreaterThan(10);
  expect(traffic.counts.aborted).toBeGreaterThan(10);
  expect(traffic.counts.reloads).toBeGreaterThan(3);
  expect(sockets(after)).toBe(0);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(after.resources).toEqual(before.resources);
  expect(after.heapBytes - before.heapBytes).toBeLessThan(SHORT_RUN_BYTES + SECONDS * SLOPE_BYTES_PER_SECOND);
  if (isNightly) expect(slope(at, heap)).toBeLessThanOrEqual(SLOPE_BYTES_PER_SECOND);
  expect(await gateway.stop()).toBe(0);
});
