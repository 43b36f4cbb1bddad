/**
 * The rig of these tests itself, with what needs no Redis: the traffic before one node on its disk, through the balancer of
 * the deployment example, and the network that can be bad.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { temporaryFolder } from '../main/running.ts';
import { Balancer, describeWithHaproxy } from './balancer.ts';
import { FaultProxy } from './fault-proxy.ts';
import { type GatewayNode, startNodes, stopNodes } from './nodes.ts';
import { Traffic, trafficPolicies } from './traffic.ts';

const SEED = Number(process.env.CLUSTER_SEED ?? 20_040_701);

let nodes: readonly GatewayNode[] = [];
let vasp: MailboxVasp | undefined;
let balancer: Balancer | undefined;
afterAll(async () => {
  await balancer?.stop();
  await stopNodes(nodes);
  await vasp?.close();
});

describeWithHaproxy('the traffic', () => {
  test(`traffic through the balancer to one node: every answer is as it must be (seed ${SEED})`, async () => {
    vasp = await MailboxVasp.listen();
    const directory = temporaryFolder();
    nodes = await startNodes({
      directory,
      count: 1,
      policies: trafficPolicies('on-change'),
      vasps: { im: { url: vasp.url, domain: 'im.example' } },
      store: `lmdb:${directory}/data`,
    });
    balancer = await Balancer.before(nodes, directory);
    const traffic = new Traffic({
      port: balancer.port,
      vasp,
      perSecond: 300,
      people: { visitors: 40, writers: 20, fetchers: 20 },
      seed: SEED,
      isTolerant: false,
      asksAlways: false,
    });
    await traffic.begin();
    await traffic.goOn(1_000);
    const { wrong, sent, kept } = await traffic.end();
    expect(wrong).toEqual([]);
    expect(sent).toBeGreaterThan(50);
    expect(kept).toBeGreaterThan(10);
    expect(await nodes[0]?.stop()).toBe(0);
  });
});

test('the bad network hands on, late, after a pause, and breaks', async () => {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const proxy = await FaultProxy.to((echo.address() as AddressInfo).port);
  const socket = connect(proxy.port, '127.0.0.1');
  const asked = async (text: string): Promise<string> => {
    const answer = once(socket, 'data');
    socket.write(text);
    return String((await answer)[0]);
  };
  expect(await asked('at once')).toBe('at once');
  proxy.delayMillis = 40;
  const began = performance.now();
  expect(await asked('late')).toBe('late');
  // Both ways, less what a timer may be early.
  expect(performance.now() - began).toBeGreaterThan(75);
  proxy.delayMillis = 0;
  proxy.pause();
  const answer = asked('held');
  expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 60, 'nothing'))])).toBe('nothing');
  proxy.resume();
  expect(await answer).toBe('held');
  const broken = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
  proxy.refuse();
  expect((await broken)[0].code).toBe('ECONNRESET');
  await proxy.close();
  echo.close();
});
