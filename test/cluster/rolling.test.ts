/**
 * Two nodes on one Redis behind the balancer of the deployment example are stopped and started in turn under traffic, and
 * nobody notices: no request fails, nobody is asked twice, no message is lost or comes twice [reliability §7 G1]. 20 restarts
 * under 500 requests a second before a release.
 */
import { afterAll, expect, test } from '@jest/globals';
import { compiled } from '../bench/programs.ts';
import { MailboxVasp } from '../load/mailbox-vasp.ts';
import { temporaryFolder } from '../main/running.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../redis-server.ts';
import { isNightly, scaled } from '../scale.ts';
import { Balancer, describeWithHaproxy } from './balancer.ts';
import { type GatewayNode, startNodes, stopNodes } from './nodes.ts';
import { Traffic, trafficPolicies } from './traffic.ts';

const SEED = Number(process.env.CLUSTER_SEED ?? 20_040_701);
const RESTARTS = scaled(2, 20);
const PER_SECOND = scaled(150, 500);
/** Between two restarts, so that a node serves for a while before the other goes. */
const REQUESTS_BETWEEN = scaled(150, 3_000);

let redis: RedisServer | undefined;
let vasp: MailboxVasp | undefined;
let nodes: readonly GatewayNode[] = [];
let balancer: Balancer | undefined;
afterAll(async () => {
  await balancer?.stop();
  await stopNodes(nodes);
  await vasp?.close();
  await redis?.stop();
});

describeWithHaproxy('rolling restarts', () => {
  describeWithRedis('rolling restarts', () => {
    test(`${RESTARTS} restarts under ${PER_SECOND} requests a second, and nobody notices (seed ${SEED})`, async () => {
      redis = await startRedis();
      vasp = await MailboxVasp.listen();
      const directory = temporaryFolder();
      nodes = await startNodes({
        directory,
        count: 2,
        policies: trafficPolicies('on-change'),
        vasps: { im: { url: vasp.url, domain: 'im.example' } },
        store: redis.url(),
        // From its sources a node takes seconds of two cores to start, which the traffic needs.
        ...(isNightly ? { program: compiled('gateway/cli/sapgw.ts') } : {}),
        settings: { limits: { linger: '3s', drain: '10s' } },
      });
      balancer = await Balancer.before(nodes, directory);
      const traffic = new Traffic({
        port: balancer.port,
        vasp,
        perSecond: PER_SECOND,
        people: { visitors: scaled(40, 200), writers: scaled(20, 80), fetchers: scaled(20, 80) },
        seed: SEED,
        isTolerant: false,
        asksAlways: false,
      });
      await traffic.begin();
      const statuses: unknown[] = [];
      for (let restart = 0; restart < RESTARTS; restart++) {
        const node = nodes[restart % nodes.length];
        await traffic.goOn(REQUESTS_BETWEEN);
        statuses.push(await node?.stop());
        await node?.start();
      }
      await traffic.goOn(REQUESTS_BETWEEN);
      const { perSecond, requests } = traffic;
      const { wrong, sent, kept } = await traffic.end();
      if (isNightly || process.env.CLUSTER_FIGURES !== undefined) {
        const waited = traffic.longestWait().millis.toFixed(0);
        console.info(
          `${requests} requests, ${perSecond.toFixed(0)}/s, longest ${waited} ms; ${sent} messages, ${kept} kept`,
        );
      }
      expect(wrong).toEqual([]);
      expect(statuses).toEqual(statuses.map(() => 0));
      expect(kept).toBeGreaterThan(RESTARTS);
    });
  });
});
