/**
 * Generated smuggling attempts [reliability A2]: whatever a client sends, the requests that the VASP reads are the ones that
 * were answered, each is one that stands in the client's bytes when they are read by the letter, and nothing else arrives.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EdgeRig, startEdgeRig } from '../http/edge-rig.ts';
import { readRequests, type StrictRequest, valuesOf } from '../http/strict-http.ts';
import { markerOf, StrictVasp } from '../http/strict-vasp.ts';
import { randomFractions } from '../random.ts';
import { scaled } from '../scale.ts';
import { attemptOf, inSegments, type Random } from './smuggling.ts';

const ATTEMPTS = scaled(20_000, 200_000);
const SEED = Number(process.env.TEST_SEED ?? 20261122);
const AT_ONCE = 128;
const STUCK_MILLIS = 8_000;

let vasp: StrictVasp;
let rig: EdgeRig;
beforeAll(async () => {
  vasp = await StrictVasp.start();
  rig = await startEdgeRig(vasp.url);
});
afterAll(async () => {
  await rig.stop();
  await vasp.stop();
});

/** What one connection came to: markers of the answered requests; undefined when it neither answered nor closed. */
function send(segments: readonly string[], answers: number): Promise<string[] | undefined> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port: rig.port, host: '127.0.0.1', noDelay: true });
    const seen = () => [...received.matchAll(/^X-Seen: (.*)\r$/gm)].map(([, marker = '']) => marker);
    const timer = setTimeout(() => finish(undefined), STUCK_MILLIS);
    const finish = (outcome: string[] | undefined): void => {
      clearTimeout(timer);
      socket.resetAndDestroy();
      resolve(outcome);
    };
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (answers > 0 && seen().length >= answers) finish(seen());
    });
    socket.on('error', () => {});
    socket.on('close', () => finish(seen()));
    socket.on('end', () => finish(seen()));
    const write = (index: number): void => {
      const segment = segments[index];
      if (segment === undefined || socket.destroyed) return;
      socket.write(segment, 'latin1');
      setImmediate(() => write(index + 1));
    };
    write(0);
    // Nothing in it is a whole request: there is nothing to wait for once all of it was taken.
    if (answers === 0) socket.end();
  });
}

const originForm = (target: string): string => target.replace(/^https?:\/\/[^/?]*/i, '') || '/';
const reading = ({ method, target, body }: StrictRequest): string => JSON.stringify([method, originForm(target), body]);

test(
  `of ${ATTEMPTS} attempts none gets a request to the VASP that was not accepted (seed ${SEED})`,
  async () => {
    const random: Random = randomFractions(SEED);
    /** By marker, what the clients' bytes mean when they are read by the letter. */
    const meant = new Map<string, Set<string>>();
    const accepted: string[] = [];
    const stuck: string[] = [];
    let next = 0;
    let fullyAccepted = 0;
    const worker = async (): Promise<void> => {
      while (next < ATTEMPTS) {
        const bytes = attemptOf(random, next++);
        const segments = inSegments(random, bytes);
        const requests = readRequests(bytes);
        for (const request of requests) {
          const marker = markerOf(request);
          const readings = meant.get(marker) ?? new Set();
          meant.set(marker, readings.add(reading(request)));
        }
        const outcome = await send(segments, requests.length);
        if (outcome === undefined) stuck.push(bytes);
        else accepted.push(...outcome);
        if (requests.length > 0 && outcome?.length === requests.length) fullyAccepted++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(stuck).toEqual([]);
    expect(vasp.violations).toEqual([]);
    expect(vasp.requests.map(markerOf).toSorted()).toEqual(accepted.toSorted());
    const notMeant = vasp.requests.filter((request) => meant.get(markerOf(request))?.has(reading(request)) !== true);
    expect(notMeant).toEqual([]);
    const unclear = vasp.requests.filter(
      ({ headers }) => valuesOf(headers, 'content-length').length + valuesOf(headers, 'transfer-encoding').length > 1,
    );
    expect(unclear).toEqual([]);
    // The attempts are of both kinds: a gate that refused everything would prove nothing.
    expect(fullyAccepted).toBeGreaterThan(ATTEMPTS / 20);
    expect(accepted.length).toBeLessThan(ATTEMPTS * 2);
  },
  scaled(240_000, 7_200_000),
);
