/** A subscriber's number is believed from the addresses that are listed, and nobody else gets one through to a VASP. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { SubscriberNumbers } from '../../gateway/http/subscriber-number.ts';
import { createPassThrough, DEFAULT_PASS_THROUGH_LIMITS } from '../../gateway/upstream/pass-through.ts';
import { answerOf, FakeVasp } from '../upstream/fake-vasp.ts';
import { countingMetrics, type Rig, silentLog, startRig } from './doubles.ts';
import { RawClient } from './raw-client.ts';

const HEADERS = ['MSISDN', 'X-Network-MSISDN', 'X-A-Header-With-A-Name-Of-More-Than-32-Letters'];
const request = (target: string, ...headers: readonly string[]): string =>
  `${[`POST ${target} HTTP/1.1`, 'Host: a', ...headers, 'Content-Length: 2'].join('\r\n')}\r\n\r\nhi`;
const FORGED = [
  'Accept: x',
  'MSISDN: 4917',
  'x-network-msisdn: 4917',
  'Msisdn: 4918',
  'MSISDN-Type: y',
  'X-A-Header-With-A-Name-Of-More-Than-32-Letters: 4919',
];

describe('whom is believed', () => {
  const numbers = new SubscriberNumbers({
    headers: HEADERS,
    from: ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'],
  });
  test.each([
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['::1', true],
    ['127.0.0.1', false],
    ['', false],
  ])('%s: %j', (address, trusted) => {
    expect(numbers.trusts(address)).toBe(trusted);
  });

  test('nobody, where nobody is listed', () => {
    const nobody = new SubscriberNumbers({ headers: HEADERS, from: [] });
    expect(['127.0.0.1', '::1', '10.0.0.1'].map((address) => nobody.trusts(address))).toEqual([false, false, false]);
  });
});

describe('on the way to a VASP', () => {
  let rig: Rig;
  let vasp: FakeVasp | undefined;
  let client: RawClient;
  afterEach(async () => {
    client.destroy();
    await rig.server.close();
    await vasp?.stop();
  });

  async function start(from: readonly string[], opaque = false): Promise<void> {
    vasp = await FakeVasp.start((socket) => socket.end(answerOf('')));
    const proxy = createPassThrough({
      routes: [{ vasp: 'im', url: vasp.url, paths: ['/content/*'], timeoutMillis: 1_000 }],
      limits: DEFAULT_PASS_THROUGH_LIMITS,
      metrics: countingMetrics().metrics,
      log: silentLog,
    });
    rig = await startRig({
      subscriberNumber: { headers: HEADERS, from },
      ...(opaque ? { passThrough: (one, response) => proxy.handle(one, response) } : {}),
    });
    client = await RawClient.connect(rig.port);
  }

  test('a number from an address that is not listed is removed and counted, the rest goes on', async () => {
    await start(['10.0.0.0/8']);
    client.send(request('/imps', ...FORGED));
    expect((await client.answers(1))[0]?.statusCode).toBe(200);
    expect(rig.seen[0]?.headers).toEqual(['Accept', 'x', 'MSISDN-Type', 'y', 'Via', '1.1 sapgw']);
    expect(rig.counted.untrustedHeaders).toEqual(['MSISDN', 'X-Network-MSISDN', 'MSISDN', HEADERS[2]]);
    expect(rig.counted.rejects).toEqual([]);
  });

  test('a number from a listed address goes on as it is', async () => {
    await start(['127.0.0.0/8']);
    client.send(request('/imps', ...FORGED));
    await client.answers(1);
    const sent = FORGED.flatMap((line) => line.split(': '));
    expect(rig.seen[0]?.headers).toEqual([...sent, 'Via', '1.1 sapgw']);
    expect(rig.counted.untrustedHeaders).toEqual([]);
  });

  test.each([
    ['removed from a stranger', [], []],
    ['kept from a proxy', ['127.0.0.1'], ['MSISDN: 4917']],
  ])('of an opaque request it is %s', async (_name, from, expected) => {
    await start(from, true);
    client.send(request('/content/1', 'MSISDN: 4917', 'Accept: x'));
    await client.answers(1);
    const head = vasp?.requests[0]?.split('\r\n') ?? [];
    expect(head.filter((line) => /^(msisdn|accept)/i.test(line))).toEqual([...expected, 'Accept: x']);
  });
});
